import { deepEqual } from '../../meta/deep-equal.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../meta/object.ts';
import { sameSet } from './field-set.ts';

/**
 * Where a write changes nothing but times in managedFields, gives it the old ones, so that the object's version stays
 * (apiserver endpoints/handlers/fieldmanager/equality.go). Changes `object`.
 */
export function keepTimes(object: KubeObject, existing: KubeObject): void {
  const before = existing.metadata?.managedFields;
  const after = object.metadata?.managedFields;
  if (!before || !after || after.length === 0 || before.length !== after.length) return;
  if (after.every((entry, i) => entry.time === before[i]!.time)) return;
  if (!after.every((entry, i) => sameOwner(entry, before[i]!))) return;
  if (!sameBesides(object, existing)) return;
  object.metadata.managedFields = before;
}

function sameOwner(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  return (
    a === b ||
    (a.manager === b.manager &&
      a.operation === b.operation &&
      a.apiVersion === b.apiVersion &&
      a.fieldsType === b.fieldsType &&
      a.subresource === b.subresource &&
      (a.fieldsV1 === b.fieldsV1 || sameSet(a.fieldsV1 ?? {}, b.fieldsV1 ?? {})))
  );
}

function sameBesides(object: KubeObject, existing: KubeObject): boolean {
  const { managedFields: _, ...one } = object.metadata;
  const { managedFields: __, ...two } = existing.metadata;
  return deepEqual({ ...object, metadata: one }, { ...existing, metadata: two });
}
