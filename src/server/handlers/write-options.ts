import { type FieldError, forbidden, invalid, notSupported, required } from '../../meta/field-error.ts';
import { validateDryRun } from '../../registry/delete-options.ts';
import type { WriteOptions } from './write-support.ts';

/** Faults of CreateOptions and UpdateOptions (apimachinery pkg/apis/meta/v1/validation). */
export function validateCreateOptions(options: WriteOptions): FieldError[] {
  return [
    ...fieldManagerErrors(options.fieldManager ?? ''),
    ...validateDryRun(options.dryRun),
    ...validationErrors(options.fieldValidation),
  ];
}

/** Faults of PatchOptions; `patchType` is the body's media type. */
export function validatePatchOptions(options: WriteOptions, patchType: string): FieldError[] {
  const errors: FieldError[] = [];
  if (patchType === 'application/apply-patch+yaml') {
    if (!options.fieldManager) errors.push(required('fieldManager', 'is required for apply patch'));
  } else if (options.force !== undefined)
    errors.push(forbidden('force', 'may not be specified for non-apply patch'));
  return [...errors, ...validateCreateOptions(options)];
}

function fieldManagerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (manager.length > 128) {
    errors.push({
      type: 'FieldValueTooLong',
      field: 'fieldManager',
      detail: 'may not be more than 128 bytes',
    });
  }
  for (const [position, char] of [...manager].entries()) {
    if (/^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) continue;
    const code = `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    errors.push(invalid('fieldManager', manager, `invalid character ${code} (at position ${position})`));
  }
  return errors;
}

const DIRECTIVES = ['', 'Ignore', 'Strict', 'Warn'];

function validationErrors(validation: string | undefined): FieldError[] {
  if (validation === undefined || DIRECTIVES.includes(validation)) return [];
  return [notSupported('fieldValidation', validation, DIRECTIVES)];
}
