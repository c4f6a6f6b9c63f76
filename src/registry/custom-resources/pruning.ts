import type { Structural } from './structural.ts';

const META = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes what the schema does not know from an object; in place. Kind, apiVersion and metadata of embedded resources stay
 * (pkg/apiserver/schema/pruning/algorithm.go).
 *
 * @param unknown takes the paths of what is removed, in order
 */
export function prune(object: unknown, schema: Structural | undefined, unknown?: string[]): void {
  if (!unknown) {
    pruneValue(object, schema, undefined, '');
    return;
  }
  const found: string[] = [];
  pruneValue(object, schema, found, '');
  unknown.push(...found.sort());
}

const childPath = (found: string[] | undefined, path: string, key: string): string =>
  found ? (path === '' ? key : `${path}.${key}`) : '';

function pruneValue(
  value: unknown,
  schema: Structural | undefined,
  found: string[] | undefined,
  path: string,
): void {
  if (value === null || typeof value !== 'object') return;
  if (schema?.preserveUnknown) {
    pruneBelow(value, schema, found, path);
    return;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++)
      pruneValue(value[i], schema?.items, found, found ? `${path}[${i}]` : '');
    return;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    if (schema?.embedded && META.has(key)) continue;
    const property = schema?.properties?.get(key);
    if (property) pruneValue(object[key], property, found, childPath(found, path, key));
    else if (schema?.additional)
      pruneValue(object[key], schema.additional.schema, found, childPath(found, path, key));
    else {
      if (!schema || !META.has(key) || path !== '') found?.push(childPath(found, path, key));
      delete object[key];
    }
  }
}

/** Of a node that keeps unknown fields, only what it knows is looked into. */
function pruneBelow(value: object, schema: Structural, found: string[] | undefined, path: string): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (schema.items && item !== null && typeof item === 'object')
        pruneBelow(item, schema.items, found, found ? `${path}[${i}]` : '');
    }
    return;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    if (schema.embedded && META.has(key)) continue;
    const property = schema.properties?.get(key);
    if (property) pruneValue(object[key], property, found, childPath(found, path, key));
    else if (schema.additional)
      pruneValue(object[key], schema.additional.schema, found, childPath(found, path, key));
  }
}
