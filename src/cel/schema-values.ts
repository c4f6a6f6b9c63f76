import { deepEqual } from '../meta/deep-equal.ts';
import { equals } from './comparison.ts';
import { error, noSuchOverload } from './errors.ts';
import { escapeName, unescapeName } from './escaping.ts';
import { toJson } from './json.ts';
import { parseSchemaDate, parseSchemaDateTime, parseSchemaDuration } from './schema-times.ts';
import { type CelSchema, valuesSchema, withTypeAndObjectMeta } from './schema-types.ts';
import { opaqueType } from './types.ts';
import { CelList, CelMap, CelObject, type CelValue, int, intOf } from './values.ts';

/**
 * JSON as its schema says: integers are ints, numbers doubles, strings of some formats durations, timestamps or
 * bytes; lists know whether they are sets or maps; names are escaped (apiserver pkg/cel/common/valuesunstructured.go).
 * Nothing is copied; parts are read when an expression asks for them.
 */
export function schemaValue(data: unknown, schema: CelSchema): CelValue {
  if (data === null || data === undefined) {
    return schema.nullable ? null : error('invalid data, got null for schema with nullable=false');
  }
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof data === 'string') return data;
    return (
      integer(data) ?? error('invalid data, expected XIntOrString value to be either a string or integer')
    );
  }
  switch (schema.type) {
    case 'object':
      if (!isObject(data)) {
        return error('invalid data, expected a map for the provided schema with type=object');
      }
      return new SchemaMap(
        data,
        schema['x-kubernetes-embedded-resource'] ? withTypeAndObjectMeta(schema) : schema,
      );
    case 'array':
      if (!Array.isArray(data)) {
        return error('invalid data, expected an array for the provided schema with type=array');
      }
      return listValue(data, schema);
    case 'string':
      return typeof data === 'string'
        ? textValue(data, schema)
        : error(`invalid data, expected string, got ${goKind(data)}`);
    case 'number':
      if (typeof data === 'number') return data;
      return typeof data === 'bigint'
        ? Number(data)
        : error(`invalid data, expected float, got ${goKind(data)}`);
    case 'integer':
      return integer(data) ?? error(`invalid data, expected int, got ${goKind(data)}`);
    case 'boolean':
      return typeof data === 'boolean' ? data : error(`invalid data, expected bool, got ${goKind(data)}`);
    default:
      if (schema['x-kubernetes-preserve-unknown-fields']) return new PreservedValue(data);
      return error(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type ?? ''}`,
      );
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(data: unknown): data is JsonObject {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function integer(data: unknown): CelValue | undefined {
  if (typeof data === 'bigint') return intOf(data);
  if (typeof data !== 'number' || !Number.isInteger(data)) return undefined;
  return Number.isSafeInteger(data) ? int(data) : intOf(BigInt(data));
}

function goKind(data: unknown): string {
  if (typeof data === 'string') return 'string';
  if (typeof data === 'boolean') return 'bool';
  if (typeof data === 'number') return Number.isInteger(data) ? 'int64' : 'float64';
  return Array.isArray(data) ? '[]interface {}' : 'map[string]interface {}';
}

function textValue(text: string, schema: CelSchema): CelValue {
  switch (schema.format) {
    case 'duration':
      return parseSchemaDuration(text);
    case 'date':
      return parseSchemaDate(text);
    case 'date-time':
      return parseSchemaDateTime(text);
    case 'byte':
      if (!/^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/.test(text)) {
        return error(`Invalid byte formatted string ${text}: illegal base64 data`);
      }
      return new Uint8Array(Buffer.from(text, 'base64url'));
    default:
      return text;
  }
}

/** What stands behind a value, for putting it into a list of JSON. */
function native(value: CelValue): unknown {
  if (value instanceof CelList || value instanceof CelMap) return value.native?.() ?? toJson(value);
  if (value instanceof PreservedValue) return value.data;
  return toJson(value);
}

/** A value kept although no schema describes it: there is nothing to be done with it but compare it. */
class PreservedValue extends CelObject {
  readonly type = opaqueType('unknown');
  readonly data: unknown;
  constructor(data: unknown) {
    super();
    this.data = data;
  }
  equalTo(other: CelValue): boolean {
    return deepEqual(this.data, native(other));
  }
  override toJson(): unknown {
    return this.data;
  }
}

/** An object or a map of a schema. */
class SchemaMap extends CelMap {
  readonly data: JsonObject;
  readonly schema: CelSchema;
  constructor(data: JsonObject, schema: CelSchema) {
    super();
    this.data = data;
    this.schema = schema;
  }
  get size(): number {
    return Object.keys(this.data).length;
  }
  #schemaOf(name: string): CelSchema | undefined {
    const { properties } = this.schema;
    if (!properties) return valuesSchema(this.schema);
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return noSuchOverload(key);
    const isObject = this.schema.properties !== undefined;
    const name = isObject ? unescapeName(key) : key;
    if (name === undefined || !Object.hasOwn(this.data, name)) return undefined;
    const value = this.data[name];
    // In objects a null is as good as nothing.
    if (isObject && (value === null || value === undefined)) return undefined;
    const schema = this.#schemaOf(name);
    return schema && schemaValue(value, schema);
  }
  override *keys(): Iterable<CelValue> {
    const isObject = this.schema.properties !== undefined;
    for (const name of Object.keys(this.data)) {
      if (this.#schemaOf(name)) yield isObject ? (escapeName(name) ?? name) : name;
    }
  }
  override equalTo(other: CelMap): CelValue {
    if (this.size !== other.size) return false;
    for (const name of Object.keys(this.data)) {
      if (this.#schemaOf(name)) {
        const [mine, theirs] = [this.get(name), other.get(name)];
        if ((mine === undefined) !== (theirs === undefined)) return false;
        if (mine === undefined || theirs === undefined) continue;
        const same = equals(mine, theirs);
        if (same !== true) return same;
      } else {
        if (!(other instanceof SchemaMap)) return noSuchOverload();
        if (Object.hasOwn(other.data, name) && !deepEqual(this.data[name], other.data[name])) return false;
      }
    }
    return true;
  }
  override native(): unknown {
    return this.data;
  }
}

function listValue(data: readonly unknown[], schema: CelSchema): CelValue {
  const { items } = schema;
  if (!items) return error('invalid array type, expected Items with a non-empty Schema');
  const kind = schema['x-kubernetes-list-type'];
  switch (kind) {
    case undefined:
    case '':
    case 'atomic':
      return new SchemaList(data, items);
    case 'set':
      return new SchemaSet(data, items);
    case 'map':
      return new SchemaMapList(data, items, schema['x-kubernetes-list-map-keys'] ?? []);
    default:
      return error(`invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got ${kind}`);
  }
}

/** A list whose order counts. */
class SchemaList extends CelList {
  readonly data: readonly unknown[];
  readonly items: CelSchema;
  constructor(data: readonly unknown[], items: CelSchema) {
    super();
    this.data = data;
    this.items = items;
  }
  get length(): number {
    return this.data.length;
  }
  at(index: number): CelValue {
    return schemaValue(this.data[index], this.items);
  }
  override equalTo(other: CelList): CelValue {
    if (this.length !== other.length) return false;
    for (let i = 0; i < this.length; i++) {
      const same = equals(this.at(i), other.at(i));
      if (same !== true) return same;
    }
    return true;
  }
  override plus(other: CelList): CelValue {
    const data = [...this.data];
    for (let i = 0; i < other.length; i++) data.push(native(other.at(i)));
    return new SchemaList(data, this.items);
  }
  override native(): unknown {
    return this.data;
  }
}

/** A key for a scalar of a set or of a map's keys; others have none that could meet. */
function scalarKey(value: unknown): string {
  return `${typeof value}:${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
}

/** A list whose order does not count, and in which nothing is twice. */
class SchemaSet extends SchemaList {
  #known: Set<string> | undefined;
  get #keys(): Set<string> {
    this.#known ??= new Set(this.data.map(scalarKey));
    return this.#known;
  }
  override equalTo(other: CelList): CelValue {
    if (this.length !== other.length) return false;
    for (let i = 0; i < other.length; i++) if (!this.#keys.has(scalarKey(native(other.at(i))))) return false;
    return true;
  }
  override plus(other: CelList): CelValue {
    const data = [...this.data];
    const known = new Set(this.#keys);
    for (let i = 0; i < other.length; i++) {
      const added = native(other.at(i));
      const key = scalarKey(added);
      if (known.has(key)) continue;
      known.add(key);
      data.push(added);
    }
    return new SchemaSet(data, this.items);
  }
}

/** A list of objects told apart by their keys; what is added replaces what has its keys. */
class SchemaMapList extends SchemaList {
  readonly #keyNames: readonly string[];
  #known: Map<string, unknown> | undefined;
  constructor(data: readonly unknown[], items: CelSchema, keyNames: readonly string[]) {
    super(data, items);
    this.#keyNames = keyNames;
  }
  #keyOf(element: unknown): string {
    if (!isObject(element)) return '';
    return this.#keyNames
      .map((name) => scalarKey(Object.hasOwn(element, name) ? element[name] : undefined))
      .join(',');
  }
  get #byKey(): Map<string, unknown> {
    this.#known ??= new Map(this.data.map((element) => [this.#keyOf(element), element]));
    return this.#known;
  }
  override equalTo(other: CelList): CelValue {
    if (this.length !== other.length) return false;
    for (let i = 0; i < other.length; i++) {
      const value = other.at(i);
      const key = this.#keyOf(native(value));
      if (!this.#byKey.has(key)) return false;
      const same = equals(schemaValue(this.#byKey.get(key), this.items), value);
      if (same !== true) return same;
    }
    return true;
  }
  override plus(other: CelList): CelValue {
    const data = [...this.data];
    const places = new Map(data.map((element, i) => [this.#keyOf(element), i]));
    for (let i = 0; i < other.length; i++) {
      const added = native(other.at(i));
      const place = places.get(this.#keyOf(added));
      if (place === undefined) data.push(added);
      else data[place] = added;
    }
    return new SchemaMapList(data, this.items, this.#keyNames);
  }
}
