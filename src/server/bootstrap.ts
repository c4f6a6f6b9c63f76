import { setTimeout as sleep } from 'node:timers/promises';
import { reconcileBootstrapPolicy } from '../authorization/rbac/bootstrap.ts';
import { ensureApiServices } from '../controllers/api-services.ts';
import { ensureFlowControl } from '../controllers/bootstrap-flowcontrol.ts';
import { ensureKubernetesService, ensureServiceCidr } from '../controllers/kubernetes-service.ts';
import { ensurePriorityClasses } from '../controllers/priority-classes.ts';
import { repairServiceIps } from '../controllers/service-ip-repair.ts';
import { ensureSystemNamespaces } from '../controllers/system-namespaces.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ServerOptions } from './options.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

export interface BootstrapParts {
  client: ObjectClient;
  options: ServerOptions;
  /** Where the server listens; known once it does. */
  port(): number;
  /** Whether the RBAC authorizer is in use: only then there is a default policy. */
  rbac: boolean;
  clock: Clock;
  /** Built-in group versions, `apps/v1`. */
  groupVersions: readonly string[];
  /** Told why a hook failed, each time before it is tried again. */
  failed(hook: string, error: unknown): void;
  /** The pause before another try. Default: a timer. */
  pause?(ms: number, signal: AbortSignal): Promise<void>;
}

/** A check of the health endpoints by its name there, and what has to be done before it is well. */
interface Hook {
  name: string;
  run(): Promise<void>;
}

/**
 * What every cluster has from its start, made by kube-apiserver's post-start hooks under their names. Each is tried until
 * it succeeds, and changes nothing that is right already. Until all are through, /readyz says no.
 */
export class Bootstrap {
  readonly #parts: BootstrapParts;
  /** Namespaces first: the others' objects are in them. */
  readonly #stages: readonly (readonly Hook[])[];
  readonly #pending = new Map<string, string>();
  readonly #stop = new AbortController();

  constructor(parts: BootstrapParts) {
    this.#parts = parts;
    const { client, options, rbac, clock, groupVersions } = parts;
    const { serviceClusterIpRange } = options;
    const service = (): Promise<void> =>
      ensureKubernetesService(client, {
        serviceClusterIpRange,
        securePort: parts.port(),
        clock,
        alone: options.store.engine === 'embedded',
        ...(options.advertiseAddress ? { advertiseAddress: options.advertiseAddress } : {}),
      });
    const hook = (name: string, run: () => Promise<void>): Hook => ({ name: `poststarthook/${name}`, run });
    this.#stages = [
      [hook('start-system-namespaces-controller', () => ensureSystemNamespaces(client))],
      [
        hook('rbac/bootstrap-roles', async () => {
          if (rbac) await reconcileBootstrapPolicy(client);
        }),
        hook('scheduling/bootstrap-system-priority-classes', () => ensurePriorityClasses(client)),
        hook('priority-and-fairness-config-producer', () => ensureFlowControl(client)),
        hook('start-kubernetes-service-cidr-controller', () =>
          ensureServiceCidr(client, { serviceClusterIpRange, clock }),
        ),
        { name: 'autoregister-completion', run: () => ensureApiServices(client, groupVersions) },
      ],
      // The Service's address is taken from the ServiceCIDR.
      [hook('bootstrap-controller', service)],
      [hook('start-service-ip-repair-controllers', () => repairServiceIps(client, clock))],
    ];
    for (const { name } of this.#stages.flat()) this.#pending.set(name, 'not finished');
  }

  /** The names of the hooks as the health endpoints have them. */
  get names(): readonly string[] {
    return this.#stages.flat().map(({ name }) => name);
  }

  /** Why a hook is not through; undefined where it is. */
  fault(name: string): string | undefined {
    return this.#pending.get(name);
  }

  /** Resolves to true once all hooks are through, to false where it was stopped before. */
  async run(): Promise<boolean> {
    for (const stage of this.#stages) await Promise.all(stage.map((hook) => this.#try(hook)));
    return this.#pending.size === 0;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #try({ name, run }: Hook): Promise<void> {
    const { failed, pause = timer } = this.#parts;
    const { signal } = this.#stop;
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        await run();
        this.#pending.delete(name);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#pending.set(name, error instanceof Error ? error.message : String(error));
        failed(name, error);
      }
      await pause(waitMs, signal);
    }
  }
}

async function timer(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined);
}
