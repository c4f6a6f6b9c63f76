import { invalid } from '../../meta/field-error.ts';
import { invalidError, StatusError } from '../../meta/status.ts';

/** How unknown and duplicate fields are taken (the query's fieldValidation). */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** What a patch made of an object, still to be decoded; or the refusal that the client is sent. */
export type PatchResult =
  | {
      readonly ok: true;
      readonly object: unknown;
      /** Strict faults of the patch's own text; they go before those of decoding the result. Empty with Ignore. */
      readonly strictErrors: readonly string[];
      /** How the refusal of the result shows what was refused. */
      shown(): string;
    }
  | { readonly ok: false; readonly error: StatusError };

export const refused = (error: StatusError): PatchResult => ({ ok: false, error });

/** 422 without a reason that the client could use: JSON patches that do not apply, lists of lists. */
export function rejectedPatchError(): StatusError {
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    details: {},
    message: 'the server rejected our request due to an error in our request',
  });
}

/** The result of a patch does not decode; `why` is the decoder's text. */
export function undecodablePatchError(shown: string, why: string): StatusError {
  return invalidError({ group: '', kind: '' }, '', [invalid('patch', shown, why)]);
}

/** The refusal under fieldValidation=Strict, of the patch's strict faults and those of decoding the result. */
export function strictPatchError(shown: string, faults: readonly string[]): StatusError {
  return undecodablePatchError(shown, `strict decoding error: ${faults.join(', ')}`);
}
