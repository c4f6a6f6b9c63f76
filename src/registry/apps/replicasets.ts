import type { FieldError } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import {
  containerCells,
  countsErrors,
  formatSelector,
  keepSpec,
  namedTemplateWarnings,
  notAboveErrors,
  prepareNewWorkload,
  prepareWorkloadUpdate,
  selectorErrors,
  selectorIsBroken,
} from '../core/pod/workload.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { replicatedTemplateErrors } from './deployments.ts';
import { immutableSelectorErrors } from './selectors.ts';

function specErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const errors = countsErrors(spec, ['replicas', 'minReadySeconds'], 'spec');
  // kube-apiserver speaks of a deployment here too.
  add(errors, selectorErrors(spec['selector'], 'spec.selector', 'deployment', 'invalid label selector'));
  if (!selectorIsBroken(spec['selector'])) add(errors, replicatedTemplateErrors(spec, options));
  return errors;
}

/** apps/v1 ReplicaSet (pkg/registry/apps/replicaset/strategy.go, pkg/apis/apps/validation). */
export const replicasets: Strategy = {
  defaults(object) {
    const spec: Fields = part(object, 'spec');
    defaultTemplate(spec);
    spec['replicas'] ??= 1;
  },
  prepareForCreate: prepareNewWorkload,
  prepareForUpdate: (object, old) => prepareWorkloadUpdate(object, old),
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
    prepareForUpdate: keepSpec,
    validateUpdate(object) {
      const status: Fields = object['status'] ?? {};
      const counts = [
        'replicas',
        'fullyLabeledReplicas',
        'readyReplicas',
        'availableReplicas',
        'observedGeneration',
        'terminatingReplicas',
      ];
      return [
        ...countsErrors(status, counts, 'status'),
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
  row(object, now) {
    const { spec, status } = object;
    const cells = [
      object.metadata.name ?? '',
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(object, now),
    ];
    return [...cells, ...containerCells(spec?.template), formatSelector(spec?.selector)];
  },
};
