import type { Field, Scalar, TypeDefinition, TypeNode } from './type-table.ts';

/**
 * What decoding an object into its Go type and encoding it again makes of it. Go's structs are always there, so a
 * Pod without a status has one, empty; empty lists, maps and zero values go where their field says omitempty, and
 * where it does not a missing list is null (encoding/json, and the protobuf round trip that everything stored makes).
 */
type Fields = Record<string, unknown>;

/** The normal form of a decoded object, its fields in the order in which kube-apiserver writes them. */
export function normalize(object: Fields, type: TypeDefinition): Fields {
  const result: Fields = {};
  for (const field of type.fields) {
    const value = normalizeField(object[field.name] ?? undefined, field);
    if (value !== undefined) result[field.name] = value;
  }
  return result;
}

/** As `normalize`, changing the object itself. */
export function normalizeInPlace(object: Fields, type: TypeDefinition): void {
  for (const key in object) if (!type.byName.has(key)) delete object[key];
  for (const field of type.fields) {
    const value = normalizeField(object[field.name] ?? undefined, field);
    if (value !== undefined) object[field.name] = value;
    else if (field.name in object) delete object[field.name];
  }
}

/** undefined stands for a field that is left out. */
function normalizeField(value: unknown, field: Field): unknown {
  const { node } = field;
  switch (node.kind) {
    case 'list':
      if (value === undefined || (value as unknown[]).length === 0) return field.omitEmpty ? undefined : null;
      return normalizeItems(value as unknown[], node.items);
    case 'map':
      if (value === undefined || isEmpty(value as Fields)) return field.omitEmpty ? undefined : null;
      return normalizeValues(value as Fields, node.values);
    case 'struct':
      if (value !== undefined) return normalize(value as Fields, node.type);
      if (!field.pointer) return normalize({}, node.type);
      return field.omitEmpty ? undefined : null;
  }
  if (value === undefined) {
    if (field.pointer) return field.omitEmpty ? undefined : null;
    if (field.omitZero) return undefined;
    if (field.omitEmpty && !STRUCTS.has(node.scalar)) return undefined;
    return zeroOf(node.scalar);
  }
  if (
    field.omitEmpty &&
    !field.pointer &&
    (value === '' || value === 0 || value === false) &&
    !STRUCTS.has(node.scalar)
  ) {
    return undefined;
  }
  return value;
}

function normalizeItems(items: unknown[], node: TypeNode): unknown[] {
  if (node.kind !== 'struct') return items;
  const type = node.type;
  return items.map((item) => normalize((item ?? {}) as Fields, type));
}

function normalizeValues(map: Fields, node: TypeNode): Fields {
  if (node.kind !== 'struct') return map;
  const type = node.type;
  return Object.fromEntries(
    Object.entries(map).map(([key, item]) => [key, normalize((item ?? {}) as Fields, type)]),
  );
}

/** Go structs, which omitempty never finds empty. */
const STRUCTS: ReadonlySet<Scalar> = new Set([
  'time',
  'microTime',
  'duration',
  'quantity',
  'intOrString',
  'fieldsV1',
  'rawExtension',
  'json',
]);

/** What an unset value that must be written is written as. */
function zeroOf(scalar: Scalar): unknown {
  switch (scalar) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    default:
      return null;
  }
}

function isEmpty(map: Fields): boolean {
  for (const _ in map) return false;
  return true;
}
