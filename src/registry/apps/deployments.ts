import { type FieldError, forbidden, invalid, notSupported, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import { goStruct } from '../core/pod/go-value.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { podTemplateErrors } from '../core/pod/template.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import {
  alwaysRunningErrors,
  collisionCountErrors,
  containerCells,
  countsErrors,
  keepSpec,
  namedTemplateWarnings,
  notAboveErrors,
  prepareNewWorkload,
  prepareWorkloadUpdate,
  selectionErrors,
  selectorErrors,
  selectorIsBroken,
  selectorText,
} from '../core/pod/workload.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { countOrShare, intOrPercentErrors, notAbove100PercentErrors } from './int-or-percent.ts';
import { immutableSelectorErrors } from './selectors.ts';

function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  defaultTemplate(spec);
  spec['replicas'] ??= 1;
  const strategy: Fields = part(spec, 'strategy');
  strategy['type'] ||= 'RollingUpdate';
  if (strategy['type'] === 'RollingUpdate') {
    const rolling: Fields = part(strategy, 'rollingUpdate');
    rolling['maxUnavailable'] ??= '25%';
    rolling['maxSurge'] ??= '25%';
  }
  spec['revisionHistoryLimit'] ??= 10;
  spec['progressDeadlineSeconds'] ??= 600;
}

function strategyErrors(strategy: Fields): FieldError[] {
  const rolling: Fields | undefined = strategy['rollingUpdate'];
  const at = 'spec.strategy.rollingUpdate';
  if (strategy['type'] === 'Recreate')
    return rolling ? [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (strategy['type'] !== 'RollingUpdate') {
    const shown = goStruct(strategy, [
      ['Type', 'type', ''],
      [
        'RollingUpdate',
        'rollingUpdate',
        null,
        [
          ['MaxUnavailable', 'maxUnavailable', 0],
          ['MaxSurge', 'maxSurge', 0],
        ],
      ],
    ]);
    return [notSupported('spec.strategy', shown, ['Recreate', 'RollingUpdate'])];
  }
  if (!rolling) return [required(at, 'this should be defaulted and never be nil')];
  const { maxUnavailable, maxSurge } = rolling;
  const errors = [
    ...intOrPercentErrors(maxUnavailable, `${at}.maxUnavailable`),
    ...intOrPercentErrors(maxSurge, `${at}.maxSurge`),
  ];
  if (countOrShare(maxUnavailable) === 0 && countOrShare(maxSurge) === 0)
    errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
  add(errors, notAbove100PercentErrors(maxUnavailable, `${at}.maxUnavailable`));
  return errors;
}

function specErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const errors = nonNegative(spec['replicas'] ?? 0, 'spec.replicas');
  add(errors, selectorErrors(spec['selector'], 'spec.selector', 'deployment', 'invalid label selector'));
  if (!selectorIsBroken(spec['selector'])) add(errors, replicatedTemplateErrors(spec, options));
  add(errors, strategyErrors(spec['strategy']));
  add(errors, nonNegative(spec['minReadySeconds'] ?? 0, 'spec.minReadySeconds'));
  add(errors, nonNegative(spec['revisionHistoryLimit'] ?? 0, 'spec.revisionHistoryLimit'));
  const deadline: number | undefined = spec['progressDeadlineSeconds'];
  if (deadline !== undefined) {
    add(errors, nonNegative(deadline, 'spec.progressDeadlineSeconds'));
    if (deadline <= (spec['minReadySeconds'] ?? 0))
      errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

/** The template of a Deployment or a ReplicaSet (ValidatePodTemplateSpecForReplicaSet in pkg/apis/apps/validation). */
export function replicatedTemplateErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const template: Fields = spec['template'];
  return [
    ...selectionErrors(spec['selector'], template, 'spec.template'),
    ...podTemplateErrors(template, 'spec.template', options),
    ...alwaysRunningErrors(template['spec'], 'spec.template.spec', 'ReplicaSet'),
  ];
}

/** apps/v1 Deployment (pkg/registry/apps/deployment/strategy.go, pkg/apis/apps/validation). */
export const deployments: Strategy = {
  defaults,
  prepareForCreate: prepareNewWorkload,
  // Annotations count: the controller reads them.
  prepareForUpdate: (object, old) => prepareWorkloadUpdate(object, old, true),
  validate: (object, context) =>
    specErrors(object['spec'], templateValidationOptions(context.options.allowPrivileged)),
  validateUpdate: (object, old, context) => [
    ...specErrors(
      object['spec'],
      templateValidationOptions(context.options.allowPrivileged, old['spec'].template),
    ),
    ...immutableSelectorErrors(object, old),
  ],
  warnings: namedTemplateWarnings,
  status: {
    prepareForUpdate(object, old) {
      keepSpec(object, old);
      if (old.metadata.labels) object.metadata.labels = old.metadata.labels;
      else delete object.metadata.labels;
    },
    validateUpdate(object, old) {
      const status: Fields = object['status'] ?? {};
      const counts = [
        'observedGeneration',
        'replicas',
        'updatedReplicas',
        'readyReplicas',
        'availableReplicas',
        'unavailableReplicas',
        'terminatingReplicas',
        'collisionCount',
      ];
      return [
        ...countsErrors(status, counts, 'status'),
        ...notAboveErrors(
          status,
          ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
          'replicas',
          'status',
          'cannot be greater than status.replicas',
        ),
        ...notAboveErrors(
          status,
          ['availableReplicas'],
          'readyReplicas',
          'status',
          'cannot be greater than readyReplicas',
        ),
        ...collisionCountErrors(status, old['status'] ?? {}),
      ];
    },
  },
  row(object, now) {
    const { spec, status } = object;
    const ready = `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
    const selector = selectorIsBroken(spec?.selector) ? '<invalid>' : selectorText(spec?.selector);
    const cells = [
      object.metadata.name ?? '',
      ready,
      status?.updatedReplicas ?? 0,
      status?.availableReplicas ?? 0,
      age(object, now),
    ];
    return [...cells, ...containerCells(spec?.template), selector];
  },
};
