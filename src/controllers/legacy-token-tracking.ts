import type { Clock } from '../meta/clock.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

export const TRACKING_CONFIG_MAP = 'kube-apiserver-legacy-service-account-token-tracking';
export const TRACKING_KEY = 'since';

const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const NAMESPACE = 'kube-system';
/** Between two creations, so that replicas that do not agree do not write against each other. */
const BETWEEN_CREATIONS_MS = 30 * 60_000;

/** A date as Go's layout 2006-01-02 takes it. */
export function isDate(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/**
 * Keeps the ConfigMap that says since when the use of legacy tokens has been tracked
 * (pkg/controlplane/controller/legacytokentracking).
 */
export class LegacyTokenTracking implements Controller {
  readonly name = 'legacy-token-tracking-controller';
  readonly #client: ObjectClient;
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #stops: (() => void)[] = [];
  #createdAt = Number.NEGATIVE_INFINITY;

  constructor(client: ObjectClient, clock: Clock, complain?: Complaint, wait?: Wait) {
    this.#client = client;
    this.#clock = clock;
    this.#queue = new WorkQueue({
      handle: () => this.#sync(),
      failed: (key, error) => complain?.(this.name, key, error),
      ...(wait ? { wait } : {}),
    });
  }

  start(): void {
    const lister = this.#client.lister(CONFIG_MAPS)!;
    this.#stops.push(
      lister.onChange(
        ({ object }) => {
          const { namespace, name } = object.metadata;
          if (namespace === NAMESPACE && name === TRACKING_CONFIG_MAP) this.#queue.add(TRACKING_CONFIG_MAP);
        },
        { namespace: NAMESPACE, name: TRACKING_CONFIG_MAP },
      ),
    );
    this.#queue.add(TRACKING_CONFIG_MAP);
    this.#queue.start();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return this.#queue.stop();
  }

  async #sync(): Promise<void> {
    const found = this.#client.lister(CONFIG_MAPS)!.get(NAMESPACE, TRACKING_CONFIG_MAP);
    if (!found) return this.#create();
    if (isDate(found.data?.[TRACKING_KEY])) return;
    try {
      await this.#client.update(CONFIG_MAPS, NAMESPACE, TRACKING_CONFIG_MAP, (configMap) => {
        configMap.data = { ...configMap.data, [TRACKING_KEY]: this.#today() };
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
    }
  }

  async #create(): Promise<void> {
    const wait = this.#createdAt + BETWEEN_CREATIONS_MS - this.#clock.monotonic();
    if (wait > 0) {
      this.#queue.addAfter(TRACKING_CONFIG_MAP, wait);
      return;
    }
    try {
      await this.#client.create(CONFIG_MAPS, NAMESPACE, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: TRACKING_CONFIG_MAP, namespace: NAMESPACE },
        data: { [TRACKING_KEY]: this.#today() },
      });
      this.#createdAt = this.#clock.monotonic();
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
  }

  #today(): string {
    return new Date(this.#clock.now()).toISOString().slice(0, 10);
  }
}
