import { child, type FieldError, index, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { conditionsErrors } from '../conditions.ts';
import { keepMetadata } from '../status-metadata.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { paramKindAccess } from './param-access.ts';
import { policyErrors } from './policy-validation.ts';
import { reservedNameWarnings } from './reserved-names.ts';
import { defaultMatchResources } from './rules.ts';

function statusErrors(object: KubeObject): FieldError[] {
  const status: Fields = object['status'] ?? {};
  const at = 'status.typeChecking.expressionWarnings';
  return [
    ...((status['typeChecking']?.expressionWarnings ?? []) as Fields[]).flatMap((warning, i) =>
      ['warning', 'fieldRef']
        .filter((name) => ((warning[name] ?? '') as string).trim() === '')
        .map((name) => required(child(index(at, i), name))),
    ),
    ...conditionsErrors(status['conditions'], 'status.conditions'),
  ];
}

function policies(mutating: boolean): Strategy {
  return {
    defaults(object) {
      const spec: Fields | undefined = object['spec'];
      if (!spec) return;
      spec['failurePolicy'] ??= 'Fail';
      defaultMatchResources(spec['matchConstraints']);
    },
    validate: (object, { expressions }) => policyErrors(object, undefined, mutating, expressions),
    validateUpdate: (object, old, { expressions }) => policyErrors(object, old, mutating, expressions),
    validateAccess: paramKindAccess,
    warnings: reservedNameWarnings,
    generation: true,
    allowUnconditionalUpdate: false,
    row(object, now) {
      const kind: Fields | undefined = object['spec']?.paramKind;
      return [
        object.metadata.name ?? '',
        object['spec']?.[mutating ? 'mutations' : 'validations']?.length ?? 0,
        kind ? `${kind['apiVersion'] ?? ''}/${kind['kind'] ?? ''}` : '<unset>',
        age(object, now),
      ];
    },
  };
}

/** pkg/registry/admissionregistration/validatingadmissionpolicy/strategy.go. */
export const validatingadmissionpolicies: Strategy = {
  ...policies(false),
  prepareForCreate(object) {
    object['status'] = {};
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
      keepMetadata(object, old);
    },
    validateUpdate: statusErrors,
  },
};

/** pkg/registry/admissionregistration/mutatingadmissionpolicy/strategy.go. */
export const mutatingadmissionpolicies: Strategy = policies(true);
