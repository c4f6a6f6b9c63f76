import { deepEqual } from '../../meta/deep-equal.ts';
import type { Fields } from '../../meta/object.ts';

/** One of spec.versions, without what all versions have in common. */
export interface InternalVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated: boolean;
  deprecationWarning: string | undefined;
  schema: Fields | undefined;
  subresources: Fields | undefined;
  columns: readonly Fields[];
  selectableFields: readonly Fields[];
}

/**
 * The spec of a definition as kube-apiserver checks it: what is the same in all versions stands above them, and faults of
 * it are told by paths that no client knows (pkg/apis/apiextensions/v1/conversion.go).
 */
export interface InternalSpec {
  group: string;
  /** The name of the first version. */
  version: string;
  names: Fields;
  scope: string;
  /** `{openAPIV3Schema}` */
  validation: Fields | undefined;
  subresources: Fields | undefined;
  columns: readonly Fields[];
  selectableFields: readonly Fields[];
  versions: readonly InternalVersion[];
  /** Whether there is a list of versions, be it empty. */
  hasVersions: boolean;
  conversion:
    | { strategy: string; clientConfig: Fields | undefined; reviewVersions: readonly string[] }
    | undefined;
  preserveUnknownFields: boolean;
}

export function internalSpec(spec: Fields): InternalSpec {
  const raw: Fields[] = spec['versions'] ?? [];
  const first = raw[0];
  const common = (field: string): boolean =>
    first !== undefined && raw.every((version) => deepEqual(version[field], first[field]));
  const shared = {
    schema: common('schema'),
    subresources: common('subresources'),
    columns: common('additionalPrinterColumns'),
    selectable: common('selectableFields'),
  };
  const conversion: Fields | undefined = spec['conversion'];
  return {
    group: spec['group'] ?? '',
    version: first?.['name'] ?? '',
    names: spec['names'] ?? {},
    scope: spec['scope'] ?? '',
    validation: shared.schema ? first!['schema'] : undefined,
    subresources: shared.subresources ? first!['subresources'] : undefined,
    columns: (shared.columns && first!['additionalPrinterColumns']) || [],
    selectableFields: (shared.selectable && first!['selectableFields']) || [],
    versions: raw.map((version) => ({
      name: version['name'] ?? '',
      served: version['served'] === true,
      storage: version['storage'] === true,
      deprecated: version['deprecated'] === true,
      deprecationWarning: version['deprecationWarning'],
      schema: shared.schema ? undefined : version['schema'],
      subresources: shared.subresources ? undefined : version['subresources'],
      columns: shared.columns ? [] : (version['additionalPrinterColumns'] ?? []),
      selectableFields: shared.selectable ? [] : (version['selectableFields'] ?? []),
    })),
    hasVersions: Array.isArray(spec['versions']),
    conversion: conversion && {
      strategy: conversion['strategy'] ?? '',
      clientConfig: conversion['webhook']?.clientConfig,
      reviewVersions: conversion['webhook']?.conversionReviewVersions ?? [],
    },
    preserveUnknownFields: spec['preserveUnknownFields'] === true,
  };
}

/** Every schema of a spec. */
export function schemasOf(spec: InternalSpec): Fields[] {
  return [spec.validation, ...spec.versions.map((version) => version.schema)].flatMap(
    (validation) => validation?.['openAPIV3Schema'] ?? [],
  );
}

/** Whether a schema, or one within it, is of a kind (pkg/apis/apiextensions/validation, SchemaHas). */
export function schemaHas(schema: unknown, predicate: (schema: Fields) => boolean): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  const node = schema as Fields;
  return predicate(node) || nestedSchemas(node).some((nested) => schemaHas(nested, predicate));
}

function nestedSchemas(node: Fields): unknown[] {
  const items: unknown = node['items'];
  return [
    ...(Array.isArray(items) ? items : [items]),
    ...(node['allOf'] ?? []),
    ...(node['anyOf'] ?? []),
    ...(node['oneOf'] ?? []),
    node['not'],
    ...Object.values(node['properties'] ?? {}),
    node['additionalProperties'],
    ...Object.values(node['patternProperties'] ?? {}),
    node['additionalItems'],
    ...Object.values(node['definitions'] ?? {}),
    ...Object.values(node['dependencies'] ?? {}),
  ];
}
