import { errorText, invalid } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { badRequestError } from '../meta/status.ts';
import type { ResourceTable } from '../registry/registry.ts';

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
): Record<string, unknown> {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    ...(withColumns ? { columnDefinitions: convertor.columns } : { columnDefinitions: null }),
    rows:
      convertor.nullWhenEmpty && objects.length === 0
        ? null
        : objects.map((object) => ({
            cells: convertor.cells(object, now),
            object: include === 'None' ? null : include === 'Object' ? object : partialMetadata(object),
          })),
  };
}

/** Metadata alone, as meta.k8s.io/v1 PartialObjectMetadata. */
export function partialMetadata(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
