import { child, type FieldError, index, key, required } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';

const isSchema = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whatever `not`, `allOf` and their like restrict has to be described outside of them (pkg/apiserver/schema/complete.go). */
export function completenessErrors(schema: Fields, path: string): FieldError[] {
  return junctors(schema, schema, path, path);
}

function junctors(values: Fields, schema: Fields, path: string, valuePath: string): FieldError[] {
  const errors = nested(values['not'], schema, path, child(valuePath, 'not'));
  for (const name of ['allOf', 'anyOf', 'oneOf'])
    for (const [i, one] of ((values[name] ?? []) as Fields[]).entries())
      errors.push(...nested(one, schema, path, index(child(valuePath, name), i)));
  return errors;
}

function nested(values: unknown, schema: unknown, path: string, valuePath: string): FieldError[] {
  if (!isSchema(values)) return [];
  if (!isSchema(schema)) return [required(path, `because it is defined in ${valuePath}`)];
  const errors = junctors(values, schema, path, valuePath);
  errors.push(...nested(values['items'], schema['items'], child(path, 'items'), child(valuePath, 'items')));
  const properties: Fields = schema['properties'] ?? {};
  for (const [name, property] of Object.entries((values['properties'] ?? {}) as Fields)) {
    const at = key(child(path, 'properties'), name);
    const valueAt = key(child(valuePath, 'properties'), name);
    if (Object.hasOwn(properties, name)) errors.push(...nested(property, properties[name], at, valueAt));
    else errors.push(required(at, `because it is defined in ${valueAt}`));
  }
  return errors;
}
