import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../meta/field-error.ts';
import { labelNameErrors } from '../meta/label-selector.ts';
import { regexFault } from '../meta/names.ts';
import type { Fields } from '../meta/object.ts';

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_PATTERN = new RegExp(`^${REASON}$`);
const REASON_WORDS =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";

/** metav1.Condition lists (apimachinery pkg/apis/meta/v1/validation, ValidateConditions). */
export function conditionsErrors(conditions: Fields[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = new Set<string>();
  conditions?.forEach((condition, i) => {
    const at = index(path, i);
    const type: string = condition['type'] ?? '';
    if (types.has(type)) errors.push(duplicate(child(at, 'type'), type));
    types.add(type);
    errors.push(...labelNameErrors(type, child(at, 'type')));
    const statuses = ['False', 'True', 'Unknown'];
    if (!statuses.includes(condition['status']))
      errors.push(notSupported(child(at, 'status'), condition['status'] ?? '', statuses));
    if ((condition['observedGeneration'] ?? 0) < 0)
      errors.push(
        invalid(
          child(at, 'observedGeneration'),
          condition['observedGeneration'],
          'must be greater than or equal to zero',
        ),
      );
    if (!condition['lastTransitionTime']) errors.push(required(child(at, 'lastTransitionTime')));
    const reason: string = condition['reason'] ?? '';
    if (reason === '') errors.push(required(child(at, 'reason')));
    else {
      if (!REASON_PATTERN.test(reason))
        errors.push(
          invalid(
            child(at, 'reason'),
            reason,
            regexFault(
              REASON_WORDS,
              REASON,
              'my_name',
              'MY_NAME',
              'MyName',
              'ReasonA,ReasonB',
              'ReasonA:ReasonB',
            ),
          ),
        );
      if (Buffer.byteLength(reason) > 1024) errors.push(tooLong(child(at, 'reason'), 1024));
    }
    if (Buffer.byteLength(condition['message'] ?? '') > 32768)
      errors.push(tooLong(child(at, 'message'), 32768));
  });
  return errors;
}
