import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, forbidden, invalid, key, tooLong } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import { configMapKey } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { base64Length, keysInOrder, MAX_DATA_BYTES } from './data-size.ts';

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const data: Record<string, string> = object['data'] ?? {};
  const binary: Record<string, string> = object['binaryData'] ?? {};
  let size = 0;
  for (const name of keysInOrder(data)) {
    errors.push(...configMapKey(name, key('data', name)));
    if (name in binary)
      errors.push(invalid(key('data', name), name, 'duplicate of key present in binaryData'));
    size += Buffer.byteLength(data[name] ?? '');
  }
  for (const name of keysInOrder(binary)) {
    errors.push(...configMapKey(name, key('binaryData', name)));
    size += base64Length(binary[name]);
  }
  // Go's path of an empty name prints as a nil slice.
  if (size > MAX_DATA_BYTES) errors.push(tooLong('[]', MAX_DATA_BYTES));
  return errors;
}

/** pkg/registry/core/configmap/strategy.go. */
export const configmaps: Strategy = {
  createsBlindly: true,
  validate,
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (old['immutable'] === true) {
      const why = 'field is immutable when `immutable` is set';
      if (object['immutable'] !== true) errors.push(forbidden('immutable', why));
      if (!deepEqual(object['data'] ?? {}, old['data'] ?? {})) errors.push(forbidden('data', why));
      if (!deepEqual(object['binaryData'] ?? {}, old['binaryData'] ?? {}))
        errors.push(forbidden('binaryData', why));
    }
    return [...errors, ...validate(object)];
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    Object.keys(object['data'] ?? {}).length + Object.keys(object['binaryData'] ?? {}).length,
    age(object, now),
  ],
};
