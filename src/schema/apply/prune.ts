import type { Fields } from '../../meta/object.ts';
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import type { Owner, Owners } from './managed.ts';
import { removeItems } from './remove-items.ts';
import { withNamedFields } from './set-schema.ts';
import type { OwnedKind } from './versions.ts';

/**
 * Takes out of a merged object what its manager applied last time, does not apply now, and nobody else owns
 * (structured-merge-diff merge/update.go, prune).
 *
 * @param merged the object with the new configuration in it
 * @param last what the manager owned until now
 * @param owners all owners, the manager with its new set
 * @param apiVersion the request's version, in which `merged` is and the result will be
 */
export function prune(
  merged: Fields,
  last: Owner | undefined,
  owners: Owners,
  kind: OwnedKind,
  apiVersion: string,
): Fields {
  if (!last || isEmpty(last.fields) || !kind.version(last.apiVersion)) return merged;
  const pruning = new Pruning(kind);
  const before = pruning.as(merged, apiVersion, last.apiVersion);
  const schema = kind.version(last.apiVersion)!.schema;
  const lastNamed = withNamedFields(last.fields, schema);
  let pruned = removeItems(before, lastNamed, schema) as Fields;
  pruned = pruning.addOwned(before, pruned, last.apiVersion, owners);
  pruned = pruning.addUnowned(before, pruned, lastNamed, last.apiVersion);
  return pruning.as(pruned, last.apiVersion, apiVersion);
}

class Pruning {
  private readonly kind: OwnedKind;

  constructor(kind: OwnedKind) {
    this.kind = kind;
  }

  as(object: Fields, from: string, to: string): Fields {
    return from === to ? object : this.kind.convert(object, to);
  }

  /** Puts back what is owned, the last version's first: other versions may need it to be converted. */
  addOwned(merged: Fields, pruned: Fields, version: string, owners: Owners): Fields {
    const owned = new Map<string, FieldSet>();
    for (const owner of owners.values()) {
      owned.set(owner.apiVersion, union(owned.get(owner.apiVersion) ?? EMPTY, owner.fields));
    }
    let out = pruned;
    const versions = [version, ...[...owned.keys()].filter((v) => v !== version)];
    for (const next of versions) {
      const set = owned.get(next);
      const served = this.kind.version(next);
      if (!set || !served) continue;
      const all = this.as(merged, version, next);
      const some = this.as(out, version, next);
      const allNamed = withNamedFields(fieldSetOf(all, served.schema), served.schema);
      const someNamed = withNamedFields(fieldSetOf(some, served.schema), served.schema);
      const kept = union(someNamed, withNamedFields(set, served.schema));
      out = this.as(removeItems(all, difference(allNamed, kept), served.schema) as Fields, next, version);
    }
    return out;
  }

  /** Puts back what was pruned along with its parent, but was not the manager's. */
  addUnowned(merged: Fields, pruned: Fields, last: FieldSet, version: string): Fields {
    const schema = this.kind.version(version)!.schema;
    const mergedSet = withNamedFields(fieldSetOf(merged, schema), schema);
    const prunedSet = withNamedFields(fieldSetOf(pruned, schema), schema);
    return removeItems(merged, intersection(difference(mergedSet, prunedSet), last), schema) as Fields;
  }
}
