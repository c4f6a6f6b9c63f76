import type { Clock } from '../meta/clock.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import { type GroupResource, type KubeObject, qualified } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ObjectChange } from '../registry/lister.ts';
import type { Complaint, Controller } from './controller.ts';
import { claimUsageMayDiffer, type QuotaEvaluator, QuotaEvaluators } from './quota/evaluator.ts';
import {
  only,
  type ResourceList,
  readResources,
  sameResources,
  sum,
  writeResources,
  ZERO,
} from './quota/resource-list.ts';
import { isTerminating, scopesOf } from './quota/scopes.ts';
import { isCharged } from './quota/usage.ts';
import { systemWait, type Wait, WorkQueue } from './work-queue.ts';

const QUOTAS = { group: '', resource: 'resourcequotas' };
/** Everything is counted anew this often: what was charged for writes that failed afterwards is given back. */
const RESYNC_MS = 5 * 60_000;

export interface ResourceQuotaParts {
  client: ObjectClient;
  /** Namespaced resources that are stored, as they are now. */
  resources(): readonly GroupResource[];
  clock: Clock;
  complain?: Complaint;
  wait?: Wait;
}

/** Keeps each ResourceQuota's status: what it limits, and how much of it is used (pkg/controller/resourcequota). */
export class ResourceQuotaController implements Controller {
  readonly name = 'resourcequota-controller';
  readonly #parts: ResourceQuotaParts;
  readonly #evaluators: QuotaEvaluators;
  readonly #queue: WorkQueue;
  readonly #watched = new Map<string, () => void>();
  #stop: (() => void) | undefined;
  #callOff: (() => void) | undefined;

  constructor(parts: ResourceQuotaParts) {
    this.#parts = parts;
    this.#evaluators = new QuotaEvaluators((resource) => parts.client.lister(resource));
    this.#queue = new WorkQueue({
      handle: (key) => this.#sync(key),
      failed: (key, error) => parts.complain?.(this.name, key, error),
      workers: 5,
      ...(parts.wait ? { wait: parts.wait } : {}),
    });
  }

  start(): void {
    const quotas = this.#parts.client.lister(QUOTAS)!;
    this.#stop = quotas.onChange((change) => {
      if (change.type === 'DELETED') return;
      const changed =
        change.type === 'ADDED' || !deepEqual(change.previous['spec']?.hard, change.object['spec']?.hard);
      if (changed) this.#queue.add(keyOf(change.object));
    });
    this.resourcesChanged();
    this.#queue.start();
    this.#recount();
  }

  /** Kinds have come or gone. */
  resourcesChanged(): void {
    const there = new Map(this.#parts.resources().map((resource) => [qualified(resource), resource]));
    for (const [name, stop] of this.#watched) {
      if (there.has(name)) continue;
      stop();
      this.#watched.delete(name);
    }
    for (const [name, resource] of there) {
      const evaluator = this.#watched.has(name) ? undefined : this.#evaluators.of(resource);
      const lister = evaluator && this.#parts.client.lister(resource);
      if (!lister) continue;
      this.#watched.set(
        name,
        lister.onChange(
          (change) => {
            if (givesBack(name, change, this.#parts.clock.now())) this.#replenish(evaluator, change.object);
          },
          { types: MAY_SHRINK.has(name) ? ['MODIFIED', 'DELETED'] : ['DELETED'] },
        ),
      );
    }
  }

  stop(): Promise<void> {
    this.#stop?.();
    this.#callOff?.();
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
    return this.#queue.stop();
  }

  #recount(): void {
    for (const quota of this.#parts.client.lister(QUOTAS)!.list()) this.#queue.add(keyOf(quota));
    this.#callOff = (this.#parts.wait ?? systemWait)(RESYNC_MS, () => this.#recount());
  }

  /** Quotas of the object's namespace that it counted against. */
  #replenish(evaluator: QuotaEvaluator, object: KubeObject): void {
    const { namespace } = object.metadata;
    if (!namespace) return;
    for (const quota of this.#parts.client.lister(QUOTAS)!.list(namespace))
      if (Object.keys(quota['status']?.hard ?? {}).some((name) => evaluator.counts(name)))
        this.#queue.add(keyOf(quota));
  }

  async #sync(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const found = this.#parts.client.lister(QUOTAS)!.get(namespace, name);
    if (!found || this.#isRight(found)) return;
    try {
      await this.#parts.client.update(
        QUOTAS,
        namespace,
        name,
        (quota) => {
          if (this.#isRight(quota)) return false;
          quota['status'] = { hard: { ...quota['spec']?.hard }, used: writeResources(this.#used(quota)) };
          return true;
        },
        'status',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }

  #isRight(quota: KubeObject): boolean {
    const { hard, used } = quota['status'] ?? {};
    if (!hard || !used || !deepEqual(hard, quota['spec']?.hard ?? {})) return false;
    return sameResources(readResources(used), this.#used(quota));
  }

  /** What is used of each resource that the quota limits; of those nobody counts, what was said before. */
  #used(quota: KubeObject): ResourceList {
    const hard = new Set(Object.keys(quota['spec']?.hard ?? {}));
    const scopes = scopesOf(quota);
    const now = this.#parts.clock.now();
    let counted: ResourceList = new Map();
    for (const evaluator of this.#evaluators.counting([...hard])) {
      const lister = this.#parts.client.lister(evaluator.resource);
      if (!lister) continue;
      for (const name of hard) if (evaluator.counts(name) && !counted.has(name)) counted.set(name, ZERO);
      for (const object of lister.list(quota.metadata.namespace!))
        if (scopes.every((scope) => evaluator.inScope(object, scope)))
          counted = sum(counted, only(evaluator.usage(object, now), hard));
    }
    const before = only(readResources(quota['status']?.used), hard);
    return new Map([...before, ...counted]);
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/** What counts for less after some changes. */
const MAY_SHRINK = new Set(['pods', 'services', 'persistentvolumeclaims']);

/** Whether a change frees something that a quota may have to be told of (pkg/quota/v1/install/update_filter.go). */
function givesBack(resource: string, change: ObjectChange, now: number): boolean {
  if (change.type !== 'MODIFIED') return change.type === 'DELETED';
  const { object, previous } = change;
  switch (resource) {
    case 'pods':
      return (
        isTerminating(object) !== isTerminating(previous) ||
        (isCharged(previous, now) && !isCharged(object, now)) ||
        resized(object, previous)
      );
    case 'services':
      return countedType(object) !== countedType(previous);
    case 'persistentvolumeclaims':
      return claimUsageMayDiffer(object, previous);
    default:
      return false;
  }
}

function resized(pod: KubeObject, previous: KubeObject): boolean {
  return ['containerStatuses', 'initContainerStatuses'].some((list) => {
    const before: { name: string; resources?: unknown }[] = previous['status']?.[list] ?? [];
    const now: { name: string; resources?: unknown }[] = pod['status']?.[list] ?? [];
    return before.some(({ name, resources }) => {
      const same = now.find((status) => status.name === name);
      return same !== undefined && !deepEqual(same.resources, resources);
    });
  });
}

function countedType(service: KubeObject): string {
  const type: string = service['spec']?.type ?? '';
  return type === 'NodePort' || type === 'LoadBalancer' ? type : '';
}
