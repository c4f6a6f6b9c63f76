import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, forbidden } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { parametersErrors, provisionerErrors } from './parameters.ts';

const validate = (object: KubeObject): FieldError[] => [
  ...provisionerErrors(object['driverName'] ?? '', 'driverName'),
  ...parametersErrors(object['parameters'], false, 'parameters'),
];

/** pkg/registry/storage/volumeattributesclass/strategy.go. */
export const volumeattributesclasses: Strategy = {
  validate,
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (object['driverName'] !== old['driverName'])
      errors.push(forbidden('driverName', 'updates to driverName are forbidden.'));
    if (!deepEqual(object['parameters'] ?? {}, old['parameters'] ?? {}))
      errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
    return [...errors, ...validate(object)];
  },
  deleteReturnsObject: true,
  row: (object, now) => [object.metadata.name ?? '', object['driverName'] ?? '', age(object, now)],
};
