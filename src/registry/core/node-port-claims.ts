import type { GroupResource, KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import type { ObjectClient } from '../client.ts';

const LEASES: GroupResource = { group: 'coordination.k8s.io', resource: 'leases' };
const NAMESPACE = 'kube-system';
const NAME = 'sallyport-node-ports';
const ANNOTATION = 'sallyport/claimed-node-ports';
/** A Service is written within this after its ports are claimed, or not at all. */
const CLAIM_MS = 120_000;
const MAX_TRIES = 20;

/**
 * Ports that servers beside each other are about to give to Services, each with the time at which the claim ends. A port
 * is a Service's own once the Service is stored; before that only a claim keeps another server from taking it too.
 */
export class NodePortClaims {
  readonly #client: ObjectClient;
  readonly #now: () => number;

  constructor(client: ObjectClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** Claims all of the ports, or none where somebody else has claimed some; resolves to those. */
  async claim(ports: readonly number[]): Promise<number[]> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        let taken: number[] = [];
        await this.#client.update(LEASES, NAMESPACE, NAME, (lease) => {
          const claims = this.#claimsOf(lease);
          taken = ports.filter((port) => claims.has(port));
          if (taken.length > 0) return false;
          for (const port of ports) claims.set(port, this.#now() + CLAIM_MS);
          lease.metadata.annotations = {
            ...lease.metadata.annotations,
            [ANNOTATION]: JSON.stringify(Object.fromEntries(claims)),
          };
          return undefined;
        });
        return taken;
      } catch (error) {
        // Where everybody writes at once, each try gets somebody through.
        if (isStatus(error, 'Conflict')) continue;
        if (!isStatus(error, 'NotFound')) throw error;
        await this.#create();
      }
    }
    return [...ports];
  }

  async #create(): Promise<void> {
    try {
      await this.#client.create(LEASES, NAMESPACE, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: NAME, namespace: NAMESPACE },
        spec: {},
      });
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
  }

  /** Those that have not ended. Clocks of servers may differ by less than the claim is longer than a write. */
  #claimsOf(lease: KubeObject): Map<number, number> {
    const claims = new Map<number, number>();
    let told: unknown;
    try {
      told = JSON.parse(lease.metadata.annotations?.[ANNOTATION] ?? '{}');
    } catch {
      told = {};
    }
    for (const [port, until] of Object.entries((told ?? {}) as Record<string, unknown>))
      if (typeof until === 'number' && until > this.#now()) claims.set(Number(port), until);
    return claims;
  }
}
