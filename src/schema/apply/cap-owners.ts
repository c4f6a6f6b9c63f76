import { union } from './field-set.ts';
import { identifier, type Owner, type Owners, seconds } from './managed.ts';

/** How many managers of updates an object keeps apart. */
export const MAX_UPDATE_MANAGERS = 10;
const BUCKET = 'ancient-changes';

/** Joins the oldest managers of updates, version by version, until there are few enough (managedfields/internal/capmanagers.go). */
export function capOwners(owners: Owners): void {
  if (owners.size <= MAX_UPDATE_MANAGERS) return;
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update');
  let count = updaters.length;
  if (count <= MAX_UPDATE_MANAGERS) return;
  updaters.sort(([a, one], [b, two]) => seconds(one.time) - seconds(two.time) || (a < b ? -1 : 1));
  const firstOfVersion = new Map<string, string>();
  for (const [id, owner] of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) return;
    const first = firstOfVersion.get(owner.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(owner.apiVersion, id);
      continue;
    }
    const head = {
      manager: BUCKET,
      operation: 'Update' as const,
      apiVersion: owner.apiVersion,
      subresource: '',
    };
    const bucket = identifier(head);
    const oldest: Owner = owners.get(bucket) ?? owners.get(first)!;
    if (!owners.has(bucket)) owners.delete(first);
    owners.delete(id);
    // The younger of the two gives the time.
    owners.set(bucket, {
      ...head,
      fields: union(owner.fields, oldest.fields),
      time: owner.time,
      entry: undefined,
    });
    count--;
  }
}
