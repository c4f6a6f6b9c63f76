import { type Clock, rfc3339 } from '../meta/clock.ts';
import type { Fields, GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

const NAMESPACES: GroupResource = { group: '', resource: 'namespaces' };
const PODS: GroupResource = { group: '', resource: 'pods' };
const FINALIZER = 'kubernetes';
/** How long objects held by finalizers are given before they are looked at again, unless one of them goes earlier. */
const FINALIZER_SECONDS = 15;
const DELETES_AT_ONCE = 16;

/** Conditions of a namespace that is ending: their types in order, and what they say when nothing is wrong. */
const FINE: readonly [type: string, reason: string, message: string][] = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  [
    'NamespaceDeletionGroupVersionParsingFailure',
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  ],
  [
    'NamespaceDeletionContentFailure',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  ['NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'],
  ['NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
];

export interface NamespaceDeletionOptions {
  client: ObjectClient;
  /** The namespaced resources that can be deleted, each store once; asked for each namespace anew. */
  resources(): Iterable<GroupResource>;
  clock: Clock;
  complain?: Complaint;
  wait?: Wait;
}

/** What is left of a namespace's content after a round. */
interface Remains {
  /** `secrets.` → 2. */
  resources: Map<string, number>;
  finalizers: Map<string, number>;
  errors: string[];
  /** The longest grace that a pod left behind has. */
  graceSeconds: number;
}

/**
 * Ends namespaces: deletes what is in them, pods first, says in conditions what is left, and takes the finalizer away
 * once nothing is (pkg/controller/namespace/deletion).
 */
export class NamespaceDeletion implements Controller {
  readonly name = 'namespace';
  readonly #options: NamespaceDeletionOptions;
  readonly #queue: WorkQueue;
  /** Resources whose departures are followed, with the way to stop. */
  readonly #followed = new Map<string, () => void>();
  readonly #ending = new Set<string>();
  #unfollow: (() => void) | undefined;

  constructor(options: NamespaceDeletionOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      handle: (name) => this.#handle(name),
      failed: (key, error) => options.complain?.(this.name, key, error),
      workers: 4,
      ...(options.wait ? { wait: options.wait } : {}),
    });
  }

  start(): void {
    const lister = this.#options.client.lister(NAMESPACES);
    this.#unfollow = lister?.onChange((change) => {
      const name = change.object.metadata.name ?? '';
      if (change.type === 'DELETED') this.#ending.delete(name);
      else if (change.object.metadata.deletionTimestamp) this.#queue.add(name);
    });
    for (const namespace of lister?.list() ?? [])
      if (namespace.metadata.deletionTimestamp) this.#queue.add(namespace.metadata.name ?? '');
    this.#queue.start();
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    for (const unfollow of this.#followed.values()) unfollow();
    this.#followed.clear();
    await this.#queue.stop();
  }

  async #handle(name: string): Promise<void> {
    const namespace = this.#options.client.lister(NAMESPACES)?.get('', name);
    if (!namespace?.metadata.deletionTimestamp || !namespace['spec']?.finalizers?.length) return;
    this.#ending.add(name);
    const remains = await this.#deleteContent(name);
    if (remains.resources.size === 0 && remains.errors.length === 0) {
      await this.#report(namespace, remains);
      await this.#finalize(name);
      return;
    }
    await this.#report(namespace, remains);
    if (remains.errors.length) throw new Error(remains.errors.join(', '));
    const seconds = remains.graceSeconds || FINALIZER_SECONDS;
    this.#queue.addAfter(name, (seconds / 2 + 1) * 1000);
  }

  async #deleteContent(namespace: string): Promise<Remains> {
    const remains: Remains = { resources: new Map(), finalizers: new Map(), errors: [], graceSeconds: 0 };
    await this.#deleteResource(PODS, namespace, remains);
    // Pods may need what is beside them until their end.
    if (remains.resources.size) return remains;
    for (const resource of this.#options.resources())
      if (resource.group !== '' || resource.resource !== 'pods')
        await this.#deleteResource(resource, namespace, remains);
    return remains;
  }

  async #deleteResource(resource: GroupResource, namespace: string, remains: Remains): Promise<void> {
    const lister = this.#options.client.lister(resource);
    const items = lister?.list(namespace) ?? [];
    if (!lister || items.length === 0) return;
    for (let i = 0; i < items.length; i += DELETES_AT_ONCE)
      await Promise.all(
        items.slice(i, i + DELETES_AT_ONCE).map((item) => this.#delete(resource, item, remains)),
      );
    const left = lister.list(namespace);
    if (left.length === 0) return;
    this.#follow(resource);
    remains.resources.set(`${resource.resource}.${resource.group}`, left.length);
    for (const item of left) {
      for (const finalizer of item.metadata.finalizers ?? [])
        remains.finalizers.set(finalizer, (remains.finalizers.get(finalizer) ?? 0) + 1);
      remains.graceSeconds = Math.max(remains.graceSeconds, item.metadata.deletionGracePeriodSeconds ?? 0);
    }
  }

  async #delete(resource: GroupResource, item: KubeObject, remains: Remains): Promise<void> {
    if (item.metadata.deletionTimestamp) return;
    const { namespace = '', name = '' } = item.metadata;
    try {
      await this.#options.client.delete(resource, namespace, name, { propagationPolicy: 'Background' });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) remains.errors.push((error as Error).message);
    }
  }

  /** Looks at an ending namespace again as soon as an object of this resource has gone from it. */
  #follow(resource: GroupResource): void {
    const key = `${resource.group}/${resource.resource}`;
    if (this.#followed.has(key)) return;
    const unfollow = this.#options.client.lister(resource)?.onChange(
      (change) => {
        const namespace = change.object.metadata.namespace ?? '';
        if (change.type === 'DELETED' && this.#ending.has(namespace)) this.#queue.add(namespace);
      },
      { types: ['DELETED'] },
    );
    if (unfollow) this.#followed.set(key, unfollow);
  }

  async #report(namespace: KubeObject, remains: Remains): Promise<void> {
    const news = new Map<string, [reason: string, message: string]>();
    if (remains.errors.length)
      news.set('NamespaceDeletionContentFailure', [
        'ContentDeletionFailed',
        `Failed to delete all resource types, ${remains.errors.length} remaining: ${[...remains.errors].sort().join(', ')}`,
      ]);
    const told = (counts: Map<string, number>, say: (what: string, count: number) => string) =>
      [...counts]
        .map(([what, count]) => say(what, count))
        .sort()
        .join(', ');
    if (remains.resources.size)
      news.set('NamespaceContentRemaining', [
        'SomeResourcesRemain',
        `Some resources are remaining: ${told(remains.resources, (what, count) => `${what} has ${count} resource instances`)}`,
      ]);
    if (remains.finalizers.size)
      news.set('NamespaceFinalizersRemaining', [
        'SomeFinalizersRemain',
        `Some content in the namespace has finalizers remaining: ${told(remains.finalizers, (what, count) => `${what} in ${count} resource instances`)}`,
      ]);
    // A namespace that was empty goes without a word.
    if (news.size === 0 && !namespace['status']?.conditions?.length) return;
    const now = rfc3339(this.#options.clock.now());
    try {
      await this.#options.client.update(
        NAMESPACES,
        '',
        namespace.metadata.name ?? '',
        (object) => setConditions(object, news, now),
        'status',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound'))
        this.#options.complain?.(this.name, namespace.metadata.name ?? '', error);
    }
  }

  async #finalize(name: string): Promise<void> {
    try {
      await this.#options.client.update(
        NAMESPACES,
        '',
        name,
        (object) => {
          const finalizers: string[] = object['spec']?.finalizers ?? [];
          if (!finalizers.includes(FINALIZER)) return false;
          object['spec'] = { ...object['spec'], finalizers: finalizers.filter((f) => f !== FINALIZER) };
          return undefined;
        },
        'finalize',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}

/** Brings the conditions in line; false where nothing changes. */
function setConditions(
  namespace: KubeObject,
  news: ReadonlyMap<string, [reason: string, message: string]>,
  now: string,
): boolean | undefined {
  const status: Fields = namespace['status'] ?? {};
  const conditions: Fields[] = status['conditions'] ?? [];
  let changed = false;
  for (const [type, fineReason, fineMessage] of FINE) {
    const wrong = news.get(type);
    const [reason, message] = wrong ?? [fineReason, fineMessage];
    const state = wrong ? 'True' : 'False';
    const old = conditions.find((condition) => condition['type'] === type);
    if (!old) conditions.push({ type, status: state, lastTransitionTime: now, reason, message });
    else if (old['status'] === state && old['reason'] === reason && old['message'] === message) continue;
    else {
      if (old['status'] !== state) old['lastTransitionTime'] = now;
      Object.assign(old, { status: state, reason, message });
    }
    changed = true;
  }
  namespace['status'] = { ...status, conditions };
  return changed ? undefined : false;
}
