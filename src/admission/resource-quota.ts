import { type QuotaEvaluator, QuotaEvaluators } from '../controllers/quota/evaluator.ts';
import {
  increase,
  only,
  type ResourceList,
  readResources,
  resourcesText,
  sum,
  withoutZeros,
  writeResources,
} from '../controllers/quota/resource-list.ts';
import { type ScopeSelector, scopesOf } from '../controllers/quota/scopes.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus, StatusError } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, fail, forbid } from './refusal.ts';

const QUOTAS = { group: '', resource: 'resourcequotas' };

/** apiserver.config.k8s.io ResourceQuotaConfiguration: what may only be used where a quota covers it. */
export interface LimitedResource {
  apiGroup: string;
  resource: string;
  matchContains: readonly string[];
  matchScopes: readonly ScopeSelector[];
}

/** A quota that a write counts against, and by how much. */
interface Charge {
  name: string;
  usage: ResourceList;
}

/**
 * Keeps namespaces to their ResourceQuotas: each write that uses more is charged to the status of the quotas it counts
 * against, and refused where that exceeds what they allow (apiserver pkg/admission/plugin/resourcequota). Writes of one
 * namespace are charged one after the other.
 */
export class ResourceQuota implements AdmissionPlugin {
  readonly name = 'ResourceQuota';
  readonly #client: ObjectClient;
  readonly #evaluators: QuotaEvaluators;
  readonly #limited: readonly LimitedResource[];
  /** The last charge under way, by namespace. */
  readonly #charging = new Map<string, Promise<unknown>>();

  constructor(client: ObjectClient, limited: readonly LimitedResource[]) {
    this.#client = client;
    this.#evaluators = new QuotaEvaluators((wanted) => client.lister(wanted));
    this.#limited = limited;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const { namespace, resource, kind, operation } = attributes;
    if (namespace === '' || (operation === 'CREATE' && kind.group === '' && kind.kind === 'Namespace'))
      return ACCEPTED;
    if (this.#limited.length === 0 && this.#quotas(namespace).length === 0) return ACCEPTED;
    const evaluator = this.#evaluators.of(resource);
    if (!evaluator?.handles(attributes)) return ACCEPTED;
    const before = this.#charging.get(namespace) ?? Promise.resolve();
    const charging = before.then(() => this.#charge(attributes, evaluator));
    const settled = charging.then(
      () => {},
      () => {},
    );
    this.#charging.set(namespace, settled);
    void settled.then(() => {
      if (this.#charging.get(namespace) === settled) this.#charging.delete(namespace);
    });
    return charging;
  }

  #quotas(namespace: string): KubeObject[] {
    return this.#client.lister(QUOTAS)!.list(namespace);
  }

  async #charge(attributes: AdmissionAttributes, evaluator: QuotaEvaluator): Promise<PluginVerdict> {
    const found = this.#charges(attributes, evaluator);
    if ('outcome' in found) return found;
    if (attributes.dryRun || found.length === 0) return ACCEPTED;
    for (const { name, usage } of found) {
      let refusal: PluginVerdict | undefined;
      try {
        await this.#client.update(
          QUOTAS,
          attributes.namespace,
          name,
          (quota) => {
            // The quota may be another than the one that was looked at.
            refusal = exceeded(attributes, quota, usage);
            if (refusal) return false;
            const { hard, used } = quota['status'];
            quota['status'] = { hard, used: writeResources(sum(readResources(used), usage)) };
            return true;
          },
          'status',
        );
      } catch (error) {
        if (isStatus(error, 'NotFound')) continue;
        if (!(error instanceof StatusError)) throw error;
        return { outcome: 'denied', code: 'QUOTA_NOT_CHARGED', facts: { quota: name }, error };
      }
      if (refusal) return refusal;
    }
    return changed('QUOTA_CHARGED', {
      quotas: found.map(({ name, usage }) => `${name}: ${resourcesText(usage)}`),
    });
  }

  /** What the write would add to which quota (CheckRequest). */
  #charges(attributes: AdmissionAttributes, evaluator: QuotaEvaluator): Charge[] | PluginVerdict {
    const { object, oldObject, now, operation } = attributes;
    const matching: KubeObject[] = [];
    const covered = new Set<string>();
    const coveredScopes: ScopeSelector[] = [];
    for (const quota of this.#quotas(attributes.namespace)) {
      const scopes = scopesOf(quota);
      coveredScopes.push(...scopes.filter((scope) => evaluator.inScope(object!, scope)));
      const hard = Object.keys(quota['status']?.hard ?? {}).filter((name) => evaluator.counts(name));
      if (hard.length === 0 || !scopes.every((scope) => evaluator.inScope(object!, scope))) continue;
      const refusal = unmeasurable(attributes, evaluator, quota, hard);
      if (refusal) return refusal;
      matching.push(quota);
      for (const name of hard) covered.add(name);
    }
    const usage = evaluator.usage(object!, now);
    const negative = [...usage].filter(([, amount]) => amount.sign < 0).map(([name]) => name);
    if (negative.length) return forbid(attributes, 'QUOTA_NEGATIVE', { resources: negative.sort() });
    const previous =
      operation === 'UPDATE' && oldObject?.metadata.resourceVersion
        ? evaluator.usage(oldObject, now)
        : undefined;
    const delta = previous ? increase(usage, previous) : usage;
    const charges = matching.map((quota): Charge => {
      const wasThere = previous && scopesOf(quota).every((scope) => evaluator.inScope(oldObject!, scope));
      const own = only(wasThere ? delta : usage, new Set(Object.keys(quota['status'].hard)));
      return { name: quota.metadata.name!, usage: withoutZeros(own) };
    });
    const uses = matching.length ? charges.some((charge) => charge.usage.size) : withoutZeros(delta).size > 0;
    if (!uses) return [];
    const uncovered = this.#uncovered(attributes, evaluator, usage, covered, coveredScopes);
    if (uncovered) return uncovered;
    const charged = charges.filter((charge) => charge.usage.size);
    for (const { name, usage: added } of charged) {
      const refusal = exceeded(attributes, matching.find((quota) => quota.metadata.name === name)!, added);
      if (refusal) return refusal;
    }
    return charged;
  }

  /** What the configuration lets nobody use without a quota for it. */
  #uncovered(
    attributes: AdmissionAttributes,
    evaluator: QuotaEvaluator,
    usage: ResourceList,
    covered: ReadonlySet<string>,
    coveredScopes: readonly ScopeSelector[],
  ): PluginVerdict | undefined {
    if (this.#limited.length === 0) return undefined;
    const { group, resource } = attributes.resource;
    const limited = new Set<string>();
    for (const one of this.#limited) {
      if (one.apiGroup !== group || one.resource !== resource) continue;
      for (const [name, amount] of usage)
        if (amount.sign > 0 && one.matchContains.some((part) => name.includes(part))) limited.add(name);
    }
    const names = [...limited].filter((name) => !covered.has(name)).sort();
    if (names.length) return forbid(attributes, 'QUOTA_NOT_COVERED', { resources: names });
    const scopes = this.#limited
      .flatMap(({ matchScopes }) => matchScopes)
      .filter((scope) => evaluator.inScope(attributes.object!, scope))
      .filter((scope) => !coveredScopes.some(({ scopeName }) => scopeName === scope.scopeName));
    return scopes.length ? fail('QUOTA_SCOPE_NOT_COVERED', { scopes }) : undefined;
  }
}

/** Why usage of this kind cannot be counted against a quota. */
function unmeasurable(
  attributes: AdmissionAttributes,
  evaluator: QuotaEvaluator,
  quota: KubeObject,
  hard: readonly string[],
): PluginVerdict | undefined {
  const missing = evaluator.missing(hard, attributes.object!);
  const name = quota.metadata.name!;
  if (missing.size) {
    const resources = [...missing].sort(([a], [b]) => (a < b ? -1 : 1));
    return forbid(attributes, 'QUOTA_UNSPECIFIED', {
      quota: name,
      missing: resources.map(([resource, containers]) => ({ resource, containers: [...containers].sort() })),
    });
  }
  const used = quota['status']?.used ?? {};
  if (hard.every((resource) => used[resource] !== undefined)) return undefined;
  return forbid(attributes, 'QUOTA_UNKNOWN', { quota: name, resources: [...hard].sort() });
}

/** A status is never held up: what it says has happened already. */
function exceeded(
  attributes: AdmissionAttributes,
  quota: KubeObject,
  added: ResourceList,
): PluginVerdict | undefined {
  if (attributes.subresource === 'status') return undefined;
  const hard = readResources(quota['status']?.hard);
  const used = readResources(quota['status']?.used);
  const next = sum(used, added);
  const over = new Set(
    [...added.keys()].filter((name) => {
      const limit = hard.get(name);
      return limit !== undefined && next.get(name)!.compare(limit) > 0;
    }),
  );
  if (over.size === 0) return undefined;
  return forbid(attributes, 'QUOTA_EXCEEDED', {
    quota: quota.metadata.name!,
    requested: resourcesText(only(added, over)),
    used: resourcesText(only(used, over)),
    limited: resourcesText(only(hard, over)),
  });
}
