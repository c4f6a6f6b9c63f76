import type { SizeEstimator } from './cost-estimate.ts';
import type { StructType } from './environment.ts';
import { escapeName, isReservedName } from './escaping.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  objectType,
  STRING,
  TIMESTAMP,
} from './types.ts';

/** An OpenAPI schema, as far as CEL looks at it (CRDs' structural schemas and built-in kinds alike). */
export interface CelSchema {
  type?: string;
  format?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: readonly unknown[];
  properties?: Readonly<Record<string, CelSchema>>;
  /** `true` stands for a schema that takes everything. */
  additionalProperties?: boolean | CelSchema;
  items?: CelSchema;
  required?: readonly string[];
  maxItems?: number;
  maxLength?: number;
  maxProperties?: number;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
}

/** A CEL type that knows how large its values can get (apiserver pkg/cel/types.go DeclType). */
export interface DeclType {
  /** `object` until a name is assigned; expressions see assigned names in messages alone. */
  readonly name: string;
  readonly celType: CelType;
  /** Of objects, by escaped name. */
  readonly fields?: ReadonlyMap<string, DeclType>;
  /** Of maps. */
  readonly key?: DeclType;
  /** Of lists and maps. */
  readonly element?: DeclType;
  /** The most elements, entries, characters or bytes there can be. */
  readonly maxElements: number;
  /** The least bytes a value takes in JSON. */
  readonly minSerializedSize: number;
}

/** The most bytes a request's body may have (apiserver pkg/apis/cel/config.go). */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const MAX_TEXT = MAX_REQUEST_BYTES - 2;

function simple(name: string, celType: CelType, minSerializedSize: number, maxElements = 0): DeclType {
  return { name, celType, minSerializedSize, maxElements };
}

const BOOL_DECL = simple('bool', BOOL, 4);
const INT_DECL = simple('int', INT, 1);
const DOUBLE_DECL = simple('double', DOUBLE, 1);
const STRING_DECL = simple('string', STRING, 2);

export function listDecl(element: DeclType, maxElements: number): DeclType {
  return { name: 'list', element, maxElements, celType: listType(element.celType), minSerializedSize: 2 };
}

export function mapDecl(key: DeclType, element: DeclType, maxElements: number): DeclType {
  return {
    name: 'map',
    key,
    element,
    maxElements,
    celType: mapType(key.celType, element.celType),
    minSerializedSize: 2,
  };
}

/** An object type of a name; fields by the names expressions use. */
export function objectDecl(
  name: string,
  fields: ReadonlyMap<string, DeclType>,
  minSerializedSize = 2,
): DeclType {
  return { name, fields, celType: objectType(name), maxElements: 0, minSerializedSize };
}

const META: CelSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
};

/** An embedded or root resource has apiVersion, kind and the names in its metadata, whatever its schema says. */
export function withTypeAndObjectMeta(schema: CelSchema): CelSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const names = metadata?.properties;
  if (
    kind?.type === 'string' &&
    apiVersion?.type === 'string' &&
    metadata?.type === 'object' &&
    names?.['name']?.type === 'string' &&
    names['generateName']?.type === 'string'
  ) {
    return schema;
  }
  return {
    ...schema,
    properties: {
      ...schema.properties,
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: META,
    },
  };
}

const atLeastZero = (n: number): number => Math.max(0, n);

/** The schema of a map's values; undefined if the schema is of no map. */
export function valuesSchema(schema: CelSchema): CelSchema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/**
 * The type of what a schema describes; undefined where CEL cannot see it (no type, lists without items)
 * (apiserver pkg/cel/common/schemas.go).
 */
export function schemaDeclType(given: CelSchema, isResourceRoot = false): DeclType | undefined {
  if (given['x-kubernetes-int-or-string']) {
    return simple('dyn', DYN, 1, given.maxLength === undefined ? MAX_TEXT : atLeastZero(given.maxLength) * 4);
  }
  const schema = isResourceRoot ? withTypeAndObjectMeta(given) : given;
  const nested = (inner: CelSchema): DeclType | undefined =>
    schemaDeclType(inner, inner['x-kubernetes-embedded-resource'] ?? false);
  switch (schema.type) {
    case 'array': {
      const element = schema.items && nested(schema.items);
      if (!element) return undefined;
      const most = schema.maxItems ?? Math.floor(MAX_TEXT / (element.minSerializedSize + 1));
      return listDecl(element, atLeastZero(most));
    }
    case 'object': {
      const values = valuesSchema(schema);
      if (!values) return propertiesDecl(schema, nested);
      const element = nested(values);
      if (!element) return undefined;
      const most = schema.maxProperties ?? Math.floor(MAX_TEXT / (element.minSerializedSize + 6));
      return mapDecl(STRING_DECL, element, atLeastZero(most));
    }
    case 'string':
      return textDecl(schema);
    case 'boolean':
      return BOOL_DECL;
    case 'number':
      return DOUBLE_DECL;
    case 'integer':
      return INT_DECL;
    default:
      return undefined;
  }
}

function propertiesDecl(schema: CelSchema, nested: (schema: CelSchema) => DeclType | undefined): DeclType {
  const fields = new Map<string, DeclType>();
  let size = 2;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = nested(property);
    if (!type) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    const required = schema.required?.includes(name) && property.default === undefined;
    if (required) size += Buffer.byteLength(name) + type.minSerializedSize + 4;
  }
  return objectDecl('object', fields, size);
}

function textDecl(schema: CelSchema): DeclType {
  switch (schema.format) {
    case 'byte':
      return simple(
        'bytes',
        BYTES,
        2,
        schema.maxLength === undefined ? MAX_TEXT : atLeastZero(schema.maxLength),
      );
    case 'duration':
      return simple('duration', DURATION, 3, 32);
    case 'date':
      return simple('timestamp', TIMESTAMP, 12, 12);
    case 'date-time':
      return simple('timestamp', TIMESTAMP, 21, 32);
    default:
  }
  let most = MAX_TEXT;
  // Characters may take four bytes each.
  if (schema.maxLength !== undefined) most = atLeastZero(schema.maxLength) * 4;
  else if (schema.enum && schema.enum.length > 0) {
    most = Math.max(0, ...schema.enum.map((v) => (typeof v === 'string' ? Buffer.byteLength(v) : 0)));
  }
  return simple('string', STRING, 2, most);
}

/**
 * Gives names to the objects within a type: the root's, and below it those of the ways to them. The name must not be
 * a variable's: `self.spec` would then mean the type.
 */
export function assignTypeName(type: DeclType, name: string): DeclType {
  if (type.fields) {
    const own = type.name === 'object' ? name : type.name;
    const fields = new Map(
      [...type.fields].map(([field, t]) => [field, assignTypeName(t, `${own}.${field}`)]),
    );
    return objectDecl(own, fields, type.minSerializedSize);
  }
  if (!type.element) return type;
  if (type.key) return mapDecl(type.key, assignTypeName(type.element, `${name}.@elem`), type.maxElements);
  return listDecl(assignTypeName(type.element, `${name}.@idx`), type.maxElements);
}

/** All object types within a type, as an environment takes them. */
export function structTypes(root: DeclType): StructType[] {
  const found = new Map<string, StructType>();
  const visit = (type: DeclType): void => {
    if (type.fields && !found.has(type.name)) {
      const { fields } = type;
      found.set(type.name, {
        type: type.celType,
        // A field named like a keyword is declared escaped, and may be selected either way.
        field: (name) =>
          (fields.get(name) ?? (isReservedName(name) ? fields.get(`__${name}__`) : undefined))?.celType,
      });
      for (const field of fields.values()) visit(field);
    }
    if (type.element) visit(type.element);
  };
  visit(root);
  return [...found.values()];
}

/** Sizes of what is reached from a variable of a type, for estimates of costs. All variables are of that type. */
export function declaredSizes(root: DeclType): SizeEstimator {
  return (node) => {
    if (!node.path || node.path.length === 0) return undefined;
    let type: DeclType | undefined = root;
    for (const step of node.path.slice(1)) {
      if (step === '@items' || step === '@values') type = type.element;
      else if (step === '@keys') type = type.key;
      else type = type.fields?.get(step);
      if (!type) return undefined;
    }
    return { min: 0, max: type.maxElements };
  };
}

/** How often a value of a type can occur in one request at the most. */
export function maxCardinality(type: DeclType): number {
  return Math.floor(MAX_REQUEST_BYTES / (type.minSerializedSize + 1));
}
