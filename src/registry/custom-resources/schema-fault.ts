import { formatG } from '../../cel/go-float.ts';
import {
  child,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../../meta/field-error.ts';
import { goJson } from '../../meta/go-json.ts';
import { quote } from '../../meta/go-quote.ts';
import { shownValue } from './shown-value.ts';

/** What a value that does not fit its schema is told for, in the words of kube-openapi pkg/validation/errors/schema.go. */
export type SchemaFault =
  | { code: 'type'; name: string; message: string; value: unknown }
  | { code: 'required'; name: string; message: string }
  | { code: 'enum'; name: string; message: string; value: unknown; supported: readonly unknown[] }
  | { code: 'tooLong'; name: string; message: string; max: number }
  | { code: 'tooMany'; name: string; message: string; actual: number; max: number }
  | { code: 'value'; name: string; message: string; value: unknown }
  /** Not of one field: what a combination of schemas has to say. */
  | { code: 'plain'; message: string };

/** Numbers as %v prints them: fractions and bounds are float64. */
const number = (n: number, integer: boolean): string => (integer ? String(n) : formatG(n));

export const wrongType = (name: string, type: string, found: string): SchemaFault => ({
  code: 'type',
  name,
  message: `${name} in body must be of type ${type}: ${quote(found)}`,
  value: found,
});

export const missing = (name: string): SchemaFault => ({
  code: 'required',
  name,
  message: `${name} in body is required`,
});

export const notInEnum = (name: string, value: unknown, supported: readonly unknown[]): SchemaFault => ({
  code: 'enum',
  name,
  message: `${name} in body should be one of [${supported.map(goValue).join(' ')}]`,
  value,
  supported,
});

const goValue = (value: unknown): string => (typeof value === 'string' ? value : goJson(value));

export const overLength = (name: string, max: number): SchemaFault => ({
  code: 'tooLong',
  name,
  message: `${name} in body should be at most ${max} chars long`,
  max,
});

export const underLength = (name: string, min: number, value: string): SchemaFault =>
  ofValue(name, `should be at least ${min} chars long`, value);

export const notMatching = (name: string, pattern: string, value: string): SchemaFault =>
  ofValue(name, `should match '${pattern}'`, value);

export const overItems = (name: string, max: number, actual: number): SchemaFault => ({
  code: 'tooMany',
  name,
  message: `${name} in body should have at most ${max} items`,
  actual,
  max,
});

export const underItems = (name: string, min: number, actual: number): SchemaFault =>
  ofValue(name, `should have at least ${min} items`, actual);

export const notUnique = (name: string): SchemaFault =>
  ofValue(name, "shouldn't contain duplicates", undefined);

export const overProperties = (name: string, max: number, actual: number): SchemaFault => ({
  code: 'tooMany',
  name,
  message: `${name} in body should have at most ${max} properties`,
  actual,
  max,
});

export const underProperties = (name: string, min: number, actual: number): SchemaFault =>
  ofValue(name, `should have at least ${min} properties`, actual);

export const forbiddenProperty = (name: string, property: string): SchemaFault => ({
  code: 'value',
  name,
  message: `${name}.${property} in body is a forbidden property`,
  value: property,
});

export const overMaximum = (
  name: string,
  max: number,
  exclusive: boolean,
  value: number,
  integer: boolean,
): SchemaFault =>
  ofValue(name, `should be less than ${exclusive ? '' : 'or equal to '}${number(max, integer)}`, value);

export const underMinimum = (
  name: string,
  min: number,
  exclusive: boolean,
  value: number,
  integer: boolean,
): SchemaFault =>
  ofValue(name, `should be greater than ${exclusive ? '' : 'or equal to '}${number(min, integer)}`, value);

export const notMultiple = (name: string, factor: number, value: number, integer: boolean): SchemaFault =>
  ofValue(name, `should be a multiple of ${number(factor, integer)}`, value);

export const factorNotPositive = (name: string, factor: number, integer: boolean): SchemaFault => ({
  code: 'value',
  name,
  message: `factor MultipleOf declared for ${name} must be positive: ${number(factor, integer)}`,
  value: factor,
});

export const outOfRange = (what: string, type: string, format: string, name: string): SchemaFault => ({
  code: 'plain',
  message: `${what} value must be of type ${type} ${format === '' ? '(default format)' : `with format ${format}`} in ${name}`,
});

export const noneOfAny = (name: string): SchemaFault =>
  combination(name, 'must validate at least one schema (anyOf)');
export const notOne = (name: string, valid: number): SchemaFault =>
  combination(
    name,
    `must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`,
  );
export const notAll = (name: string, valid: number): SchemaFault =>
  combination(name, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
export const fitsNot = (name: string): SchemaFault => combination(name, 'must not validate the schema (not)');

const combination = (name: string, words: string): SchemaFault => ({
  code: 'plain',
  message: `${quote(name)} ${words}`,
});

function ofValue(name: string, words: string, value: unknown): SchemaFault {
  return { code: 'value', name, message: `${name} in body ${words}`, value };
}

/** A fault as a field's; `path` is where the validated value stands, empty for an object itself (validation.go, kubeOpenAPIResultToFieldErrors). */
export function fieldErrorOf(fault: SchemaFault, path: string): FieldError {
  const whole = path === '' ? '<nil>' : path;
  if (fault.code === 'plain') return invalid(whole, '', fault.message);
  const name = fault.name.startsWith('.') ? fault.name.slice(1) : fault.name;
  const at = name === '' ? whole : child(path, name);
  switch (fault.code) {
    case 'required':
      return required(at);
    case 'enum':
      return notSupported(at, shownValue(fault.value), fault.supported.map(goValue));
    case 'tooLong':
      return tooLong(at, fault.max);
    case 'tooMany':
      return tooMany(at, fault.actual, fault.max);
    case 'type':
      return typeInvalid(at, fault.value, fault.message);
    case 'value':
      return invalid(at, shownValue(fault.value ?? ''), fault.message);
  }
}
