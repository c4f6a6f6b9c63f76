import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../../meta/field-error.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { nameIsDnsLabel } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { annotationsErrors, labelsErrors } from '../../meta/object-meta-validation.ts';
import { claimSpecErrors } from '../core/claim-spec.ts';
import { podAnnotationsErrors } from '../core/pod/annotations.ts';
import { add } from '../core/pod/faults.ts';
import { type GoShape, goSelector, goStruct } from '../core/pod/go-value.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { podTemplateErrors } from '../core/pod/template.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import { claimWarnings } from '../core/pod/warnings.ts';
import {
  alwaysRunningErrors,
  collisionCountErrors,
  containerCells,
  countsErrors,
  isEmptySelector,
  keepSpec,
  notAboveErrors,
  prepareNewWorkload,
  prepareWorkloadUpdate,
  selectionErrors,
  selectorIsBroken,
  templateWarnings,
} from '../core/pod/workload.ts';
import { dns1123Label, nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { countOrShare, intOrPercentErrors, notAbove100PercentErrors } from './int-or-percent.ts';

const ROLLING_UPDATE: GoShape = [
  ['Partition', 'partition', 0],
  ['MaxUnavailable', 'maxUnavailable', null],
];
const UPDATE_STRATEGY: GoShape = [
  ['Type', 'type', ''],
  ['RollingUpdate', 'rollingUpdate', null, ROLLING_UPDATE],
];
const CHANGEABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
];

function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  defaultTemplate(spec);
  spec['podManagementPolicy'] ||= 'OrderedReady';
  const update: Fields = part(spec, 'updateStrategy');
  if (!update['type']) {
    update['type'] = 'RollingUpdate';
    update['rollingUpdate'] ??= {};
  }
  if (update['type'] === 'RollingUpdate' && update['rollingUpdate']) update['rollingUpdate'].partition ??= 0;
  const retention: Fields = part(spec, 'persistentVolumeClaimRetentionPolicy');
  retention['whenDeleted'] ||= 'Retain';
  retention['whenScaled'] ||= 'Retain';
  spec['replicas'] ??= 1;
  spec['revisionHistoryLimit'] ??= 10;
  for (const claim of spec['volumeClaimTemplates'] ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {};
    claim.spec ??= {};
    claim.spec.volumeMode ??= 'Filesystem';
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }
}

/** MaxUnavailableStatefulSet is off: the field is dropped, unless it is stored already. */
function dropDisabled(object: KubeObject, old?: KubeObject): void {
  const rolling: Fields | undefined = object['spec'].updateStrategy?.rollingUpdate;
  if (rolling && old?.['spec'].updateStrategy?.rollingUpdate?.maxUnavailable === undefined)
    delete rolling['maxUnavailable'];
}

interface Leniency {
  serviceName: boolean;
  template: boolean;
  claims: boolean;
}

const STRICT: Leniency = { serviceName: false, template: false, claims: false };

function specErrors(spec: Fields, options: PodValidationOptions, lenient: Leniency): FieldError[] {
  const errors: FieldError[] = [];
  const policy: string = spec['podManagementPolicy'] ?? '';
  if (policy === '') errors.push(required('spec.podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    errors.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  add(errors, updateStrategyErrors(spec['updateStrategy']));
  for (const when of ['whenDeleted', 'whenScaled']) {
    const retention: string = spec['persistentVolumeClaimRetentionPolicy']?.[when] ?? '';
    if (retention !== 'Retain' && retention !== 'Delete')
      errors.push(
        notSupported(`spec.persistentVolumeClaimRetentionPolicy.${when}`, retention, ['Retain', 'Delete']),
      );
  }
  if (!lenient.claims) {
    spec['volumeClaimTemplates']?.forEach((claim: Fields, i: number) => {
      add(errors, claimSpecErrors(claim['spec'] ?? {}, `spec.volumeClaimTemplates[${i}].spec`));
    });
  }
  add(errors, countsErrors(spec, ['replicas', 'minReadySeconds'], 'spec'));
  if (spec['ordinals']) add(errors, nonNegative(spec['ordinals'].start ?? 0, 'spec.ordinals.start'));
  if (!lenient.serviceName && spec['serviceName'])
    add(errors, dns1123Label(spec['serviceName'], 'spec.serviceName'));
  const selector: Fields | undefined = spec['selector'];
  if (!selector) errors.push(required('spec.selector'));
  else {
    add(errors, labelSelectorErrors(selector, 'spec.selector'));
    if (isEmptySelector(selector))
      errors.push(
        invalid('spec.selector', goSelector(selector), 'empty selector is invalid for statefulset'),
      );
  }
  if (selectorIsBroken(selector)) errors.push(invalid('spec.selector', goSelector(selector), ''));
  else add(errors, templateErrors(spec, options, lenient));
  add(errors, alwaysRunningErrors(spec['template'].spec, 'spec.template.spec', 'StatefulSet'));
  return errors;
}

/** The template as each pod will have it: claims are volumes, and the names of pods are the controller's to give. */
function templateErrors(spec: Fields, options: PodValidationOptions, lenient: Leniency): FieldError[] {
  const template: Fields = spec['template'];
  const annotations = template['metadata']?.annotations;
  const podSpec: Fields = { ...template['spec'] };
  delete podSpec['hostname'];
  delete podSpec['subdomain'];
  const claims: Fields[] = spec['volumeClaimTemplates'] ?? [];
  if (claims.length) {
    const names = new Set<string>(claims.map((claim) => claim['metadata']?.name ?? ''));
    const others = (podSpec['volumes'] ?? []).filter((volume: Fields) => !names.has(volume['name'] ?? ''));
    podSpec['volumes'] = [
      ...[...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
      ...others,
    ];
  }
  return [
    ...selectionErrors(spec['selector'], template, 'spec.template'),
    ...(lenient.template ? [] : podTemplateErrors({ ...template, spec: podSpec }, 'spec.template', options)),
    ...labelsErrors(template['metadata']?.labels, 'spec.template.labels'),
    ...annotationsErrors(annotations, 'spec.template.annotations'),
    ...podAnnotationsErrors(annotations, podSpec, 'spec.template.annotations', options),
  ];
}

function updateStrategyErrors(strategy: Fields): FieldError[] {
  const at = 'spec.updateStrategy';
  const rolling: Fields | undefined = strategy['rollingUpdate'];
  switch (strategy['type'] ?? '') {
    case '':
      return [required(at)];
    case 'OnDelete':
      return rolling
        ? [
            invalid(
              `${at}.rollingUpdate`,
              goStruct(rolling, ROLLING_UPDATE),
              "only allowed for updateStrategy 'RollingUpdate'",
            ),
          ]
        : [];
    case 'RollingUpdate':
      return rolling ? rollingUpdateErrors(rolling, `${at}.rollingUpdate`) : [];
    default:
      return [invalid(at, goStruct(strategy, UPDATE_STRATEGY), "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function rollingUpdateErrors(rolling: Fields, path: string): FieldError[] {
  const errors = nonNegative(rolling['partition'] ?? 0, `${path}.partition`);
  const most = rolling['maxUnavailable'];
  if (most === undefined) return errors;
  add(errors, intOrPercentErrors(most, `${path}.maxUnavailable`));
  if (countOrShare(most) === 0) errors.push(invalid(`${path}.maxUnavailable`, most, 'cannot be 0'));
  add(errors, notAbove100PercentErrors(most, `${path}.maxUnavailable`));
  return errors;
}

function updateErrors(object: KubeObject, old: KubeObject, options: PodValidationOptions): FieldError[] {
  const lenient: Leniency = { serviceName: true, template: false, claims: true };
  // A template that is stored with faults may stay as it is.
  if (specErrors(old['spec'], options, lenient).length) lenient.template = true;
  const errors = specErrors(object['spec'], options, lenient);
  const fixed = (spec: Fields) => {
    const out: Fields = { ...spec };
    for (const name of CHANGEABLE) delete out[name];
    return out;
  };
  if (!deepEqual(fixed(object['spec']), fixed(old['spec'])))
    errors.push(
      forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    );
  return errors;
}

function warnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const all = templateWarnings(object, old);
  object['spec'].volumeClaimTemplates?.forEach((claim: Fields, i: number) => {
    all.push(...claimWarnings(claim['spec'], `spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}`));
  });
  if (object['spec'].revisionHistoryLimit < 0)
    all.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    );
  return all;
}

/** apps/v1 StatefulSet (pkg/registry/apps/statefulset/strategy.go, pkg/apis/apps/validation). */
export const statefulsets: Strategy = {
  defaults,
  prepareForCreate(object) {
    prepareNewWorkload(object);
    dropDisabled(object);
  },
  prepareForUpdate(object, old) {
    dropDisabled(object, old);
    prepareWorkloadUpdate(object, old);
  },
  validateName: nameIsDnsLabel,
  validate: (object, context) =>
    specErrors(object['spec'], templateValidationOptions(context.options.allowPrivileged), STRICT),
  validateUpdate: (object, old, context) =>
    updateErrors(
      object,
      old,
      templateValidationOptions(context.options.allowPrivileged, old['spec'].template),
    ),
  warnings,
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(object, old) {
      const status: Fields = object['status'] ?? {};
      const counts = [
        'replicas',
        'readyReplicas',
        'currentReplicas',
        'updatedReplicas',
        'availableReplicas',
        'observedGeneration',
        'collisionCount',
      ];
      const most = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
      return [
        ...countsErrors(status, counts, 'status'),
        ...notAboveErrors(status, most, 'replicas', 'status', 'cannot be greater than status.replicas'),
        ...notAboveErrors(
          status,
          ['availableReplicas'],
          'readyReplicas',
          'status',
          'cannot be greater than status.readyReplicas',
        ),
        ...collisionCountErrors(status, old['status'] ?? {}),
      ];
    },
  },
  row(object, now) {
    const { spec, status } = object;
    return [
      object.metadata.name ?? '',
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      age(object, now),
      ...containerCells(spec?.template),
    ];
  },
};
