import { rfc3339 } from '../meta/clock.ts';
import { cloneJson } from '../meta/clone.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import type { GroupVersionKind, GroupVersionResource, KubeObject } from '../meta/object.ts';
import { groupVersion } from '../meta/object.ts';
import {
  validateAnyObjectMeta,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../meta/object-meta-validation.ts';
import {
  alreadyExistsError,
  badRequestError,
  conflictError,
  invalidError,
  isStatus,
  notFoundError,
  type StatusError,
  timeoutError,
  unknownError,
} from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import { sameValue } from '../schema/apply/schema-node.ts';
import type { ResourceDescriptor } from '../schema/resources.ts';
import { type CachedObject, UndecodableObjectError } from '../storage/cached-object.ts';
import type { WriteResult } from '../storage/store.ts';
import { type Store, StoreUnavailableError } from '../storage/store.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import type { ExpressionCompiler } from './admission-expressions.ts';
import type { AdmissionRequest } from './admission-hook.ts';
import type { ObjectClient } from './client.ts';
import { ConsistentReads } from './consistent-reads.ts';
import { checkDelete, checkTwoStepDelete, type DeleteOptions } from './delete-options.ts';
import { collectorFinalizers, endsDeletion, markAsDeleting } from './finalizers.ts';
import { generateName, MAX_NAME_TRIES } from './generated-name.ts';
import type { ManagedFieldsWriter } from './managed-fields.ts';
import { parseVersion } from './resource-version.ts';
import { keepAllButStatus, keepStatus, specChanged } from './status-subresource.ts';
import type { AccessCheck, Strategy, StrategyContext, StrategyOptions } from './strategy.ts';
import type { WriteContext } from './write-context.ts';

const OPTIMISTIC_LOCK =
  'the object has been modified; please apply your changes to the latest version and try again';
/** Nothing may be there yet. */
const NEW = { expect: 0 };
/** A write that keeps losing to others ends here; kube-apiserver would go on for ever. */
const MAX_WRITE_TRIES = 100;

/** What the store of one resource is made of. */
export interface ResourceStoreParts {
  descriptor: ResourceDescriptor;
  strategy: Strategy;
  store: Store;
  cache: WatchCache;
  managedFields: ManagedFieldsWriter;
  /** What decoding into the kind's Go type and encoding again would make of an object; in place. */
  normalize(object: KubeObject): void;
  /** The object in the version that is stored, where that is another; what is shown is read back. */
  toStored?(object: KubeObject): KubeObject | Promise<KubeObject>;
  client: ObjectClient;
  options: StrategyOptions;
  /** Compiles the CEL expressions of webhooks and policies. */
  expressions?: ExpressionCompiler;
  /** What a user may do besides. */
  access?(user: UserInfo): AccessCheck;
  /** True where this process alone writes to the store. */
  alwaysFresh: boolean;
  /** Another cache that writes are checked against and that has to be as fresh: that of namespaces. */
  besides?(): WatchCache | undefined;
  random(bytes: number): Uint8Array;
  uuid(): string;
}

/** A part of an object that stands for it at admission, as an object of another kind. */
export interface ShownToAdmission {
  kind: GroupVersionKind;
  of(object: KubeObject): KubeObject;
}

/** Where an update's new object comes from: made of the object as it is stored now, undefined where there is none. */
export interface UpdateSource {
  /** A uid the stored object must have. */
  uid?: string;
  make(existing: KubeObject | undefined): KubeObject | Promise<KubeObject>;
}

export interface UpdateOptions {
  subresource?: string;
  /** Create what does not exist even where the kind's strategy does not (server-side apply). */
  allowCreate?: boolean;
  /** The new object is made of the stored one whatever its version: a conflict is another try, not an answer. */
  retryConflicts?: boolean;
  /** What admission is shown in place of whole objects: a Scale. */
  shown?: ShownToAdmission;
  /** Asked for leave to create before an update does; throws the refusal. */
  authorizeCreate?(): void | Promise<void>;
}

export interface UpdateResult {
  object: KubeObject;
  created: boolean;
  deleted: boolean;
  /** The store has the object as it is here; false for dry runs and where there was nothing to change. */
  written: boolean;
}

export interface DeleteResult {
  object: KubeObject;
  /** False while finalizers or grace hold the object. */
  gone: boolean;
}

/**
 * The generic REST store of one resource: create, update and delete with Kubernetes' order of steps
 * (apiserver pkg/registry/generic/registry/store.go, pkg/registry/rest). Reads are the watch cache's.
 */
export class ResourceStore {
  readonly descriptor: ResourceDescriptor;
  readonly strategy: Strategy;
  readonly cache: WatchCache;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly #parts: ResourceStoreParts;
  readonly #hasStatus: boolean;
  readonly #reads: ConsistentReads;

  constructor(parts: ResourceStoreParts) {
    this.#parts = parts;
    this.#reads = new ConsistentReads(parts);
    this.descriptor = parts.descriptor;
    this.strategy = parts.strategy;
    this.cache = parts.cache;
    const { group, version, kind, plural, subresources } = parts.descriptor;
    this.#hasStatus = subresources.some((sub) => sub.name === 'status');
    this.kind = { group, version, kind };
    this.resource = { group, version, resource: plural };
  }

  /** `/registry/configmaps/NAMESPACE/NAME`. */
  key(namespace: string, name: string): string {
    const prefix = this.descriptor.storagePrefix;
    return this.descriptor.namespaced ? `${prefix}/${namespace}/${name}` : `${prefix}/${name}`;
  }

  /** The same objects under other rules: those of another version of the resource. */
  withStrategy(strategy: Strategy): ResourceStore {
    return strategy === this.strategy ? this : new ResourceStore({ ...this.#parts, strategy });
  }

  /** Whether reads show every write that was answered, without asking the engine. */
  get alwaysFresh(): boolean {
    return this.#parts.alwaysFresh;
  }

  /**
   * Waits until reads show every write that was answered before, another server's too. Throws a 504 where that takes
   * too long, and StoreUnavailableError where the engine does not say how far it is.
   */
  fresh(): Promise<void> {
    return this.#reads.fresh(true);
  }

  /** Brings an object made by the server itself into the form that a decoded one has, defaults included; in place. */
  applyDefaults(object: KubeObject): void {
    this.#parts.normalize(object);
    this.setDefaults(object);
  }

  /** Sets the kind's defaults in a decoded object; in place. */
  setDefaults(object: KubeObject): void {
    this.strategy.defaults?.(object);
  }

  /** The object as it is now; 404 where there is none. */
  get(namespace: string, name: string): CachedObject {
    const found = this.cache.get(this.descriptor.namespaced ? namespace : '', name);
    if (!found) throw notFoundError(this.resource, name);
    return found;
  }

  /**
   * Creates an object that is decoded, defaulted and through nothing else yet. `again` makes the same object once more, for
   * the next try where a name that was made up is taken; absent: it is copied beforehand.
   */
  async create(
    context: WriteContext,
    namespace: string,
    object: KubeObject,
    again?: () => KubeObject,
  ): Promise<KubeObject> {
    if (!this.#parts.alwaysFresh) await this.#reads.fresh(context.dryRun || !this.strategy.createsBlindly);
    const generated = !object.metadata.name && Boolean(object.metadata.generateName);
    let next = generated && !again ? cloneJson(object) : object;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#create(context, namespace, next);
      } catch (error) {
        if (!generated || tries >= MAX_NAME_TRIES || !isStatus(error, 'AlreadyExists')) throw error;
      }
      next = again ? again() : cloneJson(object);
    }
  }

  #create(context: WriteContext, namespace: string, object: KubeObject): KubeObject | Promise<KubeObject> {
    const wanted = object.metadata.resourceVersion;
    const created = this.#parts.managedFields.create(object, context.manager, context.now);
    const attributes = this.#attributes('CREATE', context, namespace, object.metadata.name ?? '', created);
    const insert = (): Promise<KubeObject> =>
      this.#reserved(created, undefined, context, namespace, '', () =>
        this.#createAdmitted(context, namespace, created, attributes, wanted),
      );
    const mutating = context.admission.mutate(attributes);
    return mutating ? mutating.then(insert) : insert();
  }

  /** What follows the mutating phase. */
  async #createAdmitted(
    context: WriteContext,
    namespace: string,
    object: KubeObject,
    attributes: AdmissionRequest,
    wanted: string | undefined,
  ): Promise<KubeObject> {
    this.#beforeCreate(object, context, namespace);
    if (this.strategy.validateAccess) await this.#checkAccess(object, undefined, context, namespace);
    attributes.name = object.metadata.name!;
    const validating = context.admission.validate(attributes);
    if (validating) await validating;
    if (wanted !== undefined && wanted !== '' && wanted !== '0') {
      throw unknownError('resourceVersion should not be set on objects to be created');
    }
    return await this.#insert(object, context, namespace);
  }

  /** Runs a write between what the kind reserves for it outside the object and that reservation's end. */
  #reserved<T>(
    object: KubeObject,
    old: KubeObject | undefined,
    context: WriteContext,
    namespace: string,
    subresource: string,
    write: () => Promise<T>,
  ): Promise<T> {
    if (!this.strategy.begin) return write();
    const begun = this.strategy.begin(object, old, this.#strategyContext(context, namespace, subresource));
    return this.#between(begun, context, write);
  }

  async #between<T>(
    begun: ReturnType<NonNullable<Strategy['begin']>>,
    context: WriteContext,
    write: () => Promise<T>,
  ): Promise<T> {
    const reservation = await begun;
    let written: T;
    try {
      written = await write();
    } catch (error) {
      await reservation?.revert();
      throw error;
    }
    if (context.dryRun) await reservation?.revert();
    else await reservation?.commit();
    return written;
  }

  async #checkAccess(
    object: KubeObject,
    old: KubeObject | undefined,
    context: WriteContext,
    namespace: string,
  ): Promise<void> {
    if (!this.strategy.validateAccess) return;
    const errors = await this.strategy.validateAccess(
      object,
      old,
      this.#strategyContext(context, namespace, ''),
    );
    if (errors.length) throw invalidError(this.kind, object.metadata.name ?? '', errors);
  }

  /** Fills in what the server owns, runs the strategy and checks the result (rest.BeforeCreate). */
  #beforeCreate(object: KubeObject, context: WriteContext, namespace: string): void {
    const meta = object.metadata;
    meta.creationTimestamp = rfc3339(context.now);
    meta.uid = this.#parts.uuid();
    if (!meta.name && meta.generateName)
      meta.name = generateName(meta.generateName, (count) => this.#parts.random(count));
    matchNamespace(object, this.descriptor.namespaced ? namespace : '');
    const strategy = this.strategy;
    const forStrategy = this.#strategyContext(context, namespace, '');
    if (this.#hasStatus && !strategy.createKeepsStatus) delete object.status;
    if (strategy.generation) meta.generation = 1;
    strategy.prepareForCreate?.(object, forStrategy);
    this.#parts.normalize(object);
    const errors = validateObjectMeta(meta, this.descriptor.namespaced, strategy.validateName, 'metadata');
    if (strategy.validate) errors.push(...strategy.validate(object, forStrategy));
    if (errors.length) throw invalidError(this.#kindOf(object), meta.name ?? '', errors);
    if (!strategy.warnings) return;
    for (const text of strategy.warnings(object, undefined, forStrategy)) context.warn(text);
  }

  async #insert(object: KubeObject, context: WriteContext, namespace: string): Promise<KubeObject> {
    const name = object.metadata.name!;
    const key = this.key(namespace, name);
    if ('resourceVersion' in object.metadata) delete object.metadata.resourceVersion;
    if (context.dryRun) {
      if (this.cache.get(object.metadata.namespace ?? '', name)) throw this.#exists(namespace, name);
      return object;
    }
    const ttlSeconds = this.strategy.ttlSeconds?.(object, this.#parts.options);
    const encoded = this.#encode(object);
    const value = encoded instanceof Promise ? await encoded : encoded;
    let result: WriteResult;
    try {
      result = await this.#parts.store.put(key, value, ttlSeconds ? { expect: 0, ttlSeconds } : NEW);
    } catch (error) {
      throw unwritten(error);
    }
    if (!result.ok) {
      if (this.strategy.createsBlindly) await this.#reads.catchUp(result.current);
      throw this.#exists(namespace, name);
    }
    if (this.cache.revision < result.revision) await this.#reads.seen(result.revision);
    return this.#asRead(object, result.revision);
  }

  #exists(namespace: string, name: string): StatusError {
    const there = this.cache.get(this.descriptor.namespaced ? namespace : '', name);
    const prefix = there?.object.metadata.deletionTimestamp ? 'object is being deleted: ' : '';
    return alreadyExistsError(this.resource, name, prefix);
  }

  /**
   * Replaces an object by what `source` makes of it. The answer is the object as it is stored afterwards,
   * and whether it was made anew or, its last finalizer dropped, is gone.
   */
  async update(
    context: WriteContext,
    namespace: string,
    name: string,
    source: UpdateSource,
    options: UpdateOptions = {},
  ): Promise<UpdateResult> {
    const key = this.key(namespace, name);
    if (!this.#parts.alwaysFresh) await this.fresh();
    for (let tries = 0; tries < MAX_WRITE_TRIES; tries++) {
      const cached = this.cache.get(this.descriptor.namespaced ? namespace : '', name);
      if (!cached && !this.strategy.allowCreateOnUpdate && !options.allowCreate)
        throw notFoundError(this.resource, name);
      if (source.uid && (cached || !options.allowCreate))
        this.#checkUid(source.uid, cached?.object, key, name);
      const existing = cached?.object;
      const object = await source.make(existing);
      const asked = parseVersion(object.metadata.resourceVersion);
      if (!existing)
        return {
          object: await this.#createOnUpdate(context, namespace, object, options),
          created: true,
          deleted: false,
          written: !context.dryRun,
        };

      const unconditional = asked === 0n && this.strategy.allowUnconditionalUpdate !== false;
      if (!unconditional) {
        if (asked === 0n) {
          const error = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
          throw invalidError({ group: this.resource.group, kind: this.resource.resource }, name, [error]);
        }
        if (asked !== BigInt(cached!.revision)) throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
      }
      object.metadata.resourceVersion = existing.metadata.resourceVersion!;
      const outcome = await this.#reserved(
        object,
        existing,
        context,
        namespace,
        options.subresource ?? '',
        () => this.#overwrite(context, namespace, name, object, cached!, options),
      );
      if (outcome !== 'lost') return outcome;
      if (!unconditional && !options.retryConflicts)
        throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
    }
    throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
  }

  /** One try to put the new object in the place of the one that was read; `lost` where somebody else was faster. */
  async #overwrite(
    context: WriteContext,
    namespace: string,
    name: string,
    object: KubeObject,
    cached: CachedObject,
    { subresource = '', shown }: UpdateOptions,
  ): Promise<UpdateResult | 'lost'> {
    const existing = cached.object;
    const key = this.key(namespace, name);
    this.#beforeUpdate(object, existing, context, namespace, subresource);
    await this.#checkAccess(object, existing, context, namespace);
    this.#parts.managedFields.keepTimes(object, existing);
    const attributes = this.#attributes('UPDATE', context, namespace, name, object, existing, subresource);
    await context.admission.validate(
      shown
        ? { ...attributes, kind: shown.kind, object: shown.of(object), oldObject: shown.of(existing) }
        : attributes,
    );
    const ends = this.strategy.deletion
      ? this.strategy.deletion.mayGo(object)
      : endsDeletion(object, existing);
    if (ends) {
      if (!context.dryRun) {
        await this.#remove(key, name, cached.revision);
        await this.strategy.afterDelete?.(object, this.#strategyContext(context, namespace, subresource));
      }
      return { object, created: false, deleted: true, written: false };
    }
    if (context.dryRun) return { object, created: false, deleted: false, written: false };
    // A value that is stored otherwise than it would be now, under an old key say, is written though nothing changes.
    if (this.#same(object, existing) && !(await this.#parts.store.stale?.(key)))
      return { object, created: false, deleted: false, written: false };
    delete object.metadata.resourceVersion;
    const ttlSeconds = this.strategy.ttlSeconds?.(object, this.#parts.options);
    const encoded = this.#encode(object);
    const value = encoded instanceof Promise ? await encoded : encoded;
    const expect = cached.revision;
    let result: WriteResult;
    try {
      result = await this.#parts.store.put(key, value, ttlSeconds ? { expect, ttlSeconds } : { expect });
    } catch (error) {
      throw unwritten(error);
    }
    if (!result.ok) {
      await this.#reads.catchUp(result.current);
      return 'lost';
    }
    if (this.cache.revision < result.revision) await this.#reads.seen(result.revision);
    return {
      object: this.#asRead(object, result.revision),
      created: false,
      deleted: false,
      written: true,
    };
  }

  async #createOnUpdate(
    context: WriteContext,
    namespace: string,
    object: KubeObject,
    options: UpdateOptions,
  ): Promise<KubeObject> {
    return this.#reserved(object, undefined, context, namespace, '', async () => {
      this.#beforeCreate(object, context, namespace);
      await options.authorizeCreate?.();
      await this.#checkAccess(object, undefined, context, namespace);
      await context.admission.validate(
        this.#attributes('CREATE', context, namespace, object.metadata.name!, object),
      );
      return this.#insert(object, context, namespace);
    });
  }

  /** Keeps what a client may not change, runs the strategy and checks the change (rest.BeforeUpdate). */
  #beforeUpdate(
    object: KubeObject,
    old: KubeObject,
    context: WriteContext,
    namespace: string,
    subresource: string,
  ): void {
    const meta = object.metadata;
    const before = old.metadata;
    matchNamespace(object, this.descriptor.namespaced ? namespace : '');
    if (before.generation === undefined) delete meta.generation;
    else meta.generation = before.generation;
    const strategy = this.strategy;
    const forStrategy = this.#strategyContext(context, namespace, subresource);
    const way = subresource === 'status' ? strategy.status : strategy.subresources?.[subresource];
    if (way?.prepareForUpdate) way.prepareForUpdate(object, old, forStrategy);
    else if (subresource === 'status') keepAllButStatus(object, old);
    else if (!way) {
      if (this.#hasStatus && subresource === '') keepStatus(object, old);
      strategy.prepareForUpdate?.(object, old, forStrategy);
    }
    if (!meta.uid) meta.uid = before.uid!;
    if (before.creationTimestamp) meta.creationTimestamp = before.creationTimestamp;
    if (before.deletionTimestamp) meta.deletionTimestamp = before.deletionTimestamp;
    if (before.deletionGracePeriodSeconds !== undefined && meta.deletionGracePeriodSeconds === undefined) {
      meta.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds;
    }
    this.#parts.normalize(object);
    if (strategy.generation && subresource !== 'status' && specChanged(object, old))
      meta.generation = (before.generation ?? 0) + 1;
    const changes = validateObjectMetaUpdate(meta, before, 'metadata');
    const common = [...validateAnyObjectMeta(meta, this.descriptor.namespaced), ...changes];
    // The generic store and the kind's own checks both look at the metadata, so each of its faults is told twice.
    const errors: FieldError[] = [...common, ...(strategy.untyped ? changes : common)];
    if (way || subresource === 'status')
      errors.push(...(way?.validateUpdate?.(object, old, forStrategy) ?? []));
    else errors.push(...(strategy.validateUpdate?.(object, old, forStrategy) ?? []));
    if (errors.length) throw invalidError(this.#kindOf(object), meta.name ?? '', errors);
    for (const text of strategy.warnings?.(object, old, forStrategy) ?? []) context.warn(text);
  }

  /** Deletes, or begins to: finalizers and grace hold an object (store.go Delete, rest.BeforeDelete). */
  async delete(
    context: WriteContext,
    namespace: string,
    name: string,
    asked: DeleteOptions,
  ): Promise<DeleteResult> {
    const key = this.key(namespace, name);
    if (!this.#parts.alwaysFresh) await this.fresh();
    for (let tries = 0; tries < MAX_WRITE_TRIES; tries++) {
      const cached = this.get(namespace, name);
      const existing = readable(cached);
      if (!existing) return this.#deleteUnreadable(context, key, cached, asked);
      const deletion = this.strategy.deletion;
      if (deletion) checkTwoStepDelete(existing, asked, this.resource);
      else checkDelete(existing, asked, this.kind);
      const object = cloneJson(existing);
      if (deletion && (!existing.metadata.deletionTimestamp || !deletion.mayGo(existing))) {
        await context.admission.validate(
          this.#attributes('DELETE', context, namespace, name, undefined, existing),
        );
        if (existing.metadata.deletionTimestamp) return { object: existing, gone: false };
        deletion.begin(object, rfc3339(context.now), asked);
        if (context.dryRun) return { object, gone: false };
        const written = await this.#replace(key, object, cached.revision);
        if (written) return { object: written, gone: false };
        continue;
      }
      const grace = this.#beginGrace(object, asked, context.now);
      if (grace === 'pending') return { object: existing, gone: false };
      if (!context.dryRun || tries === 0) {
        await context.admission.validate(
          this.#attributes('DELETE', context, namespace, name, undefined, existing),
        );
      }
      const finalizers = collectorFinalizers(
        object,
        asked,
        this.strategy.defaultGarbageCollection ?? 'Background',
      );
      if (finalizers) object.metadata.finalizers = finalizers;
      const held = (object.metadata.finalizers ?? []).length > 0;
      if (held && grace === 'none') markAsDeleting(object, context.now);
      if (held || (grace !== 'none' && grace > 0)) {
        this.#parts.normalize(object);
        if (context.dryRun || this.#same(object, existing)) return { object, gone: false };
        const written = await this.#replace(key, object, cached.revision);
        if (written) return { object: written, gone: false };
        continue;
      }
      if (context.dryRun) return { object, gone: true };
      const result = await this.#write(this.#parts.store.delete(key, { expect: cached.revision }));
      if (result.ok) {
        await this.#reads.seen(result.revision);
        object.metadata.resourceVersion = String(result.revision);
        await this.strategy.afterDelete?.(object, this.#strategyContext(context, namespace, ''));
        return { object, gone: true };
      }
      if (!result.current) throw notFoundError(this.resource, name);
      await this.#reads.catchUp(result.current);
    }
    throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
  }

  /**
   * An object that cannot be decrypted or decoded has no finalizers or grace that could be read, and nothing but a delete
   * helps against it.
   */
  async #deleteUnreadable(
    context: WriteContext,
    key: string,
    cached: CachedObject,
    asked: DeleteOptions,
  ): Promise<DeleteResult> {
    const { name, namespace, revision } = cached;
    const object: KubeObject = {
      kind: this.kind.kind,
      apiVersion: groupVersion(this.kind),
      metadata: { name, ...(namespace ? { namespace } : {}), resourceVersion: String(revision) },
    };
    const { uid, resourceVersion } = asked.preconditions ?? {};
    if (uid !== undefined || (resourceVersion !== undefined && resourceVersion !== String(revision)))
      throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
    await context.admission.validate(this.#attributes('DELETE', context, namespace, name, undefined, object));
    if (!context.dryRun) await this.#remove(key, name, revision);
    return { object, gone: true };
  }

  /** What grace a delete gives the object: none, so many seconds, or it is being deleted already and stays as it is. */
  #beginGrace(object: KubeObject, asked: DeleteOptions, now: number): 'none' | 'pending' | number {
    if (!this.strategy.gracePeriod) return 'none';
    const meta = object.metadata;
    const wish =
      asked.gracePeriodSeconds !== undefined && asked.gracePeriodSeconds < 0 ? 1 : asked.gracePeriodSeconds;
    if (meta.deletionTimestamp) {
      const left = meta.deletionGracePeriodSeconds ?? 0;
      if (left === 0) return 'none';
      if (wish === undefined || wish >= left) return 'pending';
      let at = Date.parse(meta.deletionTimestamp) - left * 1000 + wish * 1000;
      let period = wish;
      if (at < now) {
        at = now;
        if (period !== 0) period = 1;
      }
      meta.deletionTimestamp = rfc3339(at);
      meta.deletionGracePeriodSeconds = period;
      return period;
    }
    const seconds = this.strategy.gracePeriod(object, wish);
    meta.deletionTimestamp = rfc3339(now + seconds * 1000);
    meta.deletionGracePeriodSeconds = seconds;
    if ((meta.generation ?? 0) > 0) meta.generation = meta.generation! + 1;
    return seconds;
  }

  /** Writes over a revision; undefined where somebody else was faster. */
  async #replace(key: string, object: KubeObject, revision: number): Promise<KubeObject | undefined> {
    delete object.metadata.resourceVersion;
    const value = await this.#encode(object);
    const result = await this.#write(this.#parts.store.put(key, value, { expect: revision }));
    if (result.ok) {
      await this.#reads.seen(result.revision);
      return this.#asRead(object, result.revision);
    }
    await this.#reads.catchUp(result.current);
    return undefined;
  }

  async #remove(key: string, name: string, revision: number): Promise<void> {
    const result = await this.#write(this.#parts.store.delete(key, { expect: revision }));
    if (result.ok) await this.#reads.seen(result.revision);
    else if (result.current) throw conflictError(this.resource, name, OPTIMISTIC_LOCK);
  }

  #checkUid(uid: string, existing: KubeObject | undefined, key: string, name: string): void {
    const found = existing?.metadata.uid ?? '';
    if (uid === found) return;
    throw conflictError(
      this.resource,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`,
    );
  }

  /** The object as reads show it, once they do. */
  #asRead(object: KubeObject, revision: number): KubeObject {
    if (this.#parts.toStored) {
      const { name = '', namespace = '' } = object.metadata;
      const cached = this.cache.get(namespace, name);
      if (cached?.revision === revision) return cloneJson(cached.object);
    }
    object.metadata.resourceVersion = String(revision);
    return object;
  }

  /** The stored form: kind and apiVersion first, no resourceVersion. */
  #encode(object: KubeObject): Uint8Array | Promise<Uint8Array> {
    const stored = this.#parts.toStored?.(object) ?? object;
    return stored instanceof Promise ? stored.then(bytesOf) : bytesOf(stored);
  }

  /** Whether a write would change nothing: then nothing is written, and the resourceVersion stays. */
  #same(object: KubeObject, existing: KubeObject): boolean {
    return this.strategy.untyped ? sameValue(object, existing) : deepEqual(object, existing);
  }

  async #write(writing: Promise<WriteResult>): Promise<WriteResult> {
    try {
      return await writing;
    } catch (error) {
      throw unwritten(error);
    }
  }

  #strategyContext(context: WriteContext, namespace: string, subresource: string): StrategyContext {
    const { client, options, expressions, access } = this.#parts;
    const made: StrategyContext = {
      user: context.user,
      namespace,
      subresource,
      now: context.now,
      client,
      options,
      dryRun: context.dryRun,
      warn: context.warn,
    };
    if (expressions) made.expressions = expressions;
    if (access && this.strategy.validateAccess) made.access = access(context.user);
    return made;
  }

  /** A custom resource that says it is of another kind is refused as one of that kind. */
  #kindOf(object: KubeObject): { group: string; kind: string } {
    return this.strategy.untyped ? { group: this.kind.group, kind: object.kind ?? '' } : this.kind;
  }

  #attributes(
    operation: 'CREATE' | 'UPDATE' | 'DELETE',
    context: WriteContext,
    namespace: string,
    name: string,
    object?: KubeObject,
    oldObject?: KubeObject,
    subresource = '',
  ): AdmissionRequest {
    const request: AdmissionRequest = {
      operation,
      kind: this.kind,
      resource: this.resource,
      subresource,
      namespace,
      name,
      options: context.options,
      dryRun: context.dryRun,
    };
    if (object) request.object = object;
    if (oldObject) request.oldObject = oldObject;
    if (context.requested) request.requested = context.requested;
    return request;
  }

  /** The mutating phase for an update, run by whoever makes the new object. */
  async mutate(
    context: WriteContext,
    namespace: string,
    name: string,
    object: KubeObject,
    old: KubeObject | undefined,
    subresource = '',
    kind = this.kind,
  ): Promise<void> {
    const operation = old ? 'UPDATE' : 'CREATE';
    await context.admission.mutate({
      ...this.#attributes(operation, context, namespace, name, object, old, subresource),
      kind,
    });
  }

  get apiVersion(): string {
    return groupVersion(this.kind);
  }

  get managedFields(): ManagedFieldsWriter {
    return this.#parts.managedFields;
  }
}

/** What a client is told of a write that failed in the store. */
const unwritten = (error: unknown): unknown =>
  error instanceof StoreUnavailableError
    ? timeoutError('request did not complete within the allotted timeout', 0)
    : error;

const bytesOf = (object: KubeObject): Uint8Array => Buffer.from(JSON.stringify(object));

/** Undefined for an object that cannot be decrypted or decoded. */
function readable(cached: CachedObject): KubeObject | undefined {
  try {
    return cached.object;
  } catch (error) {
    if (error instanceof UndecodableObjectError) return undefined;
    throw error;
  }
}

function matchNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata.namespace ?? '';
  if (own === namespace) return;
  if (own === '') object.metadata.namespace = namespace;
  else if (namespace === '') delete object.metadata.namespace;
  else
    throw badRequestError(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
}
