import type { GroupVersionKind } from '../../meta/object.ts';
import { modelName } from './names.ts';
import { type OpenApiVersion, REFS, type Schema } from './schemas.ts';

/** A custom resource as documents show it. */
export interface CustomResource extends GroupVersionKind {
  plural: string;
  listKind: string;
  namespaced: boolean;
  /** `status` and `scale`, where the definition has them. */
  subresources: readonly ('status' | 'scale')[];
  /** The version's openAPIV3Schema; undefined where it has none. */
  schema: Schema | undefined;
}

/** Words of JSON schema that OpenAPI 2 does not know. */
const UNKNOWN_TO_V2 = ['oneOf', 'anyOf', 'allOf', 'not', 'nullable', 'default', 'x-kubernetes-validations'];

/** The schema of a custom kind, with what every object has. */
export function customSchema(resource: CustomResource, version: OpenApiVersion): Schema {
  const { group, kind } = resource;
  const gvk = [{ group, version: resource.version, kind }];
  const own = adapted(resource.schema ?? { type: 'object' }, version);
  if (own['x-kubernetes-preserve-unknown-fields'] && !own['properties']) {
    return { type: 'object', 'x-kubernetes-group-version-kind': gvk };
  }
  return {
    ...own,
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...(own['properties'] as Schema | undefined),
      metadata: metadata('meta/v1.ObjectMeta', version),
    },
    'x-kubernetes-group-version-kind': gvk,
  };
}

/** The schema of the list of a custom kind. */
export function customListSchema(
  resource: CustomResource,
  itemName: string,
  version: OpenApiVersion,
): Schema {
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { $ref: REFS[version] + itemName } },
      kind: { type: 'string' },
      metadata: metadata('meta/v1.ListMeta', version),
    },
    'x-kubernetes-group-version-kind': [
      { group: resource.group, version: resource.version, kind: resource.listKind },
    ],
  };
}

function metadata(type: string, version: OpenApiVersion): Schema {
  const ref = { $ref: REFS[version] + modelName(type) };
  return version === 3 ? { allOf: [ref] } : ref;
}

/** A schema of a definition without what the document's version cannot say. */
function adapted(schema: Schema, version: OpenApiVersion): Schema {
  if (version === 3) return schema;
  const result: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (UNKNOWN_TO_V2.includes(key)) continue;
    if (key === 'properties') {
      result[key] = Object.fromEntries(
        Object.entries(value as Schema).map(([name, inner]) => [name, adapted(inner as Schema, 2)]),
      );
    } else if (
      (key === 'items' || key === 'additionalProperties') &&
      value !== null &&
      typeof value === 'object'
    ) {
      result[key] = adapted(value as Schema, 2);
    } else result[key] = value;
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] || schema['nullable']) {
    // kubectl's older checks would refuse what the server takes.
    delete result['properties'];
    delete result['items'];
    if (schema['nullable']) delete result['type'];
  }
  if (schema['x-kubernetes-int-or-string']) delete result['type'];
  return result;
}
