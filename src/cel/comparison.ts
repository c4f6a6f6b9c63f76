import { error, noSuchOverload } from './errors.ts';
import { CelType } from './types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelOptional,
  CelTimestamp,
  CelUint,
  type CelValue,
} from './values.ts';
import { charge } from './work.ts';

/**
 * `a == b`. Values of different types are not equal, except numbers of one value. Kubernetes' own types answer with
 * an error when compared with another type.
 */
export function equals(a: CelValue, b: CelValue): boolean | CelError {
  charge(1);
  switch (typeof a) {
    case 'string':
      return a === b;
    case 'boolean':
      return a === b;
    case 'number':
      if (typeof b === 'number') return a === b;
      return isInteger(b) && compareDoubleInteger(a, b) === 0;
    default:
  }
  if (a === null || b === null) return a === b;
  if (a instanceof CelInt || a instanceof CelUint) {
    if (isInteger(b)) return compareIntegers(a, b) === 0;
    return typeof b === 'number' && compareDoubleInteger(b, a) === 0;
  }
  if (a instanceof CelList)
    return b instanceof CelList ? listEquals(a, b) : a.equalTo ? noSuchOverload(b) : false;
  if (a instanceof CelMap)
    return b instanceof CelMap ? mapEquals(a, b) : a.equalTo ? noSuchOverload(b) : false;
  if (a instanceof CelObject) return a.equalTo(b);
  if (a instanceof CelOptional) {
    if (!(b instanceof CelOptional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equals(a.value, b.value);
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTimestamp)
    return b instanceof CelTimestamp && a.seconds === b.seconds && a.nanos === b.nanos;
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name;
  return a instanceof CelError ? a : false;
}

function listEquals(a: CelList, b: CelList): boolean | CelError {
  if (a.equalTo) {
    const own = a.equalTo(b);
    return own instanceof CelError ? own : own === true;
  }
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (equals(a.at(i), b.at(i)) === false) return false;
  return true;
}

function mapEquals(a: CelMap, b: CelMap): boolean | CelError {
  if (a.equalTo) {
    const own = a.equalTo(b);
    return own instanceof CelError ? own : own === true;
  }
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined || equals(a.get(key)!, other) === false) return false;
  }
  return true;
}

function isInteger(value: CelValue): value is CelInt | CelUint {
  return value instanceof CelInt || value instanceof CelUint;
}

function compareIntegers(a: CelInt | CelUint, b: CelInt | CelUint): number {
  // Rounding keeps order, so only equal approximations need a closer look.
  if (a.n !== b.n) return a.n < b.n ? -1 : 1;
  if (a.big === undefined && b.big === undefined) return 0;
  const [x, y] = [a.toBigInt(), b.toBigInt()];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** As cel-go: the integer is made a double; NaN is neither less nor greater. */
function compareDoubleInteger(a: number, b: CelInt | CelUint): number {
  return a < b.n ? -1 : a > b.n ? 1 : a === b.n ? 0 : Number.NaN;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  charge(Math.min(a.length, b.length));
  return Buffer.compare(a, b);
}

/** By bytes of UTF-8, which is by code points; UTF-16 order differs only where surrogates meet high characters. */
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      const xs = x < 0xe000;
      const ys = y < 0xe000;
      if (xs !== ys) return xs ? 1 : -1;
    }
    return x < y ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** -1, 0 or 1 for ordered values; an error where they have no order. */
export function compare(a: CelValue, b: CelValue): number | CelError {
  if (a instanceof CelInt || a instanceof CelUint) {
    if (isInteger(b)) return compareIntegers(a, b);
    if (typeof b !== 'number') return noSuchOverload(b);
    return Number.isNaN(b) ? nanError() : -compareDoubleInteger(b, a);
  }
  switch (typeof a) {
    case 'number':
      if (Number.isNaN(a)) return nanError();
      if (typeof b === 'number') return Number.isNaN(b) ? nanError() : a < b ? -1 : a > b ? 1 : 0;
      return isInteger(b) ? compareDoubleInteger(a, b) : noSuchOverload(b);
    case 'string':
      return typeof b === 'string' ? compareStrings(a, b) : noSuchOverload(b);
    case 'boolean':
      return typeof b === 'boolean' ? Number(a) - Number(b) : noSuchOverload(b);
    default:
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : noSuchOverload(b);
  if (a instanceof CelDuration) {
    if (!(b instanceof CelDuration)) return noSuchOverload(b);
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  if (a instanceof CelTimestamp) {
    if (!(b instanceof CelTimestamp)) return noSuchOverload(b);
    return Math.sign(a.seconds - b.seconds || a.nanos - b.nanos);
  }
  return noSuchOverload(b);
}

/** Whether values of this kind have an order at all. */
export function isOrdered(value: CelValue): boolean {
  const kind = typeof value;
  return (
    kind === 'number' ||
    kind === 'string' ||
    kind === 'boolean' ||
    isInteger(value) ||
    value instanceof Uint8Array ||
    value instanceof CelDuration ||
    value instanceof CelTimestamp
  );
}

function nanError(): CelError {
  return error('NaN values cannot be ordered');
}

/** Whether a list holds an element equal to a value. */
export function contains(list: CelList, value: CelValue): CelValue {
  let failed: CelError | undefined;
  for (let i = 0; i < list.length; i++) {
    const element = list.at(i);
    const same = equals(list.equalTo ? element : value, list.equalTo ? value : element);
    if (same === true) return true;
    if (same instanceof CelError && list.equalTo) failed ??= same;
  }
  return failed ?? false;
}
