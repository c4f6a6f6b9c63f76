import { type Clock, systemClock } from '../../meta/clock.ts';
import { prefixEnd } from '../prefix-end.ts';
import {
  type RangeOptions,
  type RangeResult,
  type Store,
  type StoredValue,
  StoreUnavailableError,
  type StoreWatcher,
  type WriteOptions,
  type WriteResult,
} from '../store.ts';
import { EtcdClient, type EtcdConnection } from './client.ts';
import { Compaction } from './compaction.ts';
import { Leases } from './leases.ts';
import {
  type Condition,
  decodeRange,
  decodeTxn,
  encodeCompaction,
  encodeRange,
  encodeTxn,
  type Operation,
  type RangeRequest,
  type RangeResponse,
  type TxnResponse,
} from './messages.ts';
import { EtcdWatch } from './watch.ts';

export interface EtcdOptions extends EtcdConnection {
  /** How often history is compacted, shared with others on the same etcd; 0: never. Default 5 minutes. */
  compactionIntervalMs?: number;
  /** For how long keys with the same time to live may share a lease. Default 60 s. */
  leaseReuseSeconds?: number;
}

/** As many values as one answer holds; kube-apiserver's largest page. */
const pageSize = 10_000;
/** No key is called so; reading it tells the revision. */
const noKey = Buffer.from('\0');

/** Connects to etcd at the first use. Throws what is wrong with the options. */
export async function openEtcdStore(options: EtcdOptions): Promise<EtcdStore> {
  return new EtcdStore(await EtcdClient.open(options), options);
}

/**
 * The store in an etcd v3 cluster, with kube-apiserver's own keys as the callers give them. Reads are linearizable: what
 * any server has written before is seen, or the read fails.
 */
export class EtcdStore implements Store {
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #leases: Leases;
  readonly #compaction: Compaction | undefined;
  readonly #watches = new Map<string, Set<EtcdWatch>>();
  #closed = false;
  #asking: Promise<number> | undefined;
  #askingNext: Promise<number> | undefined;

  constructor(client: EtcdClient, options: EtcdOptions) {
    this.#client = client;
    this.#clock = options.clock ?? systemClock;
    this.#leases = new Leases(client, this.#clock, options.leaseReuseSeconds);
    const interval = options.compactionIntervalMs ?? 300_000;
    this.#compaction = interval > 0 ? new Compaction(client, interval) : undefined;
  }

  /**
   * Of those who ask while an answer is under way, all share the next: it is of a time after each of them has asked,
   * and members are asked once for many readers.
   */
  revision(): Promise<number> {
    if (!this.#asking) {
      this.#asking = this.#askRevision().finally(() => {
        this.#asking = undefined;
      });
      return this.#asking;
    }
    this.#askingNext ??= this.#asking
      .catch(() => undefined)
      .then(() => {
        this.#askingNext = undefined;
        return this.revision();
      });
    return this.#askingNext;
  }

  async #askRevision(): Promise<number> {
    return (await this.#range({ key: noKey, countOnly: true })).revision;
  }

  async get(key: string, at?: number): Promise<StoredValue | undefined> {
    const request: RangeRequest = { key: Buffer.from(key) };
    if (at !== undefined) request.revision = at;
    return (await this.#range(request)).values[0];
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { after, limit } = options;
    const end = prefixEnd(Buffer.from(prefix));
    const values: StoredValue[] = [];
    let revision = options.at ?? 0;
    let start = after === undefined || after < prefix ? Buffer.from(prefix) : behind(after);
    for (;;) {
      const wanted = limit ? Math.min(pageSize, limit - values.length) : pageSize;
      const page = await this.#range({ key: start, ...(end ? { end } : {}), limit: wanted, revision });
      revision ||= page.revision;
      for (const value of page.values) values.push(value);
      const remaining = page.count - page.values.length;
      if (remaining <= 0 || values.length === limit)
        return { revision, values, remaining: Math.max(0, remaining) };
      start = behind(values.at(-1)!.key);
    }
  }

  async put(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    const { expect, ttlSeconds } = options;
    const lease = ttlSeconds === undefined ? 0n : await this.#leases.lease(ttlSeconds);
    return this.#write(key, expect, { put: { key: Buffer.from(key), value, lease, previous: true } });
  }

  async delete(key: string, options: { expect?: number } = {}): Promise<WriteResult> {
    const result = await this.#write(key, options.expect, {
      delete: { key: Buffer.from(key), previous: true },
    });
    return result.ok && !result.previous ? { ok: false } : result;
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    const watch = new EtcdWatch(this.#client, prefix, after, watcher, this.#clock);
    const watches = this.#watches.get(prefix) ?? new Set();
    this.#watches.set(prefix, watches.add(watch));
    return () => {
      watch.end();
      watches.delete(watch);
      if (watches.size === 0 && this.#watches.get(prefix) === watches) this.#watches.delete(prefix);
    };
  }

  requestProgress(prefix: string): void {
    for (const watch of this.#watches.get(prefix) ?? []) watch.askProgress();
  }

  async compact(revision: number): Promise<void> {
    await this.#client.call('/etcdserverpb.KV/Compact', encodeCompaction(revision), () => undefined, false);
  }

  async ping(): Promise<void> {
    await this.revision();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#compaction?.stop();
    const error = new StoreUnavailableError('the store is closed');
    for (const watches of this.#watches.values()) for (const watch of watches) watch.fail(error);
    this.#client.close();
  }

  #range(request: RangeRequest): Promise<RangeResponse> {
    this.#open();
    return this.#client.call('/etcdserverpb.KV/Range', encodeRange(request), decodeRange, true);
  }

  async #write(key: string, expect: number | undefined, write: Operation): Promise<WriteResult> {
    this.#open();
    const bytes = Buffer.from(key);
    const condition: Condition | undefined =
      expect === undefined ? undefined : { key: bytes, modRevision: expect };
    const request = encodeTxn(condition, [write], condition ? [{ range: { key: bytes } }] : []);
    const response: TxnResponse = await this.#client.call('/etcdserverpb.KV/Txn', request, decodeTxn, false);
    const found = response.results[0]?.[0];
    if (!response.succeeded) return found ? { ok: false, current: found } : { ok: false };
    const { revision } = response;
    return found ? { ok: true, revision, previous: found } : { ok: true, revision };
  }

  #open(): void {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
  }
}

/** The first key that is greater. */
function behind(key: string): Buffer {
  return Buffer.from(`${key}\0`);
}
