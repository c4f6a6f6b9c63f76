import { errorText, invalid } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { badRequestError, StatusError } from '../meta/status.ts';
import type { ResourceTable, ServedResource } from '../registry/registry.ts';

export type { TableColumn } from '../registry/registry.ts';

/** How objects of one resource look as rows of a meta.k8s.io/v1 Table. */
export interface TableConvertor extends ResourceTable {
  /** Kinds without a printer answer null where there are no rows. */
  nullWhenEmpty?: boolean;
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The `includeObject` of the query; Metadata where it is not said. */
export function includeObject(value: string | null): IncludeObject {
  if (value === null || value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  const fault = invalid('includeObject', value, "must be 'Metadata', 'Object', 'None', or empty");
  throw badRequestError(`Unable to convert to Table as requested: ${errorText(fault)}`);
}

/** Rows of so many objects. `metadata` is the list's, or the one object's resourceVersion. */
export function toTable(
  convertor: TableConvertor,
  objects: readonly KubeObject[],
  metadata: Record<string, unknown>,
  include: IncludeObject,
  now: number,
  withColumns = true,
  version = 'v1',
): Record<string, unknown> {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    ...(withColumns ? { columnDefinitions: convertor.columns } : { columnDefinitions: null }),
    rows:
      convertor.nullWhenEmpty && objects.length === 0
        ? null
        : objects.map((object) => ({
            cells: convertor.cells(object, now),
            object:
              include === 'None' ? null : include === 'Object' ? object : partialMetadata(object, version),
          })),
  };
}

/** Metadata alone, as PartialObjectMetadata of meta.k8s.io/v1 or v1beta1. */
export function partialMetadata(object: KubeObject, version = 'v1'): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

/** 406 where a list is asked for as one object's metadata, or an object as a list's. `type` is kube-apiserver's Go type. */
export function wrongShapeError(as: string, type: string): StatusError {
  const list = as === 'PartialObjectMetadata';
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `you requested ${as}, but the requested object is ${list ? '' : 'not '}a list (${type})`,
  });
}

/** The packages of kube-apiserver's internal types whose names are not the group's first part. */
const PACKAGES: Record<string, string> = {
  '': 'core',
  'events.k8s.io': 'core',
  'internal.apiserver.k8s.io': 'apiserverinternal',
};

/** How Go names the type of a resource's object or list inside kube-apiserver, `*core.ConfigMapList`. */
export function goTypeOf(served: ServedResource, list: boolean): string {
  if (served.discoveryVerbs) return list ? '*unstructured.UnstructuredList' : '*unstructured.Unstructured';
  const { group, kind, listKind } = served.descriptor;
  const name = PACKAGES[group] ?? group.slice(0, group.indexOf('.') < 0 ? undefined : group.indexOf('.'));
  return `*${name}.${list ? listKind : kind}`;
}
