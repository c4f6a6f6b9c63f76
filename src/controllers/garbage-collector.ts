import {
  type GroupResource,
  type KubeObject,
  type OwnerReference,
  parseGroupVersion,
} from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ObjectChange } from '../registry/lister.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Of what is neither tied to an owner nor on its way out, nothing follows. */
const TIED_OR_ENDING = { mentions: ['"ownerReferences"', '"deletionTimestamp"'] };

export interface CollectedResource extends GroupResource {
  kind: string;
  namespaced: boolean;
}

export interface GarbageCollectorOptions {
  client: ObjectClient;
  /** Every resource whose objects can be deleted, each store once; events are left out by the collector itself. */
  resources(): Iterable<CollectedResource>;
  complain?: Complaint;
  wait?: Wait;
}

interface Reference {
  resource: CollectedResource;
  namespace: string;
  name: string;
  uid: string;
}

const isEvent = (resource: GroupResource) => resource.resource === 'events';
const keyOf = ({ resource, namespace, name, uid }: Reference) =>
  `${resource.group}/${resource.resource}|${namespace}|${name}|${uid}`;
const deleting = (object: KubeObject, finalizer: string) =>
  !!object.metadata.deletionTimestamp && !!object.metadata.finalizers?.includes(finalizer);

/**
 * Deletes what has lost all of its owners, holds owners back until those that block their deletion have gone (foreground),
 * and cuts ties (orphan); see pkg/controller/garbagecollector. It keeps track only of objects with owners, by owner.
 */
export class GarbageCollector implements Controller {
  readonly name = 'garbage-collector';
  readonly #options: GarbageCollectorOptions;
  readonly #queue: WorkQueue;
  readonly #resources = new Map<string, { resource: CollectedResource; unfollow: () => void }>();
  /** uid of an owner → uid of a dependent → the dependent. */
  readonly #dependents = new Map<string, Map<string, Reference>>();
  readonly #waiting = new Map<string, Reference>();
  #running = false;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      handle: (key) => this.#handle(key),
      failed: (key, error) => options.complain?.(this.name, key, error),
      workers: 8,
      ...(options.wait ? { wait: options.wait } : {}),
    });
  }

  start(): void {
    this.#running = true;
    this.resourcesChanged();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const { unfollow } of this.#resources.values()) unfollow();
    this.#resources.clear();
    await this.#queue.stop();
  }

  /** To be called when resources came or went (custom resources): follows the new ones, forgets the others. */
  resourcesChanged(): void {
    if (!this.#running) return;
    const served = new Set<string>();
    for (const resource of this.#options.resources()) {
      if (isEvent(resource)) continue;
      const key = `${resource.group}/${resource.resource}`;
      served.add(key);
      if (this.#resources.has(key)) continue;
      const lister = this.#options.client.lister(resource);
      if (!lister) continue;
      const unfollow = lister.onChange((change) => this.#changed(resource, change), TIED_OR_ENDING);
      this.#resources.set(key, { resource, unfollow });
      for (const object of lister.list()) this.#changed(resource, { type: 'ADDED', object });
    }
    for (const [key, { unfollow }] of this.#resources)
      if (!served.has(key)) {
        unfollow();
        this.#resources.delete(key);
      }
  }

  #reference(resource: CollectedResource, object: KubeObject): Reference {
    const { namespace = '', name = '', uid = '' } = object.metadata;
    return { resource, namespace, name, uid };
  }

  #add(reference: Reference): void {
    const key = keyOf(reference);
    this.#waiting.set(key, reference);
    this.#queue.add(key);
  }

  #changed(resource: CollectedResource, change: ObjectChange): void {
    const { object, previous } = change;
    const owners = change.type === 'DELETED' ? [] : (object.metadata.ownerReferences ?? []);
    const before = previous?.metadata.ownerReferences ?? [];
    if (owners.length || before.length)
      this.#retie(resource, object, owners, before, change.type === 'ADDED');
    if (change.type === 'DELETED') {
      for (const dependent of this.#dependents.get(object.metadata.uid ?? '')?.values() ?? [])
        this.#add(dependent);
      return;
    }
    if (deleting(object, ORPHAN) || deleting(object, FOREGROUND))
      this.#add(this.#reference(resource, object));
  }

  /** Brings the index in line with an object's owners, and looks at whoever the change may concern. */
  #retie(
    resource: CollectedResource,
    object: KubeObject,
    owners: readonly OwnerReference[],
    before: readonly OwnerReference[],
    added: boolean,
  ): void {
    const uid = object.metadata.uid ?? '';
    const same =
      !added &&
      owners.length === before.length &&
      owners.every(
        (o, i) => o.uid === before[i]?.uid && !o.blockOwnerDeletion === !before[i]?.blockOwnerDeletion,
      );
    if (same) return;
    const kept = new Set(owners.map((owner) => owner.uid));
    for (const owner of before) {
      if (!kept.has(owner.uid)) {
        const tied = this.#dependents.get(owner.uid);
        tied?.delete(uid);
        if (tied?.size === 0) this.#dependents.delete(owner.uid);
      }
      // The owner may have waited for this one.
      const found = this.#ownerOf(owner, object.metadata.namespace ?? '');
      if (found && deleting(found.object, FOREGROUND))
        this.#add(this.#reference(found.resource, found.object));
    }
    if (!owners.length) return;
    const reference = this.#reference(resource, object);
    for (const owner of owners) {
      let tied = this.#dependents.get(owner.uid);
      if (!tied) {
        tied = new Map();
        this.#dependents.set(owner.uid, tied);
      }
      tied.set(uid, reference);
    }
    this.#add(reference);
  }

  #resourceOf(owner: OwnerReference): CollectedResource | undefined {
    const group = parseGroupVersion(owner.apiVersion)?.group;
    for (const { resource } of this.#resources.values())
      if (resource.kind === owner.kind && resource.group === group) return resource;
    return undefined;
  }

  /** The owner as the watch cache has it, if it is the very one. */
  #ownerOf(
    owner: OwnerReference,
    namespace: string,
  ): { resource: CollectedResource; object: KubeObject } | undefined {
    const resource = this.#resourceOf(owner);
    if (!resource) return undefined;
    const object = this.#options.client
      .lister(resource)
      ?.get(resource.namespaced ? namespace : '', owner.name);
    return object && object.metadata.uid === owner.uid ? { resource, object } : undefined;
  }

  async #handle(key: string): Promise<void> {
    const reference = this.#waiting.get(key);
    if (!reference) return;
    this.#waiting.delete(key);
    try {
      const { resource, namespace, name, uid } = reference;
      const object = this.#options.client.lister(resource)?.get(namespace, name);
      if (!object || object.metadata.uid !== uid) return;
      if (deleting(object, ORPHAN)) await this.#orphanDependents(reference);
      else if (deleting(object, FOREGROUND)) await this.#awaitDependents(reference);
      else if (!object.metadata.deletionTimestamp) await this.#collect(reference, object);
    } catch (error) {
      if (isStatus(error, 'NotFound')) return;
      this.#waiting.set(key, reference);
      throw error;
    }
  }

  async #orphanDependents(owner: Reference): Promise<void> {
    for (const dependent of [...(this.#dependents.get(owner.uid)?.values() ?? [])])
      await this.#dropOwners(dependent, new Set([owner.uid]));
    await this.#dropFinalizer(owner, ORPHAN);
  }

  /** Foreground: whoever blocks goes first; once none is left, the owner may. */
  async #awaitDependents(owner: Reference): Promise<void> {
    let blocked = false;
    for (const dependent of this.#dependents.get(owner.uid)?.values() ?? []) {
      const object = this.#options.client
        .lister(dependent.resource)
        ?.get(dependent.namespace, dependent.name);
      const tie = object?.metadata.ownerReferences?.find((o) => o.uid === owner.uid);
      if (!object || object.metadata.uid !== dependent.uid || !tie?.blockOwnerDeletion) continue;
      blocked = true;
      if (!deleting(object, FOREGROUND)) this.#add(dependent);
    }
    if (!blocked) await this.#dropFinalizer(owner, FOREGROUND);
  }

  /** Deletes an object whose owners are all gone or wait for it to go; else drops the ties that lead nowhere. */
  async #collect(reference: Reference, object: KubeObject): Promise<void> {
    const owners = object.metadata.ownerReferences ?? [];
    if (!owners.length) return;
    const gone = new Set<string>();
    let solid = false;
    let waitedFor = false;
    for (const owner of owners) {
      const found = await this.#find(owner, reference.namespace);
      if (found === 'unknown') {
        solid = true;
        continue;
      }
      if (found && !(deleting(found, FOREGROUND) && owner.blockOwnerDeletion)) solid = true;
      else {
        gone.add(owner.uid);
        if (found) waitedFor = true;
      }
    }
    if (gone.size === 0) return;
    if (solid) {
      await this.#dropOwners(reference, gone);
      return;
    }
    const has = (finalizer: string) => object.metadata.finalizers?.includes(finalizer);
    const dependents = (this.#dependents.get(reference.uid)?.size ?? 0) > 0;
    const foreground = waitedFor ? dependents : has(FOREGROUND);
    await this.#options.client.delete(reference.resource, reference.namespace, reference.name, {
      propagationPolicy: foreground ? 'Foreground' : has(ORPHAN) && !waitedFor ? 'Orphan' : 'Background',
      preconditions: { uid: reference.uid },
    });
  }

  /** The owner; undefined where it is certain that there is none; `unknown` where its kind is not served here. */
  async #find(owner: OwnerReference, namespace: string): Promise<KubeObject | undefined | 'unknown'> {
    const cached = this.#ownerOf(owner, namespace);
    if (cached) return cached.object;
    const resource = this.#resourceOf(owner);
    if (!resource) return 'unknown';
    // A dependent may be seen before its owner is: what the cache does not have is asked for.
    try {
      const object = await this.#options.client.get(
        resource,
        resource.namespaced ? namespace : '',
        owner.name,
      );
      return object.metadata.uid === owner.uid ? object : undefined;
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #dropOwners({ resource, namespace, name, uid }: Reference, gone: ReadonlySet<string>): Promise<void> {
    await this.#change(resource, namespace, name, (object) => {
      const owners = object.metadata.ownerReferences ?? [];
      const left = owners.filter((owner) => !gone.has(owner.uid));
      if (object.metadata.uid !== uid || left.length === owners.length) return false;
      if (left.length) object.metadata.ownerReferences = left;
      else delete object.metadata.ownerReferences;
      return undefined;
    });
  }

  async #dropFinalizer({ resource, namespace, name, uid }: Reference, finalizer: string): Promise<void> {
    await this.#change(resource, namespace, name, (object) => {
      const finalizers = object.metadata.finalizers ?? [];
      if (object.metadata.uid !== uid || !finalizers.includes(finalizer)) return false;
      const left = finalizers.filter((f) => f !== finalizer);
      if (left.length) object.metadata.finalizers = left;
      else delete object.metadata.finalizers;
      return undefined;
    });
  }

  async #change(
    resource: GroupResource,
    namespace: string,
    name: string,
    change: (object: KubeObject) => boolean | undefined,
  ): Promise<void> {
    try {
      await this.#options.client.update(resource, namespace, name, change);
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}
