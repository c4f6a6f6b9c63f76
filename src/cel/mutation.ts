import { equals } from './comparison.ts';
import type { StructResolver, StructType } from './environment.ts';
import { error } from './errors.ts';
import { toJson } from './json.ts';
import { DYN, objectType, STRING } from './types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelTimestamp,
  CelUint,
  type CelValue,
  EntryMap,
} from './values.ts';

/** The type of the operations of a JSON patch in expressions. */
export const JSON_PATCH_TYPE = objectType('JSONPatch');
/** The type of an object to apply; its fields' types are `Object.spec`, `Object.spec.template` and so on. */
export const APPLY_OBJECT_TYPE = objectType('Object');

const TEXT_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from']);

/** An operation of a JSON patch; empty texts and no value are fields not set. */
export class PatchOperation extends CelObject {
  readonly type = JSON_PATCH_TYPE;
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: CelValue | undefined;

  constructor(fields: ReadonlyMap<string, CelValue>) {
    super();
    const text = (name: string): string => (fields.get(name) as string | undefined) ?? '';
    this.op = text('op');
    this.path = text('path');
    this.from = text('from');
    this.value = fields.get('value');
  }

  override field(name: string): CelValue | undefined {
    if (name === 'value') return this.value ?? null;
    return TEXT_FIELDS.has(name) ? this[name as 'op' | 'path' | 'from'] : undefined;
  }

  override hasField(name: string): boolean | CelError {
    if (name === 'value') return this.value !== undefined;
    return TEXT_FIELDS.has(name)
      ? this[name as 'op' | 'path' | 'from'] !== ''
      : error(`unsupported field: ${name}`);
  }

  equalTo(other: CelValue): boolean | CelError {
    if (!(other instanceof PatchOperation)) return false;
    if (this.op !== other.op || this.path !== other.path || this.from !== other.from) return false;
    if (this.value === undefined || other.value === undefined) return this.value === other.value;
    return sameValue(this.value, other.value);
  }

  override toJson(): unknown {
    return {
      op: this.op,
      path: this.path,
      ...(this.from === '' ? {} : { from: this.from }),
      ...(this.value === undefined ? {} : { value: patchJson(this.value) }),
    };
  }
}

/** An object built in an expression without its schema: `Object{spec: Object.spec{replicas: 3}}`. */
export class ApplyObject extends CelObject {
  readonly type;
  readonly fields: ReadonlyMap<string, CelValue>;

  constructor(typeName: string, fields: ReadonlyMap<string, CelValue>) {
    super();
    this.type = objectType(typeName);
    this.fields = fields;
  }

  /** What is within it is seen as a map: only the type of the object at hand is known when an expression is checked. */
  override field(name: string): CelValue {
    const value = this.fields.get(name) ?? null;
    return value instanceof ApplyObject ? value.asMap() : value;
  }

  override hasField(name: string): boolean {
    return this.fields.has(name);
  }

  equalTo(other: CelValue): boolean | CelError {
    if (!(other instanceof ApplyObject) || other.type.name !== this.type.name) return false;
    if (other.fields.size !== this.fields.size) return false;
    for (const [name, value] of this.fields) {
      const theirs = other.fields.get(name);
      if (theirs === undefined || sameValue(value, theirs) !== true) return false;
    }
    return true;
  }

  override isZero(): boolean {
    return this.fields.size === 0;
  }

  override toJson(): unknown {
    return toJson(this.asMap());
  }

  asMap(): EntryMap {
    const map = new EntryMap();
    for (const name of this.fields.keys()) map.put(name, this.field(name));
    return map;
  }
}

function sameValue(a: CelValue, b: CelValue): boolean | CelError {
  const result = equals(a, b);
  return typeof result === 'boolean' || result instanceof CelError ? result : false;
}

/**
 * The types that expressions of mutating admission policies build values of: `JSONPatch`, `Object` and `Object.x.y`,
 * whose fields may have any name (apiserver pkg/cel/mutation).
 */
export const mutationTypes: StructResolver = (name) => {
  if (name === 'JSONPatch') return PATCH_OPERATION;
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined;
  return {
    type: objectType(name),
    field: () => DYN,
    create: (fields) => new ApplyObject(name, fields),
  };
};

const PATCH_OPERATION: StructType = {
  type: JSON_PATCH_TYPE,
  field(name) {
    if (name === 'value') return DYN;
    return TEXT_FIELDS.has(name) ? STRING : undefined;
  },
  create(fields) {
    for (const [name, value] of fields) {
      if (TEXT_FIELDS.has(name) && typeof value !== 'string') {
        return error(`unexpected type ${goType(value)} for JSONPatchType '${name}' field`);
      }
    }
    return new PatchOperation(fields);
  },
};

/** The type of what Go holds for a value. */
function goType(value: CelValue): string {
  if (value instanceof CelInt) return 'int64';
  if (value instanceof CelUint) return 'uint64';
  if (value instanceof Uint8Array) return '[]uint8';
  if (value === null) return 'structpb.NullValue';
  if (value instanceof CelList) return '[]ref.Val';
  if (value instanceof CelMap) return 'map[ref.Val]ref.Val';
  if (value instanceof CelDuration) return 'time.Duration';
  if (value instanceof CelTimestamp) return 'time.Time';
  return typeof value === 'number'
    ? 'float64'
    : typeof value === 'boolean'
      ? 'bool'
      : 'map[string]interface {}';
}

/**
 * What is wrong with the names of an object's types: `Object.spec` may only be the value of field `spec` of an
 * `Object`, and so on; maps and lists between are not counted. Empty where all is right.
 */
export function typeNameFaults(value: CelValue): string[] {
  const faults: string[] = [];
  const visit = (part: CelValue, path: string): void => {
    if (part instanceof ApplyObject) {
      if (part.type.name !== path) {
        faults.push(
          `unexpected type name "${part.type.name}", expected "${path}", which matches field name path from root Object type`,
        );
      }
      for (const [name, field] of part.fields) visit(field, `${path}.${name}`);
    } else if (part instanceof CelList) for (const item of part) visit(item, path);
    else if (part instanceof EntryMap) for (const key of part.keys()) visit(part.get(key)!, path);
  };
  if (value instanceof ApplyObject) visit(value, value.type.name);
  return faults;
}

/** A value as a JSON patch has it: whole numbers that a double cannot hold are written as text. */
function patchJson(value: CelValue): unknown {
  if (value instanceof CelInt || value instanceof CelUint) {
    return value.big === undefined ? value.n : String(value.big);
  }
  if (value instanceof ApplyObject) return value.toJson();
  if (value instanceof CelList) return Array.from(value, patchJson);
  if (value instanceof CelMap) {
    return Object.fromEntries(
      Array.from(value.keys(), (key) => [String(toJson(key)), patchJson(value.get(key)!)]),
    );
  }
  return toJson(value);
}
