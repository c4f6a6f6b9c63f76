import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid, notSupported, required } from '../../meta/field-error.ts';
import {
  labelSelectorErrors,
  labelSelectorHasInvalidValue,
  matchesLabelSelector,
} from '../../meta/label-selector.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import { goMap, goSelector, goStruct } from '../core/pod/go-value.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { podTemplateErrors } from '../core/pod/template.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import { podWarnings } from '../core/pod/warnings.ts';
import {
  alwaysRunningErrors,
  collisionCountErrors,
  containerCells,
  countsErrors,
  formatSelector,
  isEmptySelector,
  keepSpec,
  prepareNewWorkload,
  prepareWorkloadUpdate,
  selectorIsBroken,
} from '../core/pod/workload.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age, formatLabels } from '../table-cells.ts';
import { countOrShare, intOrPercentErrors, notAbove100PercentErrors } from './int-or-percent.ts';
import { immutableSelectorErrors } from './selectors.ts';

/** Counts changes of the template; a field once, kept as an annotation since (pkg/apis/apps/v1/conversion.go). */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  defaultTemplate(spec);
  const update: Fields = part(spec, 'updateStrategy');
  update['type'] ||= 'RollingUpdate';
  if (update['type'] === 'RollingUpdate') {
    const rolling: Fields = part(update, 'rollingUpdate');
    rolling['maxUnavailable'] ??= 1;
    rolling['maxSurge'] ??= 0;
  }
  spec['revisionHistoryLimit'] ??= 10;
}

const templateGeneration = (object: KubeObject): number =>
  Number(object.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0) || 0;

function setTemplateGeneration(object: KubeObject, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function updateStrategyErrors(strategy: Fields): FieldError[] {
  const at = 'spec.updateStrategy';
  if (strategy['type'] === 'OnDelete') return [];
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
    return [notSupported(at, shown, ['RollingUpdate', 'OnDelete'])];
  }
  const rolling: Fields | undefined = strategy['rollingUpdate'];
  if (!rolling) return [required(`${at}.rollingUpdate`)];
  const errors: FieldError[] = [];
  for (const check of [intOrPercentErrors, notAbove100PercentErrors])
    for (const name of ['maxUnavailable', 'maxSurge'])
      add(errors, check(rolling[name], `${at}.rollingUpdate.${name}`));
  const unavailable = countOrShare(rolling['maxUnavailable']) !== 0;
  const surge = countOrShare(rolling['maxSurge']) !== 0;
  if (unavailable && surge)
    errors.push(
      invalid(
        `${at}.rollingUpdate.maxSurge`,
        rolling['maxSurge'],
        'may not be set when maxUnavailable is non-zero',
      ),
    );
  else if (!unavailable && !surge)
    errors.push(required(`${at}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

function specErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const selector: Fields | undefined = spec['selector'];
  const template: Fields = spec['template'];
  const labels = template['metadata']?.labels;
  const errors = labelSelectorErrors(selector, 'spec.selector', options.allowInvalidLabelValueInSelector);
  if (!selectorIsBroken(selector) && !matchesLabelSelector(selector, labels))
    errors.push(
      invalid('spec.template.metadata.labels', goMap(labels), '`selector` does not match template `labels`'),
    );
  if (selector && isEmptySelector(selector))
    errors.push(invalid('spec.selector', goSelector(selector), 'empty selector is invalid for daemonset'));
  add(errors, podTemplateErrors(template, 'spec.template', options));
  add(errors, alwaysRunningErrors(template['spec'], 'spec.template.spec', 'DaemonSet'));
  add(errors, nonNegative(spec['minReadySeconds'] ?? 0, 'spec.minReadySeconds'));
  add(errors, updateStrategyErrors(spec['updateStrategy']));
  add(errors, nonNegative(spec['revisionHistoryLimit'] ?? 0, 'spec.revisionHistoryLimit'));
  return errors;
}

/** apps/v1 DaemonSet (pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/validation). */
export const daemonsets: Strategy = {
  defaults,
  prepareForCreate(object) {
    prepareNewWorkload(object);
    setTemplateGeneration(object, Math.max(1, templateGeneration(object)));
  },
  prepareForUpdate(object, old) {
    prepareWorkloadUpdate(object, old);
    const changed = !deepEqual(object['spec'].template, old['spec'].template);
    setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate: (object, context) =>
    specErrors(object['spec'], templateValidationOptions(context.options.allowPrivileged)),
  validateUpdate(object, old, context) {
    const options = templateValidationOptions(context.options.allowPrivileged, old['spec'].template);
    if (labelSelectorHasInvalidValue(old['spec'].selector)) options.allowInvalidLabelValueInSelector = true;
    return [...immutableSelectorErrors(object, old), ...specErrors(object['spec'], options)];
  },
  warnings(object, old) {
    if (old && templateGeneration(object) === templateGeneration(old)) return [];
    return podWarnings(object['spec'].template.spec, object['spec'].template.metadata, 'spec.template');
  },
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(object, old) {
      const status: Fields = object['status'] ?? {};
      const counts = [
        'currentNumberScheduled',
        'numberMisscheduled',
        'desiredNumberScheduled',
        'numberReady',
        'observedGeneration',
        'updatedNumberScheduled',
        'numberAvailable',
        'numberUnavailable',
        'collisionCount',
      ];
      return [
        ...countsErrors(status, counts, 'status'),
        ...collisionCountErrors(status, old['status'] ?? {}),
      ];
    },
  },
  row(object, now) {
    const { spec, status } = object;
    const counts = [
      'desiredNumberScheduled',
      'currentNumberScheduled',
      'numberReady',
      'updatedNumberScheduled',
      'numberAvailable',
    ];
    return [
      object.metadata.name ?? '',
      ...counts.map((name) => status?.[name] ?? 0),
      formatLabels(spec?.template?.spec?.nodeSelector),
      age(object, now),
      ...containerCells(spec?.template),
      formatSelector(spec?.selector),
    ];
  },
};
