import { rfc3339 } from '../../meta/clock.ts';
import {
  groupVersion,
  type KubeObject,
  type ManagedFieldsEntry,
  parseGroupVersion,
} from '../../meta/object.ts';
import { badRequestError, type StatusError, unknownError } from '../../meta/status.ts';
import { capOwners } from './cap-owners.ts';
import { UntypedObjectError } from './compare.ts';
import { type Conflict, conflictError, conflictsBeside } from './conflict.ts';
import { applyFilter } from './field-filter.ts';
import { isEmpty, union } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { KUBECTL, vouchedFields, withLastApplied } from './last-applied.ts';
import { identifier, type Owner, type Owners, writeOwners } from './managed.ts';
import { mergeTyped } from './merge.ts';
import { ownersOfApply, ownersOfWrite, withManagedFields } from './object-owners.ts';
import { prune } from './prune.ts';
import { isMap, sameValue } from './schema-node.ts';
import { keepTimes } from './timestamps.ts';
import { validateTyped } from './typed-validate.ts';
import { changeOf, changes, disown, fitOwners, ownable, stripped } from './updater.ts';
import type { OwnedKind, OwnedVersion } from './versions.ts';

export interface ApplyOptions {
  manager: string;
  /** Takes fields from those who own them instead of refusing. */
  force: boolean;
  subresource: string;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * Keeps metadata.managedFields of one kind in one version, and applies configurations to it. No method changes an
 * object it is given but keepTimes. Source: apimachinery pkg/util/managedfields.
 */
export class FieldManager {
  private readonly kind: OwnedKind;
  private readonly apiVersion: string;
  private readonly version: OwnedVersion;

  /** @param apiVersion the version of the requests, which `kind` must serve */
  constructor(kind: OwnedKind, apiVersion: string) {
    const version = kind.version(apiVersion);
    if (!version) throw new Error(`${kind.kind} is not served in ${apiVersion}`);
    this.kind = kind;
    this.apiVersion = apiVersion;
    this.version = version;
  }

  /** The object, about to be created, with `manager` as the owner of what it sets. */
  create(object: KubeObject, manager: string, now: number, subresource = ''): KubeObject {
    return this.update(undefined, object, manager, subresource, now);
  }

  /**
   * The object with `manager` as the owner of what it changes. managedFields that the client sends count, except for
   * subresources; where it sends none, or bad ones, the stored ones stay. An empty list, or one empty entry, ends
   * the keeping of owners for an object that is stored already.
   */
  update(
    live: KubeObject | undefined,
    object: KubeObject,
    manager: string,
    subresource: string,
    now: number,
  ): KubeObject {
    const owners = ownersOfWrite(live, object, subresource);
    if (owners.size === 0 && live?.metadata?.uid) return withManagedFields(object, undefined);
    try {
      if (!live && owners.size === 0) {
        return withManagedFields(object, this.firstEntry(object, manager, subresource, now));
      }
      const before = live ?? this.version.empty;
      const after = this.recordUpdate(before as KubeObject, object, owners, manager, subresource, now);
      capOwners(after);
      return withManagedFields(object, writeOwners(after));
    } catch (error) {
      // An object that ownership cannot be told of is for its validation to refuse.
      if (error instanceof UntypedObjectError || error instanceof RangeError)
        return withManagedFields(object, undefined);
      throw error;
    }
  }

  /** Puts the old times back where nothing but times in managedFields differs from `existing`. Changes the object. */
  keepTimes(object: KubeObject, existing: KubeObject): void {
    keepTimes(object, existing);
  }

  /**
   * Server-side apply. Returns the merged object, still to be decoded, defaulted and validated as one a client sent.
   * Throws StatusError: 400 for a patch that is not one of this kind, 500 where it does not fit the type, 409 for conflicts.
   */
  apply(live: KubeObject | undefined, patch: KubeObject, options: ApplyOptions): KubeObject {
    const { manager, force, subresource, now } = options;
    const refusal = this.patchFault(patch);
    if (refusal) throw refusal;
    const current = live ?? (this.version.empty as KubeObject);
    let owners = ownersOfApply(live);
    try {
      if (owners.size === 0 && live) {
        const empty = this.version.empty as KubeObject;
        owners = this.recordUpdate(empty, live, owners, 'before-first-apply', subresource, now);
        capOwners(owners);
      }
      const outcome = this.applyOver(current, patch, owners, options, force);
      const merged =
        'conflicts' in outcome ? this.settle(current, patch, owners, options, outcome.conflicts) : outcome;
      const object = manager === KUBECTL ? withLastApplied(merged.object, patch) : merged.object;
      return withManagedFields(object, writeOwners(merged.owners));
    } catch (error) {
      if (error instanceof UntypedObjectError || error instanceof RangeError) {
        throw unknownError(`failed to create typed live object (${this.text(current)}): ${error.message}`);
      }
      throw error;
    }
  }

  /** Conflicts over what client-side apply had set are none for kubectl. */
  private settle(
    live: KubeObject,
    patch: KubeObject,
    owners: Owners,
    options: ApplyOptions,
    conflicts: readonly Conflict[],
  ): Merged {
    const vouched =
      options.manager === KUBECTL ? vouchedFields(live, this.version.schema, this.apiVersion) : undefined;
    const left = vouched ? conflictsBeside(conflicts, vouched) : conflicts;
    if (left.length) throw conflictError(left);
    return this.applyOver(live, patch, owners, options, true) as Merged;
  }

  private applyOver(
    live: KubeObject,
    patch: KubeObject,
    stored: Owners,
    options: ApplyOptions,
    force: boolean,
  ): Merged | { conflicts: Conflict[] } {
    const { manager, subresource, now } = options;
    const { schema, filters } = this.version;
    const owners = fitOwners(stored, this.kind);
    const self: Owner = {
      manager: manager || 'unknown',
      operation: 'Apply',
      apiVersion: this.apiVersion,
      subresource,
      fields: applyFilter(filters[subresource], fieldSetOf(patch, schema)),
      time: undefined,
      entry: undefined,
    };
    const id = identifier(self);
    const last = owners.get(id);
    owners.set(id, self);
    // Where there is no object yet, the configuration is the object: decoding it fills in the rest.
    const fresh = live === (this.version.empty as KubeObject);
    const merged = fresh ? patch : (mergeTyped(live, patch, schema) as KubeObject);
    const object = prune(merged, last, owners, this.kind, this.apiVersion) as KubeObject;
    const change = changeOf(this.kind, this.apiVersion, subresource, live, object);
    const conflicts = disown(owners, change, id, force);
    if (conflicts.length) return { conflicts };
    const fields = stripped(self.fields);
    const same = sameValue(live, object);
    if (isEmpty(fields)) owners.delete(id);
    else {
      const unchanged = same && last?.entry && sameValue(last.fields, fields);
      owners.set(id, {
        ...self,
        fields: unchanged ? last.fields : fields,
        // An apply that changes nothing leaves the time; of a new owner there is then none.
        time: same ? last?.time : rfc3339(now),
        entry: last?.entry,
      });
    }
    return { object: same ? live : object, owners };
  }

  /** What recordUpdate comes to for a new object, at the least cost. */
  private firstEntry(
    object: KubeObject,
    manager: string,
    subresource: string,
    now: number,
  ): ManagedFieldsEntry[] | undefined {
    const { kind, apiVersion, version } = this;
    const fields = ownable(changes(version.empty, object, kind, apiVersion, subresource).changed);
    if (isEmpty(fields)) return undefined;
    const entry: ManagedFieldsEntry = {
      manager: manager || 'unknown',
      operation: 'Update',
      apiVersion,
      time: rfc3339(now),
      fieldsType: 'FieldsV1',
      fieldsV1: fields,
    };
    if (subresource !== '') entry.subresource = subresource;
    return [entry];
  }

  /** The owners after an update by `manager` (structuredmerge.go Update, managedfieldsupdater.go). */
  private recordUpdate(
    before: KubeObject,
    after: KubeObject,
    stored: Owners,
    manager: string,
    subresource: string,
    now: number,
  ): Owners {
    const owners = fitOwners(stored, this.kind);
    const change = changeOf(this.kind, this.apiVersion, subresource, before, after);
    const { changed, removed } = change.comparison;
    if (owners.size && (changed || removed || this.otherVersions(owners)))
      disown(owners, change, undefined, true);
    const fields = ownable(changed);
    if (isEmpty(fields)) return owners;
    const head = {
      manager: manager || 'unknown',
      operation: 'Update' as const,
      apiVersion: this.apiVersion,
      subresource,
    };
    const id = identifier(head);
    const previous = owners.get(id);
    owners.set(id, {
      fields: previous ? union(fields, previous.fields) : fields,
      time: rfc3339(now),
      entry: undefined,
      ...head,
    });
    return owners;
  }

  private otherVersions(owners: Owners): boolean {
    for (const owner of owners.values()) if (owner.apiVersion !== this.apiVersion) return true;
    return false;
  }

  /** Why a patch is refused before it is looked at against the object. */
  private patchFault(patch: KubeObject): StatusError | undefined {
    const parsed = parseGroupVersion(text(patch?.apiVersion));
    const gv = parsed ?? { group: '', version: '' };
    const kind = parsed ? text(patch?.kind) : '';
    if (groupVersion(gv) !== this.apiVersion || kind !== this.kind.kind) {
      return badRequestError(`invalid object type: ${gv.group}/${gv.version}, Kind=${kind}`);
    }
    const managed: unknown = patch.metadata?.managedFields;
    if (Array.isArray(managed) && managed.every(isMap))
      return badRequestError('metadata.managedFields must be nil');
    const fault = validateTyped(patch, this.version.schema);
    return fault === undefined
      ? undefined
      : unknownError(`failed to create typed patch object (${this.text(patch)}): ${fault}`);
  }

  /** `default/web; apps/v1, Kind=Deployment`: how messages name an object. */
  private text(object: KubeObject): string {
    const metadata = isMap(object.metadata) ? object.metadata : {};
    const gv = this.apiVersion.includes('/') ? this.apiVersion : `/${this.apiVersion}`;
    return `${text(metadata.namespace)}/${text(metadata.name)}; ${gv}, Kind=${this.kind.kind}`;
  }
}

interface Merged {
  object: KubeObject;
  owners: Owners;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
