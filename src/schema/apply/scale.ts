import type { ManagedFieldsEntry } from '../../meta/object.ts';
import { difference, hasPath, isEmpty, setOf } from './field-set.ts';
import { type Owner, type Owners, readOwners, writeOwners } from './managed.ts';
import type { PathElement } from './path-element.ts';

/**
 * Owners of the replicas of a resource, seen from its scale subresource and back (managedfields/scalehandler.go).
 *
 * Maps the resource's apiVersions to where they keep the replicas; undefined for a version without scale.
 */
export type ReplicasPaths = ReadonlyMap<string, readonly PathElement[] | undefined>;

const SCALE_VERSION = 'autoscaling/v1';
const REPLICAS: readonly PathElement[] = ['f:spec', 'f:replicas'];

/** The path of `.spec.replicas`, as a CRD's specReplicasPath says it. */
export const replicasPath = (jsonPath: string): PathElement[] =>
  jsonPath.split('.').flatMap((name) => (name === '' ? [] : [`f:${name}`]));

/** managedFields of the Scale: the owners of the resource's replicas. */
export function scaleManagedFields(
  parent: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const owners: Owners = new Map();
  for (const [id, owner] of readOwners(parent)) {
    const path = paths.get(owner.apiVersion);
    if (!path || !hasPath(owner.fields, path)) continue;
    owners.set(id, { ...owner, apiVersion: SCALE_VERSION, fields: setOf(REPLICAS), entry: undefined });
  }
  return writeOwners(owners);
}

/**
 * managedFields of the resource after its Scale was written: whoever owns the replicas of the Scale owns those of the
 * resource, under the scale subresource; who owned them before and does not now loses them.
 *
 * @param scale managedFields of the Scale as written
 * @param apiVersion the resource's version of the request
 */
export function parentManagedFields(
  parent: readonly ManagedFieldsEntry[] | undefined,
  scale: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scaleOwners = readOwners(scale);
  const owners: Owners = new Map();
  for (const [id, owner] of readOwners(parent)) {
    if (!paths.has(owner.apiVersion)) continue;
    const path = paths.get(owner.apiVersion);
    if (!path || !hasPath(owner.fields, path)) owners.set(id, owner);
    else if (takeOwner(scaleOwners, id, owner)) owners.set(id, owner);
    else {
      const fields = difference(owner.fields, setOf(path));
      if (!isEmpty(fields)) owners.set(id, { ...owner, fields });
    }
  }
  const path = paths.get(apiVersion);
  for (const [id, owner] of scaleOwners) {
    if (!path || !hasPath(owner.fields, REPLICAS)) continue;
    // kube-apiserver gives an owner that comes in by the scale no time.
    owners.set(id, { ...owner, apiVersion, fields: setOf(path), time: undefined, entry: undefined });
  }
  return writeOwners(owners);
}

/** Takes the owner of the resource's replicas out of those of the Scale; false where it is not among them any more. */
function takeOwner(scaleOwners: Owners, id: string, owner: Owner): boolean {
  if (scaleOwners.delete(id)) return true;
  for (const [scaleId, other] of scaleOwners) {
    if (
      other.manager === owner.manager &&
      other.operation === owner.operation &&
      other.subresource === owner.subresource &&
      other.time === owner.time
    ) {
      return scaleOwners.delete(scaleId);
    }
  }
  return false;
}
