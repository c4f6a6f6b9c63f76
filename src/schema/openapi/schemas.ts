import type { GroupVersionKind } from '../../meta/object.ts';
import { type Field, type Scalar, type TypeDefinition, type TypeNode, typeTable } from '../type-table.ts';
import { modelName } from './names.ts';

export type OpenApiVersion = 2 | 3;
export type Schema = Record<string, unknown>;

/** Schemas of the table's types, as OpenAPI 2 or 3 writes them. */
export const REFS: Readonly<Record<OpenApiVersion, string>> = {
  2: '#/definitions/',
  3: '#/components/schemas/',
};

/** Types that stand as models of their own though the table has no fields for them. */
const SCALAR_MODELS: Partial<Record<Scalar, string>> = {
  time: 'meta/v1.Time',
  microTime: 'meta/v1.MicroTime',
  duration: 'meta/v1.Duration',
  fieldsV1: 'meta/v1.FieldsV1',
  quantity: 'api/resource.Quantity',
  intOrString: 'util/intstr.IntOrString',
  rawExtension: 'runtime/RawExtension',
  json: 'apiextensions/v1.JSON',
  schemaOrArray: 'apiextensions/v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'apiextensions/v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'apiextensions/v1.JSONSchemaPropsOrStringArray',
};

const PLAIN: Partial<Record<Scalar, Schema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

/** Every name that `modelSchema` knows: the published types and the scalars among them. */
export function publishedNames(): string[] {
  const types = typeTable.names().filter((name) => typeTable.type(name).published);
  return [
    ...types,
    ...Object.values(SCALAR_MODELS).filter((name) => name !== 'meta/v1.Duration'),
    'meta/v1.Patch',
  ];
}

/** The schema of a type by the table's name. `gvks` are the kinds it travels as, where they are not the table's. */
export function modelSchema(
  name: string,
  version: OpenApiVersion,
  gvks?: readonly GroupVersionKind[],
): Schema {
  const scalar = scalarModel(name, version);
  if (scalar) return scalar;
  const type = typeTable.type(name);
  const properties: Schema = {};
  for (const field of type.fields) properties[field.name] = fieldSchema(field, version);
  const required = type.fields.filter((field) => field.required).map((field) => field.name);
  const kinds = gvks ?? type.kinds;
  return {
    type: 'object',
    ...(required.length ? { required } : {}),
    ...(type.fields.length ? { properties } : {}),
    ...(kinds.length ? { 'x-kubernetes-group-version-kind': kinds } : {}),
    ...(type.mapType ? { 'x-kubernetes-map-type': type.mapType } : {}),
    ...(type.unions.length ? { 'x-kubernetes-unions': unionsOf(type) } : {}),
  };
}

/** Names of the types that a type's schema refers to. */
export function referredTypes(name: string): string[] {
  const type = typeTable.find(name);
  return type ? type.fields.flatMap((field) => namesIn(field.node)) : [];
}

function namesIn(node: TypeNode): string[] {
  switch (node.kind) {
    case 'struct':
      return [node.name];
    case 'list':
      return namesIn(node.items);
    case 'map':
      return namesIn(node.values);
  }
  const model = SCALAR_MODELS[node.scalar];
  return model === undefined ? [] : [model];
}

function unionsOf(type: TypeDefinition): Schema[] {
  return type.unions.map((union) => ({
    ...(union.discriminator === '' ? {} : { discriminator: union.discriminator }),
    'fields-to-discriminateBy': union.fields,
  }));
}

function fieldSchema(field: Field, version: OpenApiVersion): Schema {
  const schema = nodeSchema(field.node, version);
  const beside: Schema = {
    // Defaults are told in version 3 alone.
    ...(version === 3 && field.hasDefault ? { default: field.default } : {}),
    ...(field.enum ? { enum: field.enum } : {}),
    ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.listMapKeys ? { 'x-kubernetes-list-map-keys': field.listMapKeys } : {}),
    ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
    ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
    ...(field.patchStrategy.length ? { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') } : {}),
  };
  // Beside a reference version 3 lets nothing stand.
  if (version === 3 && '$ref' in schema && Object.keys(beside).length) return { allOf: [schema], ...beside };
  return { ...schema, ...beside };
}

function nodeSchema(node: TypeNode, version: OpenApiVersion): Schema {
  switch (node.kind) {
    case 'struct':
      return { $ref: REFS[version] + modelName(node.name) };
    case 'list':
      return { type: 'array', items: nodeSchema(node.items, version) };
    case 'map':
      return { type: 'object', additionalProperties: nodeSchema(node.values, version) };
  }
  const model = SCALAR_MODELS[node.scalar];
  return model ? { $ref: REFS[version] + modelName(model) } : { ...PLAIN[node.scalar] };
}

function scalarModel(name: string, version: OpenApiVersion): Schema | undefined {
  switch (name) {
    case 'meta/v1.Time':
    case 'meta/v1.MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'meta/v1.Duration':
      return { type: 'string' };
    case 'meta/v1.FieldsV1':
    case 'meta/v1.Patch':
    case 'runtime/RawExtension':
      return { type: 'object' };
    case 'api/resource.Quantity':
      return version === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] };
    case 'util/intstr.IntOrString':
      if (version === 2) return { type: 'string', format: 'int-or-string' };
      return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
    case 'apiextensions/v1.JSON':
    case 'apiextensions/v1.JSONSchemaPropsOrArray':
    case 'apiextensions/v1.JSONSchemaPropsOrBool':
    case 'apiextensions/v1.JSONSchemaPropsOrStringArray':
      return {};
  }
  return undefined;
}
