import { RE2JS } from 're2js';
import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  errorText,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  required,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { completenessErrors } from './structural-completeness.ts';

/** What makes a schema structural (apiextensions-apiserver pkg/apiserver/schema/validation.go). */

type Level = 'root' | 'item' | 'field';

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
const EMPTY: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

export const isSchema = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Faults of a schema that can be unpacked (`structuralFault` says so), in the order of their texts. */
export function structuralErrors(schema: Fields, path: string): FieldError[] {
  const errors = [...invariants(schema, 'root', path), ...completenessErrors(schema, path)];
  return errors
    .map((error) => ({ error, text: errorText(error) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ error }) => error);
}

function invariants(schema: unknown, level: Level, path: string): FieldError[] {
  if (!isSchema(schema)) return [];
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  const type: string = schema['type'] ?? '';
  const { items, additionalProperties: additional } = schema;
  const properties: Record<string, Fields> = schema['properties'] ?? {};
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === 'array' && !isSchema(items)) errors.push(required(at('items'), 'must be specified'));
  errors.push(...invariants(items, 'item', at('items')));
  for (const [name, property] of Object.entries(properties))
    errors.push(...invariants(property, 'field', key(at('properties'), name)));
  const hasAdditional = additional !== undefined && additional !== null;
  if (hasAdditional && level === 'root')
    errors.push(forbidden(at('additionalProperties'), 'must not be used at the root'));
  errors.push(...invariants(additional, 'field', at('additionalProperties')));
  const unlike = 'must be false if x-kubernetes-int-or-string is true';
  if (intOrString && preserves)
    errors.push(invalid(at('x-kubernetes-preserve-unknown-fields'), true, unlike));
  if (intOrString && embedded) errors.push(invalid(at('x-kubernetes-embedded-resource'), true, unlike));
  errors.push(
    ...valueErrors(
      schema,
      deepEqual(schema['anyOf'], INT_OR_STRING),
      deepEqual(schema['allOf']?.[0]?.anyOf, INT_OR_STRING),
      level,
      path,
    ),
  );
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(at('type'), why) : invalid(at('type'), type, why));
  } else if (type === '' && !intOrString && !preserves) errors.push(required(at('type'), EMPTY[level]));
  if (embedded && hasAdditional)
    errors.push(
      forbidden(at('additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'),
    );
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalid(at('type'), type, 'must be object at the root'));
  errors.push(...metaErrors(properties, level === 'root' || embedded, level, path));
  if (embedded && !preserves && Object.keys(properties).length === 0)
    errors.push(
      required(
        at('properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  return errors;
}

function metaErrors(
  properties: Record<string, Fields>,
  checked: boolean,
  level: Level,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => key(child(path, 'properties'), name);
  const own = (name: string): Fields | undefined =>
    Object.hasOwn(properties, name) ? properties[name] : undefined;
  for (const name of ['kind', 'apiVersion']) {
    const property = own(name);
    if (property && checked && property['type'] !== 'string')
      errors.push(invalid(child(at(name), 'type'), property['type'] ?? '', 'must be string'));
  }
  const metadata = own('metadata');
  if (!metadata) return errors;
  if (checked && metadata['type'] !== 'object')
    errors.push(invalid(child(at('metadata'), 'type'), metadata['type'] ?? '', 'must be object'));
  if (level === 'root' && restrictsMetadata(metadata))
    errors.push(
      forbidden(
        at('metadata'),
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  return errors;
}

function restrictsMetadata(metadata: Fields): boolean {
  const { type: _type, default: _default, properties, ...rest } = metadata;
  const names = Object.keys(properties ?? {});
  if (names.some((name) => name !== 'name' && name !== 'generateName')) return true;
  return Object.values(rest).some(isSet);
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function valueErrors(
  schema: Fields,
  skipAnyOf: boolean,
  skipFirst: boolean,
  level: Level,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const each = (name: string, skip: (i: number) => boolean): void => {
    for (const [i, one] of ((schema[name] ?? []) as Fields[]).entries())
      errors.push(...nestedErrors(one, skip(i), level, index(child(path, name), i)));
  };
  if (!skipAnyOf) each('anyOf', () => false);
  each('allOf', (i) => skipFirst && i === 0);
  each('oneOf', () => false);
  errors.push(...nestedErrors(schema['not'], false, level, child(path, 'not')));
  const pattern: string = schema['pattern'] ?? '';
  const fault = pattern === '' ? undefined : patternFault(pattern);
  if (fault !== undefined)
    errors.push(
      invalid(child(path, 'pattern'), pattern, `must be a valid regular expression, but isn't: ${fault}`),
    );
  return errors;
}

function patternFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const FORBIDDEN: readonly [field: string, words: string][] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

/** Whether a field that no nested schema may have is there. */
function isThere(field: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (field === 'default' || field === 'x-kubernetes-list-type' || field === 'x-kubernetes-map-type')
    return true;
  if (field === 'additionalProperties') return value !== false;
  if (Array.isArray(value)) return value.length > 0;
  return value !== '' && value !== false;
}

/** Below `not`, `allOf` and their like stands what restricts values, and nothing that describes them. */
function nestedErrors(schema: unknown, skipAnyOf: boolean, level: Level, path: string): FieldError[] {
  if (!isSchema(schema)) return [];
  const errors = valueErrors(schema, skipAnyOf, false, level, path);
  errors.push(...nestedErrors(schema['items'], false, level, child(path, 'items')));
  const properties: Record<string, Fields> = schema['properties'] ?? {};
  for (const [name, property] of Object.entries(properties))
    errors.push(...nestedErrors(property, false, 'field', key(child(path, 'properties'), name)));
  for (const [field, words] of FORBIDDEN)
    if (isThere(field, schema[field])) errors.push(forbidden(child(path, field), words));
  if (Object.hasOwn(properties, 'metadata'))
    errors.push(
      forbidden(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'),
    );
  return errors;
}
