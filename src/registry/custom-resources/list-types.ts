import { child, duplicate, type FieldError, index, invalid, key } from '../../meta/field-error.ts';
import { goJson } from '../../meta/go-json.ts';
import { shownValue } from './shown-value.ts';
import type { Structural } from './structural.ts';

/** Items of sets that are there twice, and items of map lists with the same keys (pkg/apiserver/schema/listtype/validation.go). */
export function listTypeErrors(object: unknown, schema: Structural | undefined, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  if (schema) walk(object, schema, path, errors);
  return errors;
}

function walk(value: unknown, schema: Structural, path: string, errors: FieldError[]): void {
  if (!schema.hasUniqueLists || value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    if (schema.listType === 'set') {
      for (const i of repeated(value)) errors.push(duplicate(index(path, i), shownValue(value[i])));
    } else if (schema.listType === 'map') mapListErrors(value, schema, path, errors);
    if (schema.items)
      for (let i = 0; i < value.length; i++) walk(value[i], schema.items, index(path, i), errors);
    return;
  }
  const object = value as Record<string, unknown>;
  const values = schema.additional?.schema;
  for (const name of Object.keys(object)) {
    if (values) walk(object[name], values, key(path, name), errors);
    const property = schema.properties?.get(name);
    if (property) walk(object[name], property, child(path, name), errors);
  }
}

/** The second places at which values stand. Scalars of different types are never one. */
function repeated(values: readonly unknown[]): number[] {
  if (values.length < 2) return [];
  const seen = new Map<unknown, number>();
  const out: number[] = [];
  values.forEach((value, i) => {
    const identity = value !== null && typeof value === 'object' ? `\u0000${goJson(value)}` : value;
    const times = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, times);
    if (times === 2) out.push(i);
  });
  return out;
}

function mapListErrors(
  items: readonly unknown[],
  schema: Structural,
  path: string,
  errors: FieldError[],
): void {
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item === null || (typeof item === 'object' && !Array.isArray(item))) continue;
    errors.push(invalid(index(path, i), shownValue(item), 'must be an object for an array of list-type map'));
    return;
  }
  const keys = items.map((item) => keysOf(item as Record<string, unknown> | null, schema.listMapKeys));
  for (const i of repeated(keys)) errors.push(duplicate(index(path, i), shownValue(keys[i])));
}

function keysOf(item: Record<string, unknown> | null, names: readonly string[]): Record<string, unknown> {
  const keys: Record<string, unknown> = {};
  for (const name of names) if (item && Object.hasOwn(item, name)) keys[name] = item[name];
  return keys;
}
