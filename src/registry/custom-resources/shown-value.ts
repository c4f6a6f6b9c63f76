import { formatG } from '../../cel/go-float.ts';
import { ShownAs } from '../../meta/field-error.ts';
import { goJson } from '../../meta/go-json.ts';

/** A value of an object without a Go type, as faults show it: maps in the order of their keys, fractions as `%v` has them. */
export function shownValue(value: unknown): unknown {
  if (typeof value === 'number')
    return Number.isInteger(value) && Number.isSafeInteger(value) ? value : new ShownAs(formatG(value));
  return typeof value === 'object' && value !== null ? new ShownAs(goJson(value)) : value;
}
