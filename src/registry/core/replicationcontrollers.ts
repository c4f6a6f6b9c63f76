import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid, notFound, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age, formatLabels } from '../table-cells.ts';
import { add } from './pod/faults.ts';
import { goMap } from './pod/go-value.ts';
import type { PodValidationOptions } from './pod/options.ts';
import { part } from './pod/part.ts';
import { defaultTemplate } from './pod/spec-defaults.ts';
import { podTemplateErrors } from './pod/template.ts';
import { templateValidationOptions } from './pod/tolerated-faults.ts';
import {
  alwaysRunningErrors,
  containerCells,
  countsErrors,
  keepSpec,
  namedTemplateWarnings,
  notAboveErrors,
  prepareNewWorkload,
  prepareWorkloadUpdate,
} from './pod/workload.ts';

const NON_CONVERTIBLE = 'non-convertible.kubernetes.io';

function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  spec['replicas'] ??= 1;
  if (!spec['template']) return;
  defaultTemplate(spec);
  const labels: Record<string, string> | undefined = spec['template'].metadata.labels;
  if (!labels) return;
  if (!spec['selector'] || Object.keys(spec['selector']).length === 0) spec['selector'] = { ...labels };
  if (!object.metadata.labels || Object.keys(object.metadata.labels).length === 0)
    object.metadata.labels = { ...labels };
}

function specErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = nonNegative(spec['minReadySeconds'] ?? 0, 'spec.minReadySeconds');
  const selector: Record<string, string> = spec['selector'] ?? {};
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  if (spec['replicas'] === undefined) errors.push(required('spec.replicas'));
  else add(errors, nonNegative(spec['replicas'], 'spec.replicas'));
  const template: Fields | undefined = spec['template'];
  if (!template) return [...errors, required('spec.template')];
  const labels: Record<string, string> = template['metadata']?.labels ?? {};
  if (Object.keys(selector).some((name) => labels[name] !== selector[name]))
    errors.push(
      invalid(
        'spec.template.metadata.labels',
        goMap(template['metadata']?.labels),
        '`selector` does not match template `labels`',
      ),
    );
  add(errors, podTemplateErrors(template, 'spec.template', options));
  add(errors, alwaysRunningErrors(template['spec'] ?? {}, 'spec.template.spec', 'ReplicationController'));
  return errors;
}

/** Fields that an old conversion could not carry over stay as they are. */
function nonConvertibleErrors(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(old.metadata.annotations ?? {}).sort()) {
    const parts = name.split('/');
    if (!name.startsWith(NON_CONVERTIBLE) || parts.length !== 2) continue;
    if (!parts[1]!.includes('selector'))
      errors.push({ ...notFound(parts[1]!, value), detail: 'unknown non-convertible field' });
    else if (!deepEqual(old['spec'].selector, object['spec'].selector))
      errors.push(
        invalid('spec.selector', goMap(object['spec'].selector), 'cannot update non-convertible selector'),
      );
  }
  return errors;
}

/** v1 ReplicationController (pkg/registry/core/replicationcontroller/strategy.go). */
export const replicationcontrollers: Strategy = {
  defaults,
  prepareForCreate: prepareNewWorkload,
  prepareForUpdate: (object, old) => prepareWorkloadUpdate(object, old),
  validate: (object, context) =>
    specErrors(object['spec'], templateValidationOptions(context.options.allowPrivileged)),
  validateUpdate: (object, old, context) => [
    ...specErrors(
      object['spec'],
      templateValidationOptions(context.options.allowPrivileged, old['spec'].template),
    ),
    ...nonConvertibleErrors(object, old),
  ],
  warnings: namedTemplateWarnings,
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(object) {
      const status: Fields = object['status'] ?? {};
      return [
        ...countsErrors(
          status,
          ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
          'status',
        ),
        ...notAboveErrors(
          status,
          ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
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
      ];
    },
  },
  selectableFields: { 'status.replicas': (object) => String(object['status']?.replicas ?? 0) },
  defaultGarbageCollection: 'Orphan',
  row(object, now) {
    const { spec, status } = object;
    const cells = [
      object.metadata.name ?? '',
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(object, now),
    ];
    return [...cells, ...containerCells(spec?.template), formatLabels(spec?.selector)];
  },
};
