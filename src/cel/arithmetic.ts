import { error, noSuchOverload } from './errors.ts';
import { addDuration, timeBetween } from './time.ts';
import {
  CelDuration,
  type CelError,
  CelInt,
  CelList,
  CelTimestamp,
  CelUint,
  type CelValue,
  ConcatList,
  GrowingList,
  int,
  intOf,
  MAX_INT64,
  MAX_UINT64,
  MIN_INT64,
  uintOf,
} from './values.ts';
import { charge } from './work.ts';

const intOverflow = (): CelError => error('integer overflow');
const uintOverflow = (): CelError => error('unsigned integer overflow');

function checkedInt(value: bigint): CelValue {
  return value > MAX_INT64 || value < MIN_INT64 ? intOverflow() : intOf(value);
}

function checkedUint(value: bigint): CelValue {
  return value > MAX_UINT64 || value < 0n ? uintOverflow() : uintOf(value);
}

function checkedDuration(value: bigint): CelValue {
  return value > MAX_INT64 || value < MIN_INT64 ? intOverflow() : new CelDuration(value);
}

/** `a + b` */
export function add(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelInt) {
    if (!(b instanceof CelInt)) return noSuchOverload(b);
    const sum = a.n + b.n;
    if (a.big === undefined && b.big === undefined && Number.isSafeInteger(sum)) return int(sum);
    return checkedInt(a.toBigInt() + b.toBigInt());
  }
  if (typeof a === 'number') return typeof b === 'number' ? a + b : noSuchOverload(b);
  if (typeof a === 'string') return typeof b === 'string' ? join(a, b) : noSuchOverload(b);
  if (a instanceof CelList) return b instanceof CelList ? concatenate(a, b) : noSuchOverload(b);
  if (a instanceof CelUint) {
    return b instanceof CelUint ? checkedUint(a.toBigInt() + b.toBigInt()) : noSuchOverload(b);
  }
  if (a instanceof Uint8Array) {
    if (!(b instanceof Uint8Array)) return noSuchOverload(b);
    charge(a.length + b.length);
    const out = new Uint8Array(a.length + b.length);
    out.set(a);
    out.set(b, a.length);
    return out;
  }
  if (a instanceof CelDuration) {
    if (b instanceof CelDuration) return checkedDuration(a.nanos + b.nanos);
    if (b instanceof CelTimestamp) return addDuration(b, a.nanos);
  }
  if (a instanceof CelTimestamp && b instanceof CelDuration) return addDuration(a, b.nanos);
  return noSuchOverload(b);
}

function join(a: string, b: string): CelValue {
  charge(a.length + b.length);
  return a + b;
}

function concatenate(a: CelList, b: CelList): CelValue {
  if (a instanceof GrowingList) {
    charge(b.length);
    for (let i = 0; i < b.length; i++) a.items.push(b.at(i));
    return a;
  }
  if (a.plus) return a.plus(b);
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const list = new ConcatList(a, b);
  return Number.isSafeInteger(list.length) ? list : error('list is too long');
}

/** `a - b` */
export function subtract(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelInt) {
    if (!(b instanceof CelInt)) return noSuchOverload(b);
    const difference = a.n - b.n;
    if (a.big === undefined && b.big === undefined && Number.isSafeInteger(difference))
      return int(difference);
    return checkedInt(a.toBigInt() - b.toBigInt());
  }
  if (typeof a === 'number') return typeof b === 'number' ? a - b : noSuchOverload(b);
  if (a instanceof CelUint) {
    return b instanceof CelUint ? checkedUint(a.toBigInt() - b.toBigInt()) : noSuchOverload(b);
  }
  if (a instanceof CelDuration) {
    return b instanceof CelDuration ? checkedDuration(a.nanos - b.nanos) : noSuchOverload(b);
  }
  if (a instanceof CelTimestamp) {
    if (b instanceof CelTimestamp) return timeBetween(a, b);
    if (b instanceof CelDuration) return b.nanos === MIN_INT64 ? intOverflow() : addDuration(a, -b.nanos);
  }
  return noSuchOverload(b);
}

/** `a * b` */
export function multiply(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelInt) {
    if (!(b instanceof CelInt)) return noSuchOverload(b);
    const product = a.n * b.n;
    if (a.big === undefined && b.big === undefined && Number.isSafeInteger(product)) return int(product);
    return checkedInt(a.toBigInt() * b.toBigInt());
  }
  if (typeof a === 'number') return typeof b === 'number' ? a * b : noSuchOverload(b);
  if (a instanceof CelUint) {
    return b instanceof CelUint ? checkedUint(a.toBigInt() * b.toBigInt()) : noSuchOverload(b);
  }
  return noSuchOverload(b);
}

/** `a / b`: integers are cut off towards zero. */
export function divide(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'number') return typeof b === 'number' ? a / b : noSuchOverload(b);
  if (a instanceof CelInt) {
    if (!(b instanceof CelInt)) return noSuchOverload(b);
    if (b.n === 0) return error('division by zero');
    if (a.big === undefined && b.big === undefined) return int(Math.trunc(a.n / b.n));
    return checkedInt(a.toBigInt() / b.toBigInt());
  }
  if (a instanceof CelUint) {
    if (!(b instanceof CelUint)) return noSuchOverload(b);
    if (b.n === 0) return error('division by zero');
    return checkedUint(a.toBigInt() / b.toBigInt());
  }
  return noSuchOverload(b);
}

/** `a % b`: with the sign of a. */
export function modulo(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelInt) {
    if (!(b instanceof CelInt)) return noSuchOverload(b);
    if (b.n === 0) return error('modulus by zero');
    if (a.big === undefined && b.big === undefined) return int(a.n % b.n);
    if (a.toBigInt() === MIN_INT64 && b.n === -1) return intOverflow();
    return checkedInt(a.toBigInt() % b.toBigInt());
  }
  if (a instanceof CelUint) {
    if (!(b instanceof CelUint)) return noSuchOverload(b);
    if (b.n === 0) return error('modulus by zero');
    return checkedUint(a.toBigInt() % b.toBigInt());
  }
  return noSuchOverload(b);
}

/** `-a` */
export function negate(a: CelValue): CelValue {
  if (typeof a === 'number') return -a;
  if (a instanceof CelInt) return a.big === undefined ? int(-a.n) : checkedInt(-a.big);
  if (a instanceof CelDuration) return checkedDuration(-a.nanos);
  return noSuchOverload(a);
}
