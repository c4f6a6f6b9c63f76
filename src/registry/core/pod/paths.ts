import { type FieldError, invalid } from '../../../meta/field-error.ts';
import { add } from './faults.ts';

/** Checks of file paths in a pod (pkg/apis/core/validation/validation.go). */

/** No `..` between slashes. */
export function noBackstepsErrors(path: string, field: string): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : [];
}

/** Relative and without `..`. */
export function descendingPathErrors(path: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (path.startsWith('/')) errors.push(invalid(field, path, 'must be a relative path'));
  add(errors, noBackstepsErrors(path, field));
  return errors;
}

/** Relative, without `..`, and no name that starts with two dots: the kubelet keeps those for itself. */
export function localPathErrors(path: string, field: string): FieldError[] {
  const errors = descendingPathErrors(path, field);
  if (path.startsWith('..') && !path.startsWith('../'))
    errors.push(invalid(field, path, "must not start with '..'"));
  return errors;
}

/** Permission bits of a file that a volume projects. */
export function fileModeErrors(mode: number | undefined, field: string): FieldError[] {
  if (mode === undefined || mode === null || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}
