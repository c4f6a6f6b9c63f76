import type { SchemaField, SchemaNode } from '../apply/schema-node.ts';
import { notASlice, notAStruct, unknownField } from './strategic-errors.ts';

/** What a type says of how one of its fields is merged (strategicpatch/meta.go, third_party/forked/golang/json). */

/** Throws where the type is no struct, or has no such field. */
export function patchField(schema: SchemaNode | undefined, key: string): SchemaField {
  const fields = schema?.map?.fields;
  if (!schema || !fields) {
    // JSON and RawExtension are structs without fields of their own.
    throw schema?.name && schema.scalar === 'untyped'
      ? unknownField(schema.name, key)
      : notAStruct(goKind(schema));
  }
  const field =
    fields.get(key) ?? [...fields.values()].find((f) => f.name.toLowerCase() === key.toLowerCase());
  if (!field) throw unknownField(schema.name, key);
  return field;
}

/** The same for a field that a list is to be merged into. */
export function listField(schema: SchemaNode | undefined, key: string): SchemaField {
  const field = patchField(schema, key);
  if (!field.node.list) throw notASlice('struct');
  return field;
}

export const itemNode = (field: SchemaField): SchemaNode | undefined => field.node.list?.element;

function goKind(schema: SchemaNode | undefined): string {
  if (schema?.map) return schema.map.fields ? 'struct' : 'map';
  if (schema?.list) return 'slice';
  return schema?.scalar === 'boolean' ? 'bool' : schema?.scalar === 'numeric' ? 'int32' : 'string';
}

/** The strategy beside retainKeys. */
export const strategyOf = (field: SchemaField): string =>
  field.patchStrategies.find((strategy) => strategy !== 'retainKeys') ?? '';
