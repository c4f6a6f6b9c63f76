import { type FieldError, invalid, required, tooLong } from '../../meta/field-error.ts';
import { qualifiedNameFaults } from '../../meta/names.ts';

/** Checks that classes of storage share (pkg/apis/storage/validation/validation.go). */

const MAX_ENTRIES = 512;
const MAX_BYTES = 256 * 1024;

export function provisionerErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const lower = name.toLowerCase();
  return qualifiedNameFaults(lower).map((fault) => invalid(path, lower, fault));
}

export function parametersErrors(
  parameters: Record<string, string> | undefined,
  allowEmpty: boolean,
  path: string,
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > MAX_ENTRIES) return [tooLong(path, MAX_ENTRIES)];
  const errors: FieldError[] = [];
  let size = 0;
  for (const [name, value] of entries) {
    if (name === '') errors.push(invalid(path, name, 'field can not be empty.'));
    size += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (size > MAX_BYTES) errors.push(tooLong(path, MAX_BYTES));
  if (!allowEmpty && entries.length === 0)
    errors.push(required(path, 'must contain at least one key/value pair'));
  return errors;
}
