import type { Fields } from '../../meta/object.ts';
import type { SchemaFault } from './schema-fault.ts';
import * as faults from './schema-fault.ts';

/** Bounds and factors of numbers (kube-openapi pkg/validation/validate, numberValidator and values.go). */
export function numberFaults(
  schema: Fields,
  types: readonly string[],
  format: string,
  value: number,
  path: string,
): SchemaFault[] {
  const type = types.length === 1 && (types[0] === 'integer' || types[0] === 'number') ? types[0] : '';
  const own = type === '' ? '' : format;
  const errors: SchemaFault[] = [];
  const range = rangeFault(value, type, own, 'Checked', path);
  if (range) errors.push(range);
  const bounds: [unknown, string, (bound: number, native: boolean) => SchemaFault | undefined][] = [
    [schema['multipleOf'], 'MultipleOf', (bound, native) => multipleFault(value, bound, native, path)],
    [
      schema['maximum'],
      'Maximum boundary',
      (bound, native) => maximumFault(schema, value, bound, native, path),
    ],
    [
      schema['minimum'],
      'Minimum boundary',
      (bound, native) => minimumFault(schema, value, bound, native, path),
    ],
  ];
  for (const [bound, what, check] of bounds) {
    if (typeof bound !== 'number') continue;
    const unfit = rangeFault(bound, type, own, what, path);
    if (unfit) errors.push(unfit);
    // Whole numbers are compared as such, by a bound without its fraction.
    const fault = check(bound, unfit === undefined && isInt64(value));
    if (fault) errors.push(fault);
  }
  return errors;
}

const isInt64 = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 63;

function rangeFault(
  value: number,
  type: string,
  format: string,
  what: string,
  path: string,
): SchemaFault | undefined {
  let fits = true;
  if (type === 'integer') {
    fits =
      format === 'int32' ? Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31 : isInt64(value);
  } else if (format === 'float') fits = Math.abs(value) <= 3.4028235677973366e38;
  return fits ? undefined : faults.outOfRange(what, type, format, path);
}

function maximumFault(
  schema: Fields,
  value: number,
  bound: number,
  native: boolean,
  path: string,
): SchemaFault | undefined {
  const max = native ? Math.trunc(bound) : bound;
  const exclusive = schema['exclusiveMaximum'] === true;
  if (exclusive ? value < max : value <= max) return undefined;
  return faults.overMaximum(path, max, exclusive, value, native);
}

function minimumFault(
  schema: Fields,
  value: number,
  bound: number,
  native: boolean,
  path: string,
): SchemaFault | undefined {
  const min = native ? Math.trunc(bound) : bound;
  const exclusive = schema['exclusiveMinimum'] === true;
  if (exclusive ? value > min : value >= min) return undefined;
  return faults.underMinimum(path, min, exclusive, value, native);
}

function multipleFault(value: number, bound: number, native: boolean, path: string): SchemaFault | undefined {
  const factor = native ? Math.trunc(bound) : bound;
  if (factor <= 0) return faults.factorNotPositive(path, factor, native);
  if (native ? value % factor === 0 : isWhole(factor < 1 ? (1 / factor) * value : value / factor))
    return undefined;
  return faults.notMultiple(path, factor, value, native);
}

/** Whole but for what rounding leaves (go-openapi swag, IsFloat64AJSONInteger). */
function isWhole(x: number): boolean {
  if (!Number.isFinite(x) || Math.abs(x) > Number.MAX_SAFE_INTEGER) return false;
  const whole = Math.trunc(x);
  if (x === whole) return true;
  const apart = Math.abs(x - whole);
  return apart / Math.min(Math.abs(x) + Math.abs(whole), Number.MAX_VALUE) < 1e-9;
}
