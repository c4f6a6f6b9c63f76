import { error, noSuchOverload } from './errors.ts';
import { unescapeName } from './escaping.ts';
import { formatDuration, formatTimestamp } from './time.ts';
import { CelType } from './types.ts';
import {
  ArrayList,
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
  int,
  intOf,
  MAX_INT64,
  MIN_INT64,
} from './values.ts';

/** How JSON is read. */
export interface JsonOptions {
  /** What numbers are: always doubles, or ints where they are whole. */
  numbers: 'double' | 'int';
  /** Keys of maps may be given escaped (`a__dot__b`), as in claims. */
  unescape?: boolean;
}

/** JSON as a CEL value. Objects and arrays are not copied: their parts are read when an expression asks for them. */
export function jsonValue(data: unknown, options: JsonOptions): CelValue {
  switch (typeof data) {
    case 'string':
    case 'boolean':
      return data;
    case 'number':
      return options.numbers === 'int' && Number.isSafeInteger(data) ? int(data) : data;
    case 'bigint':
      if (options.numbers === 'double') return Number(data);
      return data <= MAX_INT64 && data >= MIN_INT64 ? intOf(data) : Number(data);
    case 'object':
      if (data === null) return null;
      if (Array.isArray(data)) return new JsonList(data, options);
      if (data instanceof Uint8Array) return data;
      return new JsonMap(data as Record<string, unknown>, options);
    default:
      return data === undefined ? null : error(`unsupported value of type ${typeof data}`);
  }
}

/** A JSON array. */
export class JsonList extends CelList {
  readonly data: readonly unknown[];
  readonly #options: JsonOptions;
  constructor(data: readonly unknown[], options: JsonOptions) {
    super();
    this.data = data;
    this.#options = options;
  }
  get length(): number {
    return this.data.length;
  }
  at(index: number): CelValue {
    return jsonValue(this.data[index], this.#options);
  }
  override native(): unknown {
    return this.data;
  }
}

/** A JSON object. */
export class JsonMap extends CelMap {
  readonly data: Readonly<Record<string, unknown>>;
  readonly #options: JsonOptions;
  #keys: string[] | undefined;
  constructor(data: Readonly<Record<string, unknown>>, options: JsonOptions) {
    super();
    this.data = data;
    this.#options = options;
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const name = this.#options.unescape ? (unescapeName(key) ?? key) : key;
    return Object.hasOwn(this.data, name) ? jsonValue(this.data[name], this.#options) : undefined;
  }
  override keys(): string[] {
    this.#keys ??= Object.keys(this.data);
    return this.#keys;
  }
  override native(): unknown {
    return this.data;
  }
}

/** A list of strings that is no JSON: what split(), findAll() and a user's groups are. Claim mappings refuse it. */
export class StringList extends ArrayList {
  declare readonly items: readonly string[];
}

/**
 * An object of named values, each made when it is first read: `claims`, `user`, `variables`. Names may be given
 * escaped.
 */
export class LazyMap extends CelMap {
  readonly #make: ReadonlyMap<string, () => CelValue>;
  readonly #known = new Map<string, CelValue>();
  constructor(make: ReadonlyMap<string, () => CelValue>) {
    super();
    this.#make = make;
  }
  get size(): number {
    return this.#make.size;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return noSuchOverload(key);
    const name = unescapeName(key);
    if (name === undefined) return undefined;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const make = this.#make.get(name);
    if (!make) return undefined;
    const value = make();
    this.#known.set(name, value);
    return value;
  }
  keys(): Iterable<CelValue> {
    return this.#make.keys();
  }
  override equalTo(other: CelMap): CelValue {
    return other instanceof LazyMap ? other === this : noSuchOverload();
  }
}

const CLAIMS: JsonOptions = { numbers: 'double', unescape: true };

/** The claims of a token as `claims`: all numbers are doubles, odd names are escaped at any depth. */
export function claimsValue(claims: Readonly<Record<string, unknown>>): CelMap {
  return new LazyMap(
    new Map(Object.keys(claims).map((name) => [name, () => jsonValue(claims[name], CLAIMS)])),
  );
}

/** A CEL value as JSON, as Kubernetes writes results: 64-bit integers beyond 2^53 as bigint, bytes in base64. */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof CelInt || value instanceof CelUint) return value.big ?? value.n;
  if (value instanceof JsonList || value instanceof JsonMap) return value.data;
  if (value instanceof CelList) {
    return Array.from(value, toJson);
  }
  if (value instanceof CelMap) {
    // fromEntries defines keys as they are, even __proto__.
    return Object.fromEntries(
      Array.from(value.keys(), (key) => [String(toJson(key)), toJson(value.get(key) ?? null)]),
    );
  }
  if (value instanceof CelOptional) return value.value === undefined ? null : toJson(value.value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelType) return value.name;
  if (value instanceof CelError) return { error: value.message };
  return value instanceof CelObject ? (value.toJson?.() ?? value.toString()) : value;
}
