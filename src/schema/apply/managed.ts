import { quote } from '../../meta/go-quote.ts';
import type { ManagedFieldsEntry } from '../../meta/object.ts';
import { type FieldSet, isEmpty, readFieldSet } from './field-set.ts';

/** What one manager owns. */
export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** The version whose field names the set uses. */
  readonly apiVersion: string;
  readonly subresource: string;
  readonly fields: FieldSet;
  /** RFC 3339; absent where nothing has changed since the manager came in. */
  readonly time: string | undefined;
  /** What it was read from, given back where nothing has changed. */
  readonly entry: ManagedFieldsEntry | undefined;
}

/** The owners of an object's fields by identifier: managers that apply are one over all versions. */
export type Owners = Map<string, Owner>;

/** metadata.managedFields is not what it should be; the text is kube-apiserver's. */
export class ManagedFieldsError extends Error {}

/**
 * The text that tells managers apart, and by which they are sorted: a managedFields entry as JSON without fields and
 * time (managedfields/internal BuildManagerIdentifier).
 */
export function identifier(owner: {
  manager: string;
  operation: string;
  apiVersion: string;
  subresource: string;
}): string {
  const { manager, operation, apiVersion, subresource } = owner;
  let out = '{';
  if (manager !== '') out += `"manager":${JSON.stringify(manager)},`;
  out += `"operation":"${operation}"`;
  if (operation !== 'Apply' && apiVersion !== '') out += `,"apiVersion":${JSON.stringify(apiVersion)}`;
  if (subresource !== '') out += `,"subresource":${JSON.stringify(subresource)}`;
  return `${out}}`;
}

interface Read {
  readonly id: string;
  readonly owner: Owner;
  readonly fieldsV1: unknown;
}

/** Entries live with the stored object; each is read once. */
const known = new WeakMap<object, Read>();

/** Reads metadata.managedFields. Throws ManagedFieldsError for an entry that is none. */
export function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  const owners: Owners = new Map();
  if (!Array.isArray(entries)) return owners;
  entries.forEach((entry: ManagedFieldsEntry, i: number) => {
    let read = known.get(entry);
    if (!read || read.fieldsV1 !== entry.fieldsV1 || read.owner.time !== entry.time) {
      read = readEntry(entry, i);
      known.set(entry, read);
    }
    owners.set(read.id, read.owner);
  });
  return owners;
}

function readEntry(entry: ManagedFieldsEntry, i: number): Read {
  const { operation, apiVersion, fieldsType, fieldsV1, manager = '', subresource = '', time } = entry ?? {};
  if (operation !== 'Apply' && operation !== 'Update') {
    throw new ManagedFieldsError('operation must be `Apply` or `Update`');
  }
  if (!apiVersion) throw new ManagedFieldsError('apiVersion must not be empty');
  if (!fieldsType) throw new ManagedFieldsError(`missing fieldsType in managed fields entry ${i}`);
  if (fieldsType !== 'FieldsV1') {
    throw new ManagedFieldsError(`invalid fieldsType ${quote(fieldsType)} in managed fields entry ${i}`);
  }
  let fields: FieldSet;
  try {
    fields = readFieldSet(fieldsV1);
  } catch (error) {
    const why = error instanceof RangeError ? 'exceeded max depth' : (error as Error).message;
    throw new ManagedFieldsError(`error decoding versioned set: error decoding set: ${why}`);
  }
  const owner: Owner = { manager, operation, apiVersion, subresource, fields, time, entry };
  return { id: identifier(owner), owner, fieldsV1 };
}

/** Why managedFields are refused; undefined where they are good (managedfields.ValidateManagedFields). */
export function managedFieldsFault(entries: readonly ManagedFieldsEntry[] | undefined): string | undefined {
  try {
    readOwners(entries);
    return undefined;
  } catch (error) {
    if (error instanceof ManagedFieldsError) return error.message;
    throw error;
  }
}

/** metadata.managedFields of the owners: appliers first, then by time, name, version and subresource. */
export function writeOwners(owners: Owners): ManagedFieldsEntry[] | undefined {
  if (owners.size === 0) return undefined;
  const list = [...owners.values()];
  if (list.length > 1) list.sort(compareOwners);
  return list.map(toEntry);
}

function toEntry(owner: Owner): ManagedFieldsEntry {
  const { entry, manager, operation, apiVersion, time, fields, subresource } = owner;
  if (
    entry &&
    entry.fieldsV1 === fields &&
    entry.time === time &&
    entry.apiVersion === apiVersion &&
    entry.operation === operation
  ) {
    return entry;
  }
  const out: ManagedFieldsEntry = {};
  if (manager !== '') out.manager = manager;
  out.operation = operation;
  out.apiVersion = apiVersion;
  if (time !== undefined) out.time = time;
  out.fieldsType = 'FieldsV1';
  out.fieldsV1 = fields;
  if (subresource !== '') out.subresource = subresource;
  return out;
}

function compareOwners(a: Owner, b: Owner): number {
  return (
    order(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    order(a.manager, b.manager) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource, b.subresource)
  );
}

const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Whole seconds since 1970; 0 without a time. */
export function seconds(time: string | undefined): number {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** Puts an owner's new fields in; an owner of nothing goes. */
export function setFields(owners: Owners, id: string, owner: Owner, fields: FieldSet): void {
  if (isEmpty(fields)) owners.delete(id);
  else if (fields !== owner.fields || owners.get(id) !== owner) owners.set(id, { ...owner, fields });
}
