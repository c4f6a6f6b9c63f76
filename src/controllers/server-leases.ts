import type { Store } from '../storage/store.ts';
import type { Complaint } from './controller.ts';

const PREFIX = '/registry/masterleases/';
/** kube-apiserver's DefaultEndpointReconcilerTTL and DefaultEndpointReconcilerInterval. */
const TTL_SECONDS = 15;
const INTERVAL_MS = 10_000;

export interface ServerLeasesParts {
  store: Store;
  /** Where others reach this server. */
  address: string;
  /** Told at each renewal which servers are alive, so that what somebody else has changed is put right too. */
  alive(addresses: readonly string[]): Promise<void>;
  complain: Complaint;
}

/**
 * Which of the servers on one store are alive: each renews a key of its own, which goes by itself when its server does
 * (pkg/controlplane/reconcilers/lease.go). The keys are kube-apiserver's.
 */
export class ServerLeases {
  readonly name = 'kubernetes-service';
  readonly #parts: ServerLeasesParts;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: ServerLeasesParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#stopped) return;
    this.#renewing = this.#renew().finally(() => {
      this.#renewing = undefined;
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.start(), INTERVAL_MS);
      this.#timer.unref();
    });
  }

  /** Takes this server off the list; the others see to it should that fail. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    const { store, address, alive } = this.#parts;
    try {
      await store.delete(PREFIX + address);
      const left = await this.#list();
      if (left.length > 0) await alive(left);
    } catch {
      // Its key goes by itself.
    }
  }

  async #renew(): Promise<void> {
    const { store, address, alive, complain } = this.#parts;
    try {
      const value = {
        kind: 'Endpoints',
        apiVersion: 'v1',
        metadata: {},
        subsets: [{ addresses: [{ ip: address }] }],
      };
      await store.put(PREFIX + address, Buffer.from(JSON.stringify(value)), { ttlSeconds: TTL_SECONDS });
      await alive(await this.#list());
    } catch (error) {
      complain(this.name, address, error);
    }
  }

  async #list(): Promise<string[]> {
    const { values } = await this.#parts.store.range(PREFIX);
    return values.map(({ key }) => key.slice(PREFIX.length)).sort();
  }
}
