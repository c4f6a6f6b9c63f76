import type { Fields } from '../../meta/object.ts';

/** One of x-kubernetes-validations, as a definition has it. */
export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** What stands under additionalProperties: a schema, or merely yes or no. */
export interface Additional {
  readonly schema: Structural | undefined;
}

/**
 * One node of a structural schema, unpacked once for the walks that every request makes: pruning, defaults, list
 * types, CEL (apiextensions-apiserver pkg/apiserver/schema, Structural). What a walk would look for in vain below a
 * node is known beforehand.
 */
export interface Structural {
  readonly type: string;
  readonly nullable: boolean;
  /** Undefined: none. Replaced where defaults are pruned. */
  default: unknown;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly properties: ReadonlyMap<string, Structural> | undefined;
  readonly additional: Additional | undefined;
  readonly items: Structural | undefined;
  readonly rules: readonly ValidationRule[];
  /** The node of openAPIV3Schema: format, bounds, enum and whatever else only validation asks for. */
  readonly values: Fields;
  /** Here or below there are defaults. */
  readonly hasDefaults: boolean;
  /** Here or below there are embedded resources. */
  readonly hasEmbedded: boolean;
  /** Here or below there are sets or map lists. */
  readonly hasUniqueLists: boolean;
  /** Here or below there are rules in CEL. */
  readonly hasRules: boolean;
}

const EMPTY_SCHEMA: Fields = {};

/** Unpacks a schema that has no structural fault. */
export function structural(schema: Fields): Structural {
  const properties = unpackProperties(schema['properties']);
  const additional = unpackAdditional(schema['additionalProperties']);
  const items = isSchema(schema['items']) ? structural(schema['items']) : undefined;
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  const rules: ValidationRule[] = schema['x-kubernetes-validations'] ?? [];
  const value = schema['default'] ?? undefined;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const below = [
    ...(properties?.values() ?? []),
    ...(items ? [items] : []),
    ...(additional?.schema ? [additional.schema] : []),
  ];
  return {
    type: schema['type'] ?? '',
    nullable: schema['nullable'] === true,
    default: value,
    preserveUnknown: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    listType,
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    mapType: schema['x-kubernetes-map-type'],
    properties,
    additional,
    items,
    rules,
    values: schema,
    hasDefaults: value !== undefined || below.some((node) => node.hasDefaults),
    hasEmbedded: embedded || below.some((node) => node.hasEmbedded),
    hasUniqueLists: listType === 'set' || listType === 'map' || below.some((node) => node.hasUniqueLists),
    hasRules: rules.length > 0 || below.some((node) => node.hasRules),
  };
}

const isSchema = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unpackProperties(properties: unknown): ReadonlyMap<string, Structural> | undefined {
  const entries = Object.entries((properties ?? {}) as Record<string, Fields>);
  if (entries.length === 0) return undefined;
  return new Map(entries.map(([name, property]) => [name, structural(property ?? EMPTY_SCHEMA)]));
}

function unpackAdditional(additional: unknown): Additional | undefined {
  if (additional === undefined || additional === null) return undefined;
  return { schema: isSchema(additional) ? structural(additional) : undefined };
}

/** The schema of a whole object, which has kind, apiVersion and metadata whether its definition says so or not. */
export function asResource(schema: Structural | undefined): Structural {
  if (!schema) return { ...structural(EMPTY_SCHEMA), embedded: true, hasEmbedded: true };
  return schema.embedded ? schema : { ...schema, embedded: true, hasEmbedded: true };
}

const UNSUPPORTED: readonly [field: string, words: string][] = [
  ['id', 'id'],
  ['$schema', 'schema'],
  ['$ref', '$ref'],
  ['patternProperties', 'patternProperties'],
  ['dependencies', 'dependencies'],
  ['additionalItems', 'additionalItems'],
  ['definitions', 'definitions'],
];

/**
 * Why a schema cannot be unpacked (pkg/apiserver/schema/convert.go, NewStructural); undefined where it can.
 * Words below `not`, `allOf` and their like count too.
 */
export function structuralFault(schema: Fields | undefined): string | undefined {
  if (!schema) return undefined;
  for (const [field, words] of UNSUPPORTED)
    if (isSet(schema[field])) return `OpenAPIV3Schema '${words}' is not supported`;
  const nested: unknown[] = [
    schema['not'],
    ...(schema['allOf'] ?? []),
    ...(schema['anyOf'] ?? []),
    ...(schema['oneOf'] ?? []),
  ];
  const fault = firstFault(nested);
  if (fault !== undefined) return fault;
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(schema['items']) && schema['items'].length > 0)
    return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  return firstFault([
    schema['items'],
    ...Object.values(schema['properties'] ?? {}),
    schema['additionalProperties'],
  ]);
}

function firstFault(schemas: readonly unknown[]): string | undefined {
  for (const schema of schemas) {
    const fault = isSchema(schema) ? structuralFault(schema) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Array.isArray(value) ? true : Object.keys(value).length > 0;
}
