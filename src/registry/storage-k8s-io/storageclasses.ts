import { deepEqual } from '../../meta/deep-equal.ts';
import { child, duplicate, type FieldError, index, notSupported, required } from '../../meta/field-error.ts';
import { labelNameErrors } from '../../meta/label-selector.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { immutable } from '../field-validation.ts';
import { deprecatedNodeLabel } from '../node-labels.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { parametersErrors, provisionerErrors } from './parameters.ts';

const MODES = ['Immediate', 'WaitForFirstConsumer'];
const DEFAULT_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function topologyErrors(terms: readonly Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const before: Record<string, string[]>[] = [];
  terms.forEach((term, i) => {
    const found: Record<string, string[]> = {};
    const at = child(index(path, i), 'matchLabelExpressions');
    ((term['matchLabelExpressions'] ?? []) as Fields[]).forEach((requirement, j) => {
      const values: string[] = requirement['values'] ?? [];
      const here = index(at, j);
      if (!values.length) errors.push(required(child(here, 'values')));
      values.forEach((value, k) => {
        if (values.indexOf(value) < k) errors.push(duplicate(index(child(here, 'values'), k), value));
      });
      const name: string = requirement['key'] ?? '';
      errors.push(...labelNameErrors(name, child(here, 'key')));
      if (name in found) errors.push(duplicate(child(here, 'key'), name));
      found[name] = [...new Set(values)].sort();
    });
    if (before.some((other) => deepEqual(other, found))) errors.push(duplicate(at, ''));
    before.push(found);
  });
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const errors = [
    ...provisionerErrors(object['provisioner'] ?? '', 'provisioner'),
    ...parametersErrors(object['parameters'], true, 'parameters'),
  ];
  const policy = object['reclaimPolicy'];
  if (policy && policy !== 'Delete' && policy !== 'Retain')
    errors.push(notSupported('reclaimPolicy', policy, ['Delete', 'Retain']));
  const mode = object['volumeBindingMode'];
  if (mode === undefined) errors.push(required('volumeBindingMode'));
  else if (!MODES.includes(mode)) errors.push(notSupported('volumeBindingMode', mode, MODES));
  return [...errors, ...topologyErrors(object['allowedTopologies'] ?? [], 'allowedTopologies')];
}

/** pkg/registry/storage/storageclass/strategy.go. */
export const storageclasses: Strategy = {
  defaults(object) {
    object['reclaimPolicy'] ??= 'Delete';
    object['volumeBindingMode'] ??= 'Immediate';
  },
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...immutable(object['parameters'] ?? {}, old['parameters'] ?? {}, 'parameters'),
    ...immutable(object['provisioner'], old['provisioner'], 'provisioner'),
    ...immutable(object['reclaimPolicy'], old['reclaimPolicy'], 'reclaimPolicy'),
    ...immutable(object['volumeBindingMode'], old['volumeBindingMode'], 'volumeBindingMode'),
  ],
  warnings: (object) =>
    ((object['allowedTopologies'] ?? []) as Fields[]).flatMap((term, i) =>
      ((term['matchLabelExpressions'] ?? []) as Fields[]).flatMap((requirement, j) => {
        const message = deprecatedNodeLabel(requirement['key'] ?? '');
        return message ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${message}`] : [];
      }),
    ),
  deleteReturnsObject: true,
  row(object, now) {
    const isDefault = DEFAULT_ANNOTATIONS.some((name) => object.metadata.annotations?.[name] === 'true');
    return [
      `${object.metadata.name ?? ''}${isDefault ? ' (default)' : ''}`,
      object['provisioner'] ?? '',
      object['reclaimPolicy'] ?? 'Delete',
      object['volumeBindingMode'] ?? 'Immediate',
      object['allowVolumeExpansion'] ?? false,
      age(object, now),
    ];
  },
};
