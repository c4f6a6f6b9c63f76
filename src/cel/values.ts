/**
 * Values at run time. Primitives stand for themselves where JavaScript can tell them apart: a number is a
 * double, a string a string, a boolean a bool, null null, a Uint8Array bytes. Integers have classes of their own,
 * since a double must never be taken for an int; they hold a number while it is exact and a bigint beyond.
 */
import {
  BOOL,
  BYTES,
  CelType,
  DOUBLE,
  DURATION,
  ERROR,
  INT,
  LIST,
  MAP,
  NULL,
  OPTIONAL,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';

export type CelValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | CelInt
  | CelUint
  | CelDuration
  | CelTimestamp
  | CelList
  | CelMap
  | CelObject
  | CelOptional
  | CelType
  | CelError;

export const MAX_INT64 = 9223372036854775807n;
export const MIN_INT64 = -9223372036854775808n;
export const MAX_UINT64 = 18446744073709551615n;

/** A 64-bit signed integer. `n` is exact while `big` is undefined, else the nearest double. */
export class CelInt {
  readonly n: number;
  readonly big: bigint | undefined;
  constructor(n: number, big: bigint | undefined) {
    this.n = n;
    this.big = big;
  }
  toBigInt(): bigint {
    return this.big ?? BigInt(this.n);
  }
  toString(): string {
    return this.big === undefined ? String(this.n) : this.big.toString();
  }
}

/** A 64-bit unsigned integer, held as CelInt is. */
export class CelUint {
  readonly n: number;
  readonly big: bigint | undefined;
  constructor(n: number, big: bigint | undefined) {
    this.n = n;
    this.big = big;
  }
  toBigInt(): bigint {
    return this.big ?? BigInt(this.n);
  }
  toString(): string {
    return this.big === undefined ? String(this.n) : this.big.toString();
  }
}

const SMALL_FROM = -128;
const SMALL: CelInt[] = [];
for (let i = SMALL_FROM; i < 1024; i++) SMALL.push(new CelInt(i, undefined));

/** An int of a number that is a safe integer. */
export function int(n: number): CelInt {
  return SMALL[n - SMALL_FROM] ?? new CelInt(n === 0 ? 0 : n, undefined);
}

/** An int of a bigint that fits 64 bits signed; the caller has checked. */
export function intOf(big: bigint): CelInt {
  const n = Number(big);
  return Number.isSafeInteger(n) ? int(n) : new CelInt(n, big);
}

/** A uint of a number that is a safe integer, not negative. */
export function uint(n: number): CelUint {
  return new CelUint(n === 0 ? 0 : n, undefined);
}

/** A uint of a bigint that fits 64 bits unsigned; the caller has checked. */
export function uintOf(big: bigint): CelUint {
  const n = Number(big);
  return Number.isSafeInteger(n) ? uint(n) : new CelUint(n, big);
}

/** A span of time in nanoseconds, within int64. */
export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/**
 * A point in time: seconds since 1970 (years 1 to 9999) and nanoseconds from 0 to 999999999. The offset (seconds east
 * of UTC) is what it was written with; only its text shows it.
 */
export class CelTimestamp {
  readonly seconds: number;
  readonly nanos: number;
  readonly offset: number;
  constructor(seconds: number, nanos: number, offset = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.offset = offset;
  }
}

/** An error as a value: what `||`, `&&` and comprehensions may still absorb. */
export class CelError {
  readonly message: string;
  /** The id of the expression it arose in; 0 when unknown. */
  id = 0;
  constructor(message: string) {
    this.message = message;
  }
}

/** A list. Elements are made when asked for, so adapters need not copy. */
export abstract class CelList {
  abstract readonly length: number;
  /** The element at an index within 0 … length-1. */
  abstract at(index: number): CelValue;
  *[Symbol.iterator](): IterableIterator<CelValue> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
  /** A list's own notion of equality with another list (Kubernetes' sets and maps); undefined = element by element. */
  equalTo?(other: CelList): CelValue;
  /** A list's own notion of `+`; undefined = concatenation. */
  plus?(other: CelList): CelValue;
  /** What stands behind the list, for adapters that compare by it. */
  native?(): unknown;
}

/** A map. Keys are bool, int, uint or string (or double for look-ups of the same number). */
export abstract class CelMap {
  abstract readonly size: number;
  /** The value at a key, undefined if there is none, or an error value. */
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): Iterable<CelValue>;
  equalTo?(other: CelMap): CelValue;
  native?(): unknown;
}

/** A value of a declared or opaque type: messages, URLs, quantities, authorizers. */
export abstract class CelObject {
  abstract readonly type: CelType;
  /** A field's value, undefined where the type has no such field. */
  field(_name: string): CelValue | undefined {
    return undefined;
  }
  /** Whether a field is set; undefined where fields cannot be selected at all. */
  hasField(_name: string): boolean | CelError | undefined {
    return undefined;
  }
  abstract equalTo(other: CelValue): boolean | CelError;
  /** What `size` and costs take for its length; undefined = no size. */
  size?(): number;
  isZero?(): boolean;
  /** As JSON, where that differs from its text. */
  toJson?(): unknown;
  /** As `%v` prints it. */
  toString(): string {
    return this.type.name;
  }
}

/** A value that may be absent (`optional.of(x)`, `optional.none()`). */
export class CelOptional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

export const OPTIONAL_NONE = new CelOptional(undefined);

/** A list over an array of values. */
export class ArrayList extends CelList {
  readonly items: readonly CelValue[];
  constructor(items: readonly CelValue[]) {
    super();
    this.items = items;
  }
  get length(): number {
    return this.items.length;
  }
  at(index: number): CelValue {
    return this.items[index]!;
  }
}

/** The list a comprehension builds up: `+` appends in place while nobody else holds it. */
export class GrowingList extends CelList {
  readonly items: CelValue[] = [];
  get length(): number {
    return this.items.length;
  }
  at(index: number): CelValue {
    return this.items[index]!;
  }
}

/** Two lists end to end, without copying either. */
export class ConcatList extends CelList {
  readonly head: CelList;
  readonly tail: CelList;
  readonly length: number;
  constructor(head: CelList, tail: CelList) {
    super();
    this.head = head;
    this.tail = tail;
    this.length = head.length + tail.length;
  }
  at(index: number): CelValue {
    let list: CelList = this;
    let i = index;
    while (list instanceof ConcatList) {
      const left: number = list.head.length;
      if (i < left) list = list.head;
      else {
        i -= left;
        list = list.tail;
      }
    }
    return list.at(i);
  }
}

/** Map keys in one table: numbers of one value are one key whatever their type. */
function keyOf(key: CelValue): string | number | bigint | boolean | undefined {
  if (typeof key === 'string') return key;
  if (typeof key === 'boolean') return key;
  // Strings are kept apart from numbers by being strings; ints, uints and whole doubles meet as one number.
  if (key instanceof CelInt || key instanceof CelUint) return key.big === undefined ? key.n : key.big;
  if (typeof key === 'number') {
    if (Number.isSafeInteger(key)) return key === 0 ? 0 : key;
    return Number.isFinite(key) && Number.isInteger(key) ? BigInt(key) : key;
  }
  return undefined;
}

/** A map over entries, in the order in which they were put in. */
export class EntryMap extends CelMap {
  readonly #entries = new Map<string | number | bigint | boolean, readonly [CelValue, CelValue]>();

  constructor(entries?: Iterable<readonly [CelValue, CelValue]>) {
    super();
    if (entries) for (const [key, value] of entries) this.put(key, value);
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: CelValue): CelValue | undefined {
    const at = keyOf(key);
    return at === undefined ? undefined : this.#entries.get(at)?.[1];
  }
  /** Only while nobody else holds the map. False if the key is of a type that cannot be one. */
  put(key: CelValue, value: CelValue): boolean {
    const at = keyOf(key);
    if (at === undefined) return false;
    this.#entries.set(at, [key, value]);
    return true;
  }
  remove(key: CelValue): void {
    const at = keyOf(key);
    if (at !== undefined) this.#entries.delete(at);
  }
  *keys(): Iterable<CelValue> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** The map a comprehension builds up. */
export class GrowingMap extends EntryMap {}

/** The type of a value. */
export function typeOfValue(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    case 'number':
      return DOUBLE;
    default:
      if (value === null) return NULL;
      if (value instanceof CelInt) return INT;
      if (value instanceof CelList) return LIST;
      if (value instanceof CelMap) return MAP;
      if (value instanceof CelUint) return UINT;
      if (value instanceof CelOptional) return OPTIONAL;
      if (value instanceof CelDuration) return DURATION;
      if (value instanceof CelTimestamp) return TIMESTAMP;
      if (value instanceof CelType) return TYPE;
      if (value instanceof CelObject) return value.type;
      if (value instanceof Uint8Array) return BYTES;
      return ERROR;
  }
}

/** The number of Unicode characters of a string: CEL's size(). */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        count--;
        i++;
      }
    }
  }
  return count;
}

/** What costs take for a value's size: characters, bytes, elements, entries; 1 for whatever has none. */
export function sizeForCost(value: CelValue): number {
  if (typeof value === 'string') return codePoints(value);
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof CelInt) return 1;
  if (value instanceof CelList) return value.length;
  if (value instanceof CelMap) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelOptional) return value.value === undefined ? 1 : sizeForCost(value.value);
  if (value instanceof CelObject) return value.size?.() ?? 1;
  return 1;
}
