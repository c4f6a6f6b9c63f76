import type { Fields } from '../../meta/object.ts';
import { type Comparison, compare } from './compare.ts';
import { type Conflict, conflictsOf } from './conflict.ts';
import { applyFilter, type FieldFilter } from './field-filter.ts';
import {
  difference,
  EMPTY,
  type FieldSet,
  intersection,
  isEmpty,
  isMember,
  LEAF,
  union,
} from './field-set.ts';
import { type Owner, type Owners, setFields } from './managed.ts';
import { reconcile } from './set-schema.ts';
import { type OwnedKind, Versioned } from './versions.ts';

/** Fields of metadata that nobody owns, and those of the type (managedfields/internal/stripmeta.go). */
const UNOWNED_META: FieldSet = {
  'f:clusterName': LEAF,
  'f:creationTimestamp': LEAF,
  'f:generation': LEAF,
  'f:managedFields': LEAF,
  'f:name': LEAF,
  'f:namespace': LEAF,
  'f:resourceVersion': LEAF,
  'f:selfLink': LEAF,
  'f:uid': LEAF,
};
const UNOWNED: FieldSet = {
  'f:apiVersion': LEAF,
  'f:kind': LEAF,
  'f:metadata': { '.': LEAF, ...UNOWNED_META },
};
/** The same as a walk leaves them out: metadata is gone into. */
const SKIP: FieldSet = { 'f:apiVersion': LEAF, 'f:kind': LEAF, 'f:metadata': UNOWNED_META };

/** The set without what nobody can own. */
export const stripped = (set: FieldSet): FieldSet => difference(set, UNOWNED);

/** Filters become part of the walk where they can. */
const skips = new WeakMap<FieldFilter, FieldSet>();

function skipOf(filter: FieldFilter | undefined): FieldSet {
  if (!filter || !('exclude' in filter)) return SKIP;
  let skip = skips.get(filter);
  if (!skip) {
    skip = union(SKIP, filter.exclude);
    skips.set(filter, skip);
  }
  return skip;
}

/** What a write changed, of what its endpoint lets through. */
export function changes(
  left: Fields,
  right: Fields,
  kind: OwnedKind,
  apiVersion: string,
  subresource: string,
): Comparison {
  const version = kind.version(apiVersion)!;
  const filter = version.filters[subresource];
  const found = compare(left, right, version.schema, skipOf(filter));
  if (!filter || 'exclude' in filter) return found;
  return {
    changed: found.changed && applyFilter(filter, found.changed),
    removed: found.removed && applyFilter(filter, found.removed),
  };
}

/** The same for an object's own metadata, which a new object owns as nobody's. */
export function ownable(set: FieldSet | undefined): FieldSet {
  if (!set) return EMPTY;
  const meta = set['f:metadata'];
  return meta && isMember(meta) ? difference(set, UNOWNED) : set;
}

/** Forgets owners of versions that are gone, and fits the others' sets to what their types are now. */
export function fitOwners(owners: Owners, kind: OwnedKind): Owners {
  const out: Owners = new Map();
  for (const [id, owner] of owners) {
    const version = kind.version(owner.apiVersion);
    if (!version || isEmpty(owner.fields)) continue;
    const fields = reconcile(owner.fields, version.schema);
    out.set(id, fields === owner.fields ? owner : { ...owner, fields });
  }
  return out;
}

/** A change of an object, looked at in the version of each owner. */
export interface Change {
  readonly kind: OwnedKind;
  readonly subresource: string;
  readonly left: Versioned;
  readonly right: Versioned;
  /** In the version of the request. */
  readonly comparison: Comparison;
}

export function changeOf(
  kind: OwnedKind,
  apiVersion: string,
  subresource: string,
  left: Fields,
  right: Fields,
): Change {
  return {
    kind,
    subresource,
    left: new Versioned(kind, left, apiVersion),
    right: new Versioned(kind, right, apiVersion),
    comparison: changes(left, right, kind, apiVersion, subresource),
  };
}

/**
 * Takes from the other owners what a change took from them (merge/update.go). Without `force`, what it changed of
 * theirs is returned and nothing is taken.
 *
 * @param self the identifier of who makes the change, who is left alone; undefined: nobody is
 */
export function disown(owners: Owners, change: Change, self: string | undefined, force: boolean): Conflict[] {
  const byVersion = new Map<string, Comparison>([[change.left.apiVersion, change.comparison]]);
  const contested = new Map<string, { owner: Owner; fields: FieldSet }>();
  const removed: [string, Owner, FieldSet][] = [];
  for (const [id, owner] of owners) {
    if (id === self) continue;
    let found = byVersion.get(owner.apiVersion);
    if (!found) {
      const { left, right, kind, subresource } = change;
      const version = owner.apiVersion;
      found = changes(left.in(version), right.in(version), kind, version, subresource);
      byVersion.set(version, found);
    }
    const fields = found.changed ? intersection(owner.fields, found.changed) : EMPTY;
    if (!isEmpty(fields)) contested.set(id, { owner, fields });
    if (found.removed) removed.push([id, owner, found.removed]);
  }
  if (!force && contested.size) return conflictsOf(contested);
  for (const [id, { owner, fields }] of contested)
    setFields(owners, id, owner, difference(owner.fields, fields));
  for (const [id, , fields] of removed) {
    const owner = owners.get(id);
    if (owner) setFields(owners, id, owner, difference(owner.fields, fields));
  }
  for (const [id, owner] of owners) if (isEmpty(owner.fields)) owners.delete(id);
  return [];
}
