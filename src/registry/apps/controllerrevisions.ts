import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid, required } from '../../meta/field-error.ts';
import { parseGroupVersion } from '../../meta/object.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

function dataErrors(data: unknown): FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')];
  return typeof data === 'object' && !Array.isArray(data)
    ? []
    : [required('data', 'data must be a valid JSON object')];
}

/** apps/v1 ControllerRevision (pkg/registry/apps/controllerrevision/strategy.go). */
export const controllerrevisions: Strategy = {
  validate: (object) => [...nonNegative(object['revision'] ?? 0, 'revision'), ...dataErrors(object['data'])],
  validateUpdate: (object, old) => [
    ...nonNegative(object['revision'] ?? 0, 'revision'),
    ...(deepEqual(object['data'], old['data'])
      ? []
      : [invalid('data', object['data'] ?? null, 'field is immutable')]),
  ],
  row(object, now) {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
    const group = owner && parseGroupVersion(owner.apiVersion)?.group;
    const controller = owner ? `${owner.kind}${group ? `.${group}` : ''}`.toLowerCase() : undefined;
    return [
      object.metadata.name ?? '',
      owner ? `${controller}/${owner.name}` : '<none>',
      object['revision'] ?? 0,
      age(object, now),
    ];
  },
};
