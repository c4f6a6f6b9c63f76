import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  notSupported,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import type { CelContext } from './cel-context.ts';
import { type ListOptions, listErrors } from './list-validation.ts';
import { expressionErrors, ruleErrors } from './rules-validation.ts';
import { isSchema } from './structural-validation.ts';

/** Faults of openAPIV3Schema, one node after the other (pkg/apis/apiextensions/validation, ValidateCustomResourceDefinitionOpenAPISchema). */

export const OPENAPI_TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const META = new Set(['apiVersion', 'kind', 'metadata']);

export interface OpenApiOptions extends ListOptions {
  validTypes: boolean;
  lenientCosts: boolean;
}

/** What a node has to know of those above it. */
interface Scope {
  root: boolean;
  /** Why there may be no defaults; undefined: there may. */
  noDefaults: string | undefined;
  insideMeta: boolean;
  uncorrelated: string | undefined;
}

const ROOT: Scope = { root: true, noDefaults: undefined, insideMeta: false, uncorrelated: undefined };

/** Faults of expressions are told after all others, and are looked for only where the schema below is right. */
interface Found {
  schema: FieldError[];
  expressions: FieldError[];
}

/** `context`: absent where the schema is not structural, and expressions are let be. */
export function openApiErrors(
  schema: Fields,
  path: string,
  options: OpenApiOptions,
  context: CelContext | undefined,
): FieldError[] {
  const found = visit(schema, path, ROOT, options, context);
  return [...found.schema, ...found.expressions];
}

function visit(
  schema: unknown,
  path: string,
  scope: Scope,
  options: OpenApiOptions,
  context: CelContext | undefined,
): Found {
  const found: Found = { schema: [], expressions: [] };
  if (!isSchema(schema)) return found;
  const at = (name: string): string => child(path, name);
  const inside = (nested: unknown, where: string, below: Scope, own?: CelContext): void => {
    const { schema: faults, expressions } = visit(nested, where, { ...below, root: false }, options, own);
    found.schema.push(...faults);
    found.expressions.push(...expressions);
  };
  found.schema.push(...ownErrors(schema, path, scope, options));
  if (schema['uniqueItems'] === true)
    found.schema.push(
      forbidden(
        at('uniqueItems'),
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  const additional: unknown = schema['additionalProperties'];
  const properties: Record<string, Fields> = schema['properties'] ?? {};
  if (additional !== undefined && additional !== null) {
    if (Object.keys(properties).length && additional !== true)
      found.schema.push(
        forbidden(at('additionalProperties'), 'additionalProperties and properties are mutual exclusive'),
      );
    const noDefaults = 'inside additionalProperties applying to object metadata';
    inside(
      additional,
      at('additionalProperties'),
      scope.insideMeta ? { ...scope, noDefaults } : scope,
      context?.additional(),
    );
  }
  for (const name of Object.keys(properties).sort())
    inside(
      properties[name],
      key(at('properties'), name),
      ofProperty(schema, name, path, scope),
      context?.property(name),
    );
  inside(schema['not'], at('not'), scope);
  for (const name of ['allOf', 'oneOf', 'anyOf'])
    for (const [i, one] of ((schema[name] ?? []) as Fields[]).entries())
      inside(one, index(at(name), i), scope);
  for (const [name, one] of Object.entries((schema['definitions'] ?? {}) as Fields))
    inside(one, key(at('definitions'), name), scope);
  const items: unknown = schema['items'];
  const itemScope = schema['x-kubernetes-list-type'] === 'map' ? scope : uncorrelated(scope, path);
  if (Array.isArray(items))
    for (const [i, one] of items.entries()) inside(one, index(at('items'), i), itemScope);
  else inside(items, at('items'), itemScope, context?.items());
  for (const [name, one] of Object.entries((schema['dependencies'] ?? {}) as Fields))
    inside(one, key(at('dependencies'), name), scope);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    found.schema.push(
      invalid(at('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'),
    );
  found.schema.push(...listErrors(schema, path, options), ...ruleErrors(schema, path));
  const hasRules = (schema['x-kubernetes-validations'] ?? []).length > 0;
  if (hasRules && context && found.schema.length === 0)
    found.expressions.push(
      ...expressionErrors(context, path, {
        lenientCosts: options.lenientCosts,
        uncorrelated: scope.uncorrelated,
      }),
    );
  return found;
}

/** The highest part that cannot be correlated is the one that is told. */
const uncorrelated = (scope: Scope, path: string): Scope =>
  scope.uncorrelated === undefined ? { ...scope, uncorrelated: path } : scope;

function ofProperty(schema: Fields, name: string, path: string, scope: Scope): Scope {
  const mapType: string = schema['x-kubernetes-map-type'] ?? 'granular';
  let below = mapType === 'granular' || mapType === 'atomic' ? scope : uncorrelated(scope, path);
  if ((scope.root || schema['x-kubernetes-embedded-resource'] === true) && META.has(name)) {
    below = { ...below, insideMeta: true };
    if (scope.root) below = { ...below, noDefaults: `in top-level ${name}` };
  }
  return below;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;
const isFilled = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** What a structural schema has no place for. */
function ownErrors(schema: Fields, path: string, scope: Scope, { validTypes }: OpenApiOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  const type: string = schema['type'] ?? '';
  const refuse = (name: string, why = `${name} is not supported`): void =>
    void errors.push(forbidden(at(name), why));
  if (validTypes && type !== '' && !OPENAPI_TYPES.includes(type))
    errors.push(notSupported(at('type'), type, OPENAPI_TYPES));
  if (isSet(schema['default']) && scope.noDefaults !== undefined)
    refuse('default', `must not be set ${scope.noDefaults}`);
  if (schema['id']) refuse('id');
  if (isSet(schema['additionalItems'])) refuse('additionalItems');
  if (isFilled(schema['patternProperties'])) refuse('patternProperties');
  if (isFilled(schema['definitions'])) refuse('definitions');
  if (isSet(schema['dependencies'])) refuse('dependencies');
  if (isSet(schema['$ref'])) refuse('$ref');
  if (type === 'null') refuse('type', 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema['items']) && schema['items'].length)
    refuse('items', 'items must be a schema object and not an array');
  if (scope.insideMeta && schema['x-kubernetes-embedded-resource'] === true)
    refuse('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  return errors;
}
