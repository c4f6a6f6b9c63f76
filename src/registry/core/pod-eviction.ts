import { rfc3339 } from '../../meta/clock.ts';
import { invalid } from '../../meta/field-error.ts';
import { matchesLabelSelector } from '../../meta/label-selector.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import {
  badRequestError,
  conflictError,
  forbiddenError,
  invalidError,
  isStatus,
  StatusError,
  timeoutError,
  tooManyRequestsError,
  unknownError,
} from '../../meta/status.ts';
import type { DeleteOptions, ObjectClient } from '../client.ts';
import type { VirtualContext, VirtualResource } from '../virtual.ts';
import { part } from './pod/part.ts';
import { setPodCondition } from './pod/pod-status.ts';
import { success } from './pod-binding.ts';

const PODS = { group: '', resource: 'pods' };
const BUDGETS = { group: 'policy', resource: 'poddisruptionbudgets' };
const MAX_DISRUPTED = 2000;
const MAX_TRIES = 20;
const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

/**
 * pods/NAME/eviction: deletes a pod where its disruption budget lets it go (EvictionREST in
 * pkg/registry/core/pod/storage/eviction.go). 429 with the budget's words where it does not.
 */
export class PodEviction implements VirtualResource {
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  async create(eviction: KubeObject, context: VirtualContext): Promise<KubeObject> {
    const name = eviction.metadata.name ?? '';
    const asked: Fields = eviction['deleteOptions'] ?? {};
    if (context.name !== name) throw badRequestError('name in URL does not match name in Eviction object');
    if (asked['ignoreStoreReadErrorWithClusterBreakingPotential'])
      throw invalidError({ group: 'policy', kind: 'Eviction' }, name, [
        invalid(
          'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential',
          true,
          'can not be set for pod eviction, try after removing the option',
        ),
      ]);
    const dryRun = dryRunOf(asked, context.dryRun);
    await context.admit(eviction);
    return this.#evict(name, deleteOptions(asked), dryRun, context);
  }

  async #evict(
    name: string,
    options: DeleteOptions,
    dryRun: boolean,
    context: VirtualContext,
  ): Promise<KubeObject> {
    const pinned = options.preconditions?.resourceVersion !== undefined;
    let pod = await this.#client.get(PODS, context.namespace, name);
    for (let tries = 1; ignoresBudgets(pod); tries++) {
      try {
        // A pending pod that begins to run in between must be looked at again.
        await this.#delete(
          pod,
          stillUnready(pod) && !pinned ? atVersion(options, pod) : options,
          dryRun,
          context.now,
        );
        return success();
      } catch (error) {
        if (pinned || tries >= MAX_TRIES || !isStatus(error, 'Conflict')) throw error;
      }
      pod = await this.#client.get(PODS, context.namespace, name);
    }
    const budgets = await this.#budgetsOf(pod);
    if (budgets.length > 1) return tooManyBudgets();
    const budget = budgets[0];
    if (budget && !isReady(pod) && letsUnreadyGo(budget)) {
      try {
        await this.#delete(pod, atVersion(options, pod), dryRun, context.now);
      } catch (error) {
        if (isStatus(error, 'Conflict') && !pinned)
          throw violation(
            10,
            `The disruption budget ${budget.metadata.name} is still being processed by the server.`,
          );
        throw error;
      }
      return success();
    }
    if (budget) await this.#take(budget, name, dryRun, context.now);
    await this.#delete(pod, options, dryRun, context.now);
    return success();
  }

  async #budgetsOf(pod: KubeObject): Promise<KubeObject[]> {
    const namespace = pod.metadata.namespace ?? '';
    const all =
      this.#client.lister(BUDGETS)?.list(namespace) ?? (await this.#client.list(BUDGETS, namespace));
    return all.filter((budget) => matchesLabelSelector(budget['spec']?.selector, pod.metadata.labels ?? {}));
  }

  /** Takes one disruption off the budget, or says why there is none to take. */
  async #take(budget: KubeObject, pod: string, dryRun: boolean, now: number): Promise<void> {
    const namespace = budget.metadata.namespace ?? '';
    const name = budget.metadata.name!;
    if (dryRun) return void checkBudget(budget);
    try {
      await this.#client.update(
        BUDGETS,
        namespace,
        name,
        (live) => {
          checkBudget(live);
          const status: Fields = live['status'];
          status['disruptionsAllowed']--;
          if (status['disruptionsAllowed'] === 0) exhausted(live, now);
          status['disruptedPods'] = { ...status['disruptedPods'], [pod]: rfc3339(now) };
          return true;
        },
        'status',
      );
    } catch (error) {
      if (isStatus(error, 'Conflict'))
        throw timeoutError(`couldn't update PodDisruptionBudget "${name}" due to conflicts`, 10);
      throw error;
    }
  }

  async #delete(pod: KubeObject, options: DeleteOptions, dryRun: boolean, now: number): Promise<void> {
    if (dryRun) return;
    const namespace = pod.metadata.namespace ?? '';
    const name = pod.metadata.name!;
    const marked = await this.#client.update(
      PODS,
      namespace,
      name,
      (live) => {
        checkPreconditions(live, options);
        setPodCondition(
          part(live, 'status'),
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'EvictionByEvictionAPI',
            message: 'Eviction API: evicting',
          },
          now,
        );
        return true;
      },
      'status',
    );
    const exact = options.preconditions?.resourceVersion !== undefined;
    await this.#client.delete(PODS, namespace, name, exact ? atVersion(options, marked) : options);
  }
}

/** kube-apiserver sends this failure as if it were the object made: the answer's own status is 201. */
const tooManyBudgets = (): KubeObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  code: 500,
});

function dryRunOf(asked: Fields, query: boolean): boolean {
  const own: string[] = asked['dryRun'] ?? [];
  if (query && own.length > 0 && (own.length !== 1 || own[0] !== 'All'))
    throw unknownError(`Non-matching dry-run options in request and content: [All] and [${own.join(' ')}]`);
  return query || own.includes('All');
}

function deleteOptions(asked: Fields): DeleteOptions {
  const options: DeleteOptions = {};
  if (asked['gracePeriodSeconds'] !== undefined) options.gracePeriodSeconds = asked['gracePeriodSeconds'];
  if (asked['propagationPolicy'] !== undefined) options.propagationPolicy = asked['propagationPolicy'];
  const { uid, resourceVersion } = asked['preconditions'] ?? {};
  if (uid !== undefined || resourceVersion !== undefined)
    options.preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
  return options;
}

const atVersion = (options: DeleteOptions, pod: KubeObject): DeleteOptions => ({
  ...options,
  preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion! },
});

const ended = (pod: KubeObject): boolean =>
  pod['status']?.phase === 'Succeeded' || pod['status']?.phase === 'Failed';
/** Pods that serve nobody, or are going anyway. */
const ignoresBudgets = (pod: KubeObject): boolean =>
  ended(pod) || pod['status']?.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
const stillUnready = (pod: KubeObject): boolean =>
  !ended(pod) && pod.metadata.deletionTimestamp === undefined;
const isReady = (pod: KubeObject): boolean =>
  (pod['status']?.conditions ?? []).some((c: Fields) => c['type'] === 'Ready' && c['status'] === 'True');

function letsUnreadyGo(budget: KubeObject): boolean {
  if (budget['spec'].unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget['status'] ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function violation(retryAfterSeconds: number, message: string): StatusError {
  const { status } = tooManyRequestsError(VIOLATES, retryAfterSeconds);
  // A wait of no length is left out, as Go leaves it out.
  const wait = retryAfterSeconds ? { retryAfterSeconds } : {};
  return new StatusError({
    ...status,
    details: { ...wait, causes: [{ reason: 'DisruptionBudget', message }] },
  });
}

/** Throws where the budget has no disruption left (checkAndDecrement). */
function checkBudget(budget: KubeObject): void {
  const status: Fields = budget['status'] ?? {};
  const name = budget.metadata.name!;
  const refuse = (why: string) =>
    forbiddenError({ group: 'policy', resource: 'poddisruptionbudget' }, name, why);
  if ((status['observedGeneration'] ?? 0) < (budget.metadata.generation ?? 0))
    throw violation(10, `The disruption budget ${name} is still being processed by the server.`);
  const allowed: number = status['disruptionsAllowed'] ?? 0;
  if (allowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(status['disruptedPods'] ?? {}).length > MAX_DISRUPTED)
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (allowed === 0) throw violation(0, `The disruption budget ${name} ${noneLeft(status)}`);
}

function noneLeft(status: Fields): string {
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  const condition: Fields | undefined = (status['conditions'] ?? []).find(
    (c: Fields) => c['type'] === 'DisruptionAllowed',
  );
  const told = condition?.['status'] === 'False' && condition['message'];
  if (told && condition['reason'] === 'SyncFailed')
    return `does not allow evicting pods currently because it failed sync: ${told}`;
  if (currentHealthy <= desiredHealthy)
    return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  if (told) return `does not allow evicting pods currently (${condition['reason'] ?? ''}): ${told}`;
  return 'does not allow evicting pods currently';
}

/** The condition that goes with no disruption left (component-helpers apps/poddisruptionbudget). */
function exhausted(budget: KubeObject, now: number): void {
  const status: Fields = budget['status'];
  status['conditions'] ??= [];
  const conditions: Fields[] = status['conditions'];
  const condition = {
    type: 'DisruptionAllowed',
    reason: 'InsufficientPods',
    status: 'False',
    observedGeneration: status['observedGeneration'] ?? 0,
    message: '',
  };
  const before = conditions.find((c) => c['type'] === condition.type);
  const lastTransitionTime = before?.['status'] === 'False' ? before['lastTransitionTime'] : rfc3339(now);
  if (before) Object.assign(before, condition, { lastTransitionTime });
  else conditions.push({ ...condition, lastTransitionTime });
}

function checkPreconditions(pod: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name = '', uid: liveUid, resourceVersion: liveVersion } = pod.metadata;
  const kind = { group: '', resource: 'Pod' };
  if (uid && uid !== liveUid)
    throw conflictError(
      kind,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${liveUid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion && resourceVersion !== liveVersion)
    throw conflictError(
      kind,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${liveVersion}). The object might have been modified`,
    );
}
