import {
  child,
  type FieldError,
  forbidden,
  invalid,
  key,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { shownItems } from './internal-json.ts';
import { schemaHas } from './internal-spec.ts';
import { isSchema } from './structural-validation.ts';

/** x-kubernetes-list-type and its like in schemas (pkg/apis/apiextensions/validation). */

const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];
const LIST = 'x-kubernetes-list-type';
const KEYS = 'x-kubernetes-list-map-keys';
const MAP = 'x-kubernetes-map-type';

const listTypeOf = (schema: Fields): string | undefined => schema[LIST] ?? undefined;

export interface ListOptions {
  /** Items of sets are looked at. */
  atomicSets: boolean;
  /** Keys of map lists must be there. */
  mapKeys: boolean;
}

export function listErrors(schema: Fields, path: string, options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  const type: string = schema['type'] ?? '';
  const mapType: string | undefined = schema[MAP] ?? undefined;
  const listType = listTypeOf(schema);
  const items: unknown = schema['items'];
  const mustBe = (wanted: string, why: string): FieldError =>
    type === ''
      ? required(at('type'), `must be ${wanted} if ${why}`)
      : invalid(at('type'), type, `must be ${wanted} if ${why}`);
  if (mapType !== undefined && type !== 'object') errors.push(mustBe('object', `${MAP} is specified`));
  if (mapType !== undefined && !MAP_TYPES.includes(mapType))
    errors.push(notSupported(at(MAP), mapType, MAP_TYPES));
  if (listType !== undefined && type !== 'array') errors.push(mustBe('array', `${LIST} is specified`));
  else if (options.atomicSets && listType === 'set' && isSchema(items))
    errors.push(...setErrors(items, at('items')));
  if (listType !== undefined && !LIST_TYPES.includes(listType))
    errors.push(notSupported(at(LIST), listType, LIST_TYPES));
  const keys: string[] = schema[KEYS] ?? [];
  if (keys.length && listType === undefined)
    errors.push(required(at(LIST), `must be map if ${KEYS} is non-empty`));
  else if (keys.length && listType !== 'map')
    errors.push(invalid(at(LIST), listType, `must be map if ${KEYS} is non-empty`));
  if (listType === 'map') errors.push(...mapErrors(schema, keys, items, path));
  if (options.mapKeys) errors.push(...mapKeyErrors(schema, path));
  return errors;
}

function setErrors(items: Fields, path: string): FieldError[] {
  const why = `must be atomic as item of a list with ${LIST}=set`;
  if (!isNonAtomic(items)) return [];
  const shown = listTypeOf(items) ?? null;
  return [invalid(child(path, items['type'] === 'array' ? LIST : MAP), shown, why)];
}

function isNonAtomic(items: Fields): boolean {
  if (items['type'] === 'array') return (listTypeOf(items) ?? 'atomic') !== 'atomic';
  return items['type'] === 'object' && items[MAP] !== 'atomic';
}

/** Whether a schema has sets of what is no single value. */
export const hasNonAtomicSets = (schema: Fields): boolean =>
  schemaHas(
    schema,
    (node) => listTypeOf(node) === 'set' && isSchema(node['items']) && isNonAtomic(node['items']),
  );

/** Whether a schema has map lists whose keys may be missing. */
export const hasLooseMapKeys = (schema: Fields): boolean =>
  schemaHas(schema, (node) => mapKeyErrors(node, '').length > 0);

function mapErrors(schema: Fields, keys: readonly string[], items: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  if (keys.length === 0) errors.push(required(at(KEYS), `must not be empty if ${LIST} is map`));
  if (items === undefined || items === null) {
    errors.push(required(at('items'), `must have a schema if ${LIST} is map`));
    return errors;
  }
  if (!isSchema(items)) {
    errors.push(invalid(at('items'), shownItems(items), `must only have a single schema if ${LIST} is map`));
    return errors;
  }
  const type: string = items['type'] ?? '';
  if (type !== 'object') {
    errors.push(invalid(child(at('items'), 'type'), type, `must be object if parent array's ${LIST} is map`));
    return errors;
  }
  const properties: Record<string, Fields> = items['properties'] ?? {};
  const seen = new Set<string>();
  for (const name of keys) {
    if (Object.hasOwn(properties, name)) {
      const own: string = properties[name]!['type'] ?? '';
      if (own === 'array' || own === 'object')
        errors.push(
          invalid(
            child(key(child(at('items'), 'properties'), name), 'type'),
            type,
            `must be a scalar type if parent array's ${LIST} is map`,
          ),
        );
    } else errors.push(invalid(at(KEYS), schema[KEYS], 'entries must all be names of item properties'));
    if (seen.has(name)) errors.push(invalid(at(KEYS), schema[KEYS], 'must not contain duplicate entries'));
    seen.add(name);
  }
  return errors;
}

function mapKeyErrors(schema: Fields, path: string): FieldError[] {
  const items: unknown = schema['items'];
  const listType = listTypeOf(schema);
  if (!isSchema(items) || (listType !== 'set' && listType !== 'map')) return [];
  const errors: FieldError[] = [];
  const at = child(path, 'items');
  if (items['nullable'] === true)
    errors.push(forbidden(child(at, 'nullable'), `cannot be nullable when ${LIST} is ${listType}`));
  if (listType === 'set') return errors;
  const properties: Record<string, Fields> = items['properties'] ?? {};
  for (const name of (schema[KEYS] ?? []) as string[]) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!property) continue;
    const place = key(child(at, 'properties'), name);
    const given =
      (items['required'] ?? []).includes(name) || (property['default'] ?? undefined) !== undefined;
    if (!given)
      errors.push(
        required(
          child(place, 'default'),
          `this property is in ${KEYS}, so it must have a default or be a required property`,
        ),
      );
    if (property['nullable'] === true)
      errors.push(
        forbidden(child(place, 'nullable'), `this property is in ${KEYS}, so it cannot be nullable`),
      );
  }
  return errors;
}
