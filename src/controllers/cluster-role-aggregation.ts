import { deepEqual } from '../meta/deep-equal.ts';
import { matchesLabelSelector } from '../meta/label-selector.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';

const CLUSTER_ROLES = { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' };
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;

/**
 * Fills ClusterRoles that have an aggregationRule with the rules of those it selects
 * (pkg/controller/clusterroleaggregation). Runs whenever a ClusterRole changes.
 */
export class ClusterRoleAggregation {
  readonly #client: ObjectClient;
  readonly #report: (message: string) => void;
  /** Roles whose rules are this controller's work, so that they go when nothing is selected any more. */
  readonly #filled = new Set<string>();
  #stop: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #retryMs = FIRST_RETRY_MS;

  constructor(client: ObjectClient, report: (message: string) => void = () => {}) {
    this.#client = client;
    this.#report = report;
  }

  start(): void {
    this.#stop = this.#client.lister(CLUSTER_ROLES)?.onChange(() => this.#wake());
    this.#wake();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    clearTimeout(this.#timer);
  }

  /** Resolves when nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #wake(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again && this.#stop) {
        this.#again = false;
        this.#wake();
      }
    });
  }

  async #run(): Promise<void> {
    // Changes that come together are looked at together.
    await new Promise((resolve) => setImmediate(resolve));
    let failed = false;
    for (const role of this.#client.lister(CLUSTER_ROLES)?.list() ?? []) {
      if (!this.#stop) return;
      if (!role['aggregationRule']) continue;
      try {
        await this.#fill(role);
      } catch (error) {
        failed = true;
        this.#report(
          `${role.metadata.name} failed with: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    if (!failed) this.#retryMs = FIRST_RETRY_MS;
    else this.#wakeLater();
  }

  #wakeLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  async #fill(role: KubeObject): Promise<void> {
    const name = role.metadata.name!;
    const rules = aggregatedRules(role, this.#client.lister(CLUSTER_ROLES)?.list() ?? []);
    if (deepEqual(rules, role['rules'])) return;
    // What somebody else wrote there stays while nothing is selected.
    if (rules.length === 0 && !this.#filled.has(name)) return;
    try {
      await this.#client.update(CLUSTER_ROLES, '', name, (object) => {
        if (!object['aggregationRule'] || deepEqual(rules, object['rules'])) return false;
        object['rules'] = rules;
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
    if (rules.length) this.#filled.add(name);
    else this.#filled.delete(name);
  }
}

/** The rules of the roles selected, in the order of the selectors and then of names, none twice. */
export function aggregatedRules(role: KubeObject, roles: readonly KubeObject[]): unknown[] {
  const rules: unknown[] = [];
  const byName = [...roles].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
  for (const selector of role['aggregationRule']?.clusterRoleSelectors ?? []) {
    for (const part of byName) {
      if (part.metadata.name === role.metadata.name) continue;
      if (!matchesLabelSelector(selector, part.metadata.labels ?? {})) continue;
      for (const rule of part['rules'] ?? [])
        if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
