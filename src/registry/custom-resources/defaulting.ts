import { cloneJson } from '../../meta/clone.ts';
import { put } from '../../schema/apply/schema-node.ts';
import type { Structural } from './structural.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a null stands where the schema wants none. */
const unwantedNull = (value: unknown, schema: Structural | undefined): boolean =>
  value === null && schema !== undefined && !schema.nullable;

/** Sets the schema's defaults; in place. A null that the schema does not allow is as good as nothing (defaulting/algorithm.go). */
export function setDefaults(value: unknown, schema: Structural | undefined): void {
  if (!schema?.hasDefaults) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    for (let i = 0; i < value.length; i++) {
      if (unwantedNull(value[i], items)) value[i] = cloneJson(items.default ?? null);
      setDefaults(value[i], items);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [name, property] of schema.properties ?? []) {
    if (property.default === undefined) continue;
    if (!Object.hasOwn(value, name) || unwantedNull(value[name], property))
      put(value, name, cloneJson(property.default));
  }
  for (const key of Object.keys(value)) {
    const property = schema.properties?.get(key);
    if (property) setDefaults(value[key], property);
    else if (schema.additional) {
      const values = schema.additional.schema;
      if (unwantedNull(value[key], values)) put(value, key, cloneJson(values!.default ?? null));
      setDefaults(value[key], values);
    }
  }
}

/** Removes nulls from objects where the schema allows none and has no default to put there; in place (defaulting/prunenulls.go). */
export function pruneNulls(value: unknown, schema: Structural | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) pruneNulls(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const below = schema.properties?.get(key) ?? schema.additional?.schema;
    if (unwantedNull(value[key], below) && below!.default === undefined) delete value[key];
    else pruneNulls(value[key], below);
  }
}
