import type { Clock } from '../../meta/clock.ts';
import type { EtcdClient } from './client.ts';
import { decodeLeaseGrant, encodeLeaseGrant } from './messages.ts';

const reuseShare = 0.05;
const defaultReuseSeconds = 60;
const objectsPerLease = 1000;

interface Lease {
  id: bigint;
  /** Monotonic milliseconds. */
  expires: number;
  objects: number;
}

/**
 * Leases for keys with a time to live. Granting one costs etcd a write, so keys that end at about the same time share
 * one: each lives up to a twentieth of its time longer, and a minute at most unless told otherwise (apiserver pkg/storage/etcd3/lease_manager.go).
 */
export class Leases {
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #reuseSeconds: number;
  /** By time to live: events have one, little else has any. */
  readonly #last = new Map<number, Promise<Lease>>();

  constructor(client: EtcdClient, clock: Clock, reuseSeconds = defaultReuseSeconds) {
    this.#client = client;
    this.#reuseSeconds = reuseSeconds;
    this.#clock = clock;
  }

  async lease(ttlSeconds: number): Promise<bigint> {
    const ttl = Math.max(1, Math.ceil(ttlSeconds));
    const last = this.#last.get(ttl);
    if (last) {
      const lease = await last.catch(() => undefined);
      if (
        lease &&
        this.#clock.monotonic() + ttl * 1000 < lease.expires &&
        ++lease.objects <= objectsPerLease
      ) {
        return lease.id;
      }
    }
    // Many who come at once wait for one grant.
    if (this.#last.get(ttl) === last) this.#last.set(ttl, this.#grant(ttl));
    const lease = await this.#last.get(ttl)!;
    lease.objects++;
    return lease.id;
  }

  async #grant(ttl: number): Promise<Lease> {
    const before = this.#clock.monotonic();
    const asked = ttl + Math.floor(Math.min(ttl * reuseShare, this.#reuseSeconds));
    const request = encodeLeaseGrant(asked);
    const { id } = await this.#client.call('/etcdserverpb.Lease/LeaseGrant', request, decodeLeaseGrant, true);
    return { id, expires: before + asked * 1000, objects: 0 };
  }
}
