import { formatDuration, parseDuration } from '../meta/duration.ts';
import { badBase64 } from '../meta/go-base64.ts';
import { quote } from '../meta/go-quote.ts';
import { formatMicroTime, formatTime, parseMicroTime, parseTime } from '../meta/go-time.ts';
import { isCanonical, parseQuantity } from '../meta/quantity.ts';
import { MAX_STRICT_ERRORS } from './decode-untyped.ts';
import { NumberLiteral, plainObject, plainValue, RepeatedObject } from './json-text.ts';
import { type Field, type ScalarNode, type TypeDefinition, type TypeNode, typeTable } from './type-table.ts';
import { zeroValue } from './zero-value.ts';

export { decodeUntyped } from './decode-untyped.ts';

/**
 * Takes a parsed JSON value for a type as Go decodes into its struct (sigs.k8s.io/json): unknown fields and nulls
 * vanish, values are brought into their canonical form, and what does not fit is an error in Go's words.
 */
export type DecodedValue =
  | { ok: true; value: Record<string, unknown>; strictErrors: string[] }
  | { ok: false; error: string };

/**
 * Decodes an object into a struct type, changing it in place where it can.
 * `strict` collects unknown and repeated fields in the order in which they stand in the text, or `sorted` by key, as they
 * stand in the text that Go makes of a patched object.
 */
export function decodeStruct(
  value: unknown,
  type: TypeDefinition,
  strict: boolean,
  sorted = false,
): DecodedValue {
  const decoder = new Decoder(strict, sorted);
  try {
    const decoded = decoder.decode(value, type.node);
    if (decoder.error !== undefined) return { ok: false, error: decoder.error };
    return {
      ok: true,
      value: (decoded ?? {}) as Record<string, unknown>,
      strictErrors: [...decoder.strictErrors],
    };
  } catch (thrown) {
    if (thrown instanceof AtOnce) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

/** Decodes a value of a type that has a decoder of its own (a time, a quantity, …), by itself. */
export function decodeOwn(
  value: unknown,
  node: ScalarNode,
): { ok: true; value: unknown } | { ok: false; error: string } {
  const decoder = new Decoder(false);
  try {
    const decoded = decoder.decode(value, node);
    return decoder.error === undefined ? { ok: true, value: decoded } : { ok: false, error: decoder.error };
  } catch (thrown) {
    if (thrown instanceof AtOnce) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

/** An error of a type's own UnmarshalJSON, which ends the decoding where it occurs. */
class AtOnce extends Error {}

const INT_LIMITS = { int32: [-2147483648, 2147483647], int64: [-(2 ** 63), 2 ** 63] } as const;

class Decoder {
  readonly strict: boolean;
  readonly strictErrors = new Set<string>();
  /** The first value that did not fit; decoding goes on past it. */
  error: string | undefined;
  /** Where the walk is: struct fields, map keys, list indexes. */
  readonly #path: (string | number)[] = [];
  /** The struct fields alone, as type errors name the place, and the struct that holds the innermost. */
  readonly #fields: Field[] = [];
  #struct = '';

  readonly #sorted: boolean;

  constructor(strict: boolean, sorted = false) {
    this.strict = strict;
    this.#sorted = sorted;
  }

  /** undefined stands for Go's nil and for values that did not fit. */
  decode(value: unknown, node: TypeNode): unknown {
    switch (node.kind) {
      case 'scalar':
        return this.#scalar(value, node);
      case 'struct':
        return isObject(value) ? this.#structValue(value, node.type) : this.#misfit(value, node.goType);
      case 'map':
        return isObject(value) ? this.#map(value, node.values) : this.#misfit(value, node.goType);
      case 'list':
        return Array.isArray(value) ? this.#list(value, node.items) : this.#misfit(value, node.goType);
    }
  }

  #structValue(value: object, type: TypeDefinition): unknown {
    if (value instanceof RepeatedObject) return this.#repeatedStruct(value, type);
    const object = value as Record<string, unknown>;
    const outer = this.#struct;
    let dropped = false;
    const visit = (key: string): void => {
      const field = type.byName.get(key);
      const item = object[key];
      if (field === undefined) {
        this.#strictError('unknown field', key);
        dropped = true;
      } else if (!fits(item, field.node)) {
        const decoded = item === null ? undefined : this.#member(item, field, type, outer);
        if (decoded === undefined) {
          object[key] = undefined;
          dropped = true;
        } else if (decoded !== item) object[key] = decoded;
      }
    };
    if (this.#sorted) for (const key of Object.keys(object).sort()) visit(key);
    else for (const key in object) visit(key);
    if (!dropped) return object;
    const kept: Record<string, unknown> = {};
    for (const key in object) if (object[key] !== undefined && type.byName.has(key)) kept[key] = object[key];
    return kept;
  }

  #member(item: unknown, field: Field, type: TypeDefinition, outer: string): unknown {
    this.#struct = type.goName;
    this.#fields.push(field);
    this.#path.push(field.name);
    const decoded = this.decode(item, field.node);
    this.#path.pop();
    this.#fields.pop();
    this.#struct = outer;
    return decoded;
  }

  #repeatedStruct(value: RepeatedObject, type: TypeDefinition): unknown {
    const outer = this.#struct;
    const result: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const [key, item] of value.entries) {
      const field = type.byName.get(key);
      if (field === undefined) {
        this.#strictError('unknown field', key);
        continue;
      }
      if (seen.has(key)) this.#strictError('duplicate field', key);
      seen.add(key);
      if (item === null) {
        if (field.pointer || field.node.kind === 'list' || field.node.kind === 'map') delete result[key];
        continue;
      }
      const decoded = this.#member(item, field, type, outer);
      if (decoded !== undefined) result[key] = merged(result[key], decoded, field.node);
    }
    return result;
  }

  #map(value: object, values: TypeNode): unknown {
    if (allFit(value, values)) return value;
    const repeated = value instanceof RepeatedObject;
    const seen = new Set<string>();
    const entries = repeated ? value.entries : Object.entries(value);
    let changed = repeated;
    for (const [i, [key, item]] of entries.entries()) {
      if (repeated) {
        if (seen.has(key)) this.#strictError('duplicate field', key);
        seen.add(key);
      }
      this.#path.push(key);
      const decoded = item === null ? zeroValue(values) : this.decode(item, values);
      this.#path.pop();
      if (decoded !== item) {
        entries[i] = [key, decoded];
        changed = true;
      }
    }
    return changed ? plainObject(entries) : value;
  }

  #list(value: unknown[], items: TypeNode): unknown {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (fits(item, items)) continue;
      this.#path.push(i);
      value[i] = item === null ? zeroValue(items) : this.decode(item, items);
      this.#path.pop();
    }
    return value;
  }

  #scalar(value: unknown, node: ScalarNode): unknown {
    switch (node.scalar) {
      case 'string':
        return typeof value === 'string' ? value : this.#misfit(value, node.goType);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#misfit(value, node.goType);
      case 'int32':
      case 'int64': {
        const number =
          value instanceof NumberLiteral && /^-?\d+$/.test(value.text) ? Number(value.text) : value;
        const [least, most] = INT_LIMITS[node.scalar];
        if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most)
          return number;
        return this.#misfit(value, node.goType, true);
      }
      case 'double': {
        const number = value instanceof NumberLiteral ? Number(value.text) : value;
        return typeof number === 'number' && Number.isFinite(number)
          ? number
          : this.#misfit(value, node.goType, true);
      }
      case 'bytes':
        return this.#bytes(value, node);
      case 'time':
      case 'microTime':
        return this.#time(value, node.scalar);
      case 'duration': {
        const nanos = parseDuration(this.#text(value));
        if (typeof nanos !== 'bigint') throw new AtOnce(nanos.error);
        return formatDuration(nanos);
      }
      case 'quantity': {
        const quantity = parseQuantity((typeof value === 'string' ? value : written(value)).trim());
        if (typeof quantity === 'string') throw new AtOnce(quantity);
        return quantity.toString();
      }
      case 'intOrString': {
        if (typeof value === 'string') return value;
        const number = value instanceof NumberLiteral ? Number.NaN : value;
        if (typeof number === 'number' && number >= INT_LIMITS.int32[0] && number <= INT_LIMITS.int32[1])
          return number;
        throw new AtOnce(this.#typeError(value, 'int32', true));
      }
      case 'fieldsV1':
      case 'rawExtension':
      case 'json':
        return plainValue(value);
      case 'schemaOrArray':
        if (Array.isArray(value)) return value.map((item) => this.#schema(item));
        return isObject(value) ? this.#schema(value) : undefined;
      case 'schemaOrStrings':
        if (!Array.isArray(value)) return isObject(value) ? this.#schema(value) : undefined;
        return value.map((item) => (item === null ? '' : this.#text(item)));
      case 'schemaOrBool':
        if (typeof value === 'boolean') return value;
        if (isObject(value)) return this.#schema(value);
        throw new AtOnce('boolean or JSON schema expected');
    }
  }

  /** Types with a decoder of their own begin a new one inside, which is never strict. */
  #schema(value: unknown): unknown {
    const decoder = new Decoder(false);
    const decoded = decoder.decode(
      value === null ? {} : value,
      typeTable.type('apiextensions/v1.JSONSchemaProps').node,
    );
    if (decoder.error !== undefined) throw new AtOnce(decoder.error);
    return decoded;
  }

  /** A value whose type reads a string and nothing else. */
  #text(value: unknown): string {
    if (typeof value === 'string') return value;
    throw new AtOnce(this.#typeError(value, 'string', false));
  }

  #time(value: unknown, scalar: 'time' | 'microTime'): string {
    const text = this.#text(value);
    // The form that the server writes itself comes back in most bodies.
    if (scalar === 'time' && /^[12]\d{3}-[01]\d-[0-2]\dT[01]\d:[0-5]\d:[0-5]\dZ$/.test(text)) {
      const time = parseTime(text);
      if (typeof time !== 'string') return text;
    }
    const time = scalar === 'time' ? parseTime(text) : parseMicroTime(text);
    if (typeof time === 'string') throw new AtOnce(time);
    return scalar === 'time' ? formatTime(time) : formatMicroTime(time);
  }

  #bytes(value: unknown, node: ScalarNode): unknown {
    if (typeof value === 'string') {
      const at = badBase64(value);
      if (at < 0) return /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, '') : value;
      this.error ??= `illegal base64 data at input byte ${at}`;
      return undefined;
    }
    if (!Array.isArray(value)) return this.#misfit(value, node.goType);
    const bytes = value.map((item) => {
      if (item === null) return 0;
      if (typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 255) return item;
      this.#misfit(item, 'uint8', true);
      return 0;
    });
    return Buffer.from(bytes).toString('base64');
  }

  #misfit(value: unknown, goType: string, numeric = false): undefined {
    this.error ??= this.#typeError(value, goType, numeric);
    return undefined;
  }

  #typeError(value: unknown, goType: string, numeric: boolean): string {
    const what = describe(value, numeric);
    if (this.#fields.length === 0) return `json: cannot unmarshal ${what} into Go value of type ${goType}`;
    const path = this.#fields.flatMap((field) => [...field.goWay, field.name]).join('.');
    return `json: cannot unmarshal ${what} into Go struct field ${this.#struct}.${path} of type ${goType}`;
  }

  #strictError(what: 'unknown field' | 'duplicate field', name: string): void {
    if (!this.strict || this.strictErrors.size >= MAX_STRICT_ERRORS) return;
    let path = '';
    for (const part of this.#path) {
      if (typeof part === 'number') path += `[${part}]`;
      else path += path === '' ? part : `.${part}`;
    }
    this.strictErrors.add(`${what} ${quote(path === '' ? name : `${path}.${name}`)}`);
  }
}

/** Whether a value is one of a type as it is: what most values of most bodies are. */
function fits(value: unknown, node: TypeNode): boolean {
  if (node.kind !== 'scalar') return false;
  if (typeof value === 'string')
    return node.scalar === 'string' || (node.scalar === 'quantity' && isCanonical(value));
  return typeof value === 'boolean' && node.scalar === 'boolean';
}

function allFit(map: object, node: TypeNode): boolean {
  if (node.kind !== 'scalar' || map instanceof RepeatedObject) return false;
  for (const key in map) if (!fits((map as Record<string, unknown>)[key], node)) return false;
  return true;
}

function isObject(value: unknown): value is object {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

/** How Go calls a JSON value; a number with what was written only where a number was wanted. */
function describe(value: unknown, numeric: boolean): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof NumberLiteral)
    return numeric ? `number ${written(value)}` : 'number';
  return Array.isArray(value) ? 'array' : 'object';
}

const written = (value: unknown): string =>
  value instanceof NumberLiteral ? value.text : JSON.stringify(value);

/** What a second value of the same field does to the first: structs and maps take on, the rest is replaced. */
function merged(before: unknown, value: unknown, node: TypeNode): unknown {
  if (before === undefined) return value;
  if (node.kind === 'map') return { ...(before as object), ...(value as object) };
  if (node.kind === 'struct') {
    const result = { ...(before as Record<string, unknown>) };
    for (const [key, item] of Object.entries(value as object)) {
      const field = node.type.byName.get(key);
      result[key] = field ? merged(result[key], item, field.node) : item;
    }
    return result;
  }
  return value;
}
