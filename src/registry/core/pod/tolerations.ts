import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
} from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import { labelNameErrors } from '../../../meta/label-selector.ts';
import { labelValueFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';

/** spec.tolerations (ValidateTolerations in validation.go). */

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const COMPARING = ['Equal', 'Exists', 'Lt', 'Gt'];
const MAX_INT64 = 9223372036854775807n;

export function tolerationsErrors(
  tolerations: Fields[] | undefined,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  tolerations?.forEach((toleration, i) => {
    const at = index(path, i);
    const name: string = toleration['key'] ?? '';
    const operator: string = toleration['operator'] ?? '';
    const effect: string = toleration['effect'] ?? '';
    if (name !== '') add(errors, labelNameErrors(name, child(at, 'key')));
    else if (operator !== 'Exists')
      errors.push(
        invalid(
          child(at, 'operator'),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute')
      errors.push(
        invalid(child(at, 'effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    add(errors, operatorErrors(operator, toleration['value'] ?? '', at, options));
    if (effect !== '' && !EFFECTS.includes(effect))
      errors.push(notSupported(child(at, 'effect'), effect, EFFECTS));
  });
  return errors;
}

function operatorErrors(
  operator: string,
  value: string,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const at = child(path, 'operator');
  switch (operator) {
    case '':
    case 'Equal': {
      const faults = labelValueFaults(value);
      return faults.length ? [invalid(at, value, faults.join(';'))] : [];
    }
    case 'Exists':
      return value === '' ? [] : [invalid(at, value, "value must be empty when `operator` is 'Exists'")];
    case 'Lt':
    case 'Gt':
      return options.allowComparingTolerations
        ? decimalErrors(value, child(path, 'value'))
        : [notSupported(at, operator, COMPARING)];
    default:
      return [notSupported(at, operator, ['Equal', 'Exists'])];
  }
}

function decimalErrors(value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!/^(0|-?[1-9][0-9]*)$/.test(value))
    errors.push(invalid(path, value, 'must be a valid decimal integer in canonical form'));
  const parsing = `strconv.ParseInt: parsing ${quote(value)}`;
  if (!/^[+-]?[0-9]+$/.test(value)) errors.push(invalid(path, value, `${parsing}: invalid syntax`));
  else {
    const n = BigInt(value.replace(/^\+/, ''));
    if (n > MAX_INT64 || n < -MAX_INT64 - 1n)
      errors.push(invalid(path, value, `${parsing}: value out of range`));
  }
  return errors;
}

const identity = ({ key = '', operator = '', value = '', effect = '' }: Fields): string =>
  JSON.stringify([key, operator, value, effect]);

/** An update may add tolerations and change how long old ones last, no more. */
export function toleratedAdditionsErrors(
  now: Fields[],
  before: Fields[],
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const there = new Set(now.map(identity));
  const kept = before.every((toleration) => there.has(identity(toleration)));
  if (!kept) return [forbidden(path, 'existing toleration can not be modified except its tolerationSeconds')];
  return tolerationsErrors(now, path, options);
}
