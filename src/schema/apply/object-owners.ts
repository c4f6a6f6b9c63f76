import type { KubeObject, ManagedFieldsEntry } from '../../meta/object.ts';
import { unknownError } from '../../meta/status.ts';
import { ManagedFieldsError, type Owners, readOwners } from './managed.ts';
import { isMap } from './schema-node.ts';

/** Owners as objects carry them: what counts of what is stored and what a client sends (managedfields/internal/fieldmanager.go). */

/**
 * The owners that a write starts from: those that the client sends where they are good, else the stored ones. For a
 * subresource only the stored ones count.
 */
export function ownersOfWrite(live: KubeObject | undefined, object: KubeObject, subresource: string): Owners {
  const sent: unknown = object.metadata?.managedFields;
  if (subresource === '' && Array.isArray(sent)) {
    if (sent.length === 0 || (sent.length === 1 && isBlank(sent[0]))) return new Map();
    const owners = readOrNone(sent);
    if (owners.size) return owners;
  }
  return readOrNone(live?.metadata?.managedFields);
}

const isBlank = (entry: unknown): boolean =>
  isMap(entry) && Object.values(entry).every((value) => value === null || value === '');

function readOrNone(entries: ManagedFieldsEntry[] | undefined): Owners {
  try {
    return readOwners(entries);
  } catch (error) {
    if (error instanceof ManagedFieldsError) return new Map();
    throw error;
  }
}

/** The owners that an apply starts from; stored ones that cannot be read are a fault of the server. */
export function ownersOfApply(live: KubeObject | undefined): Owners {
  try {
    return readOwners(live?.metadata?.managedFields);
  } catch (error) {
    if (error instanceof ManagedFieldsError)
      throw unknownError(`failed to decode managed fields: ${error.message}`);
    throw error;
  }
}

/** The object with other managedFields; undefined takes them away. */
export function withManagedFields(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): KubeObject {
  const metadata = object.metadata ?? {};
  // A spread with something added would have a hidden class of its own each time (Node.js 20).
  if (entries !== undefined)
    return Object.assign({}, object, { metadata: Object.assign({}, metadata, { managedFields: entries }) });
  if (metadata.managedFields === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
