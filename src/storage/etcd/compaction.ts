import type { EtcdClient } from './client.ts';
import { decodeTxn, encodeCompaction, encodeTxn } from './messages.ts';

/** The key by which all who use one etcd take turns (apiserver pkg/storage/etcd3/compact.go). */
const turnKey = Buffer.from('compact_rev_key');

/**
 * Compacts etcd's history to where it was one interval ago. Of several servers on one etcd, kube-apiservers among them,
 * one does it each time: whoever first raises the version of the shared key.
 */
export class Compaction {
  readonly #client: EtcdClient;
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #revision = 0;

  constructor(client: EtcdClient, intervalMs: number) {
    this.#client = client;
    // A failure is left to the next turn; whether etcd answers shows elsewhere.
    this.#timer = setInterval(() => void this.tick().catch(() => undefined), intervalMs);
    this.#timer.unref();
  }

  async tick(): Promise<void> {
    const { succeeded, revision, version } = await this.#client.call(
      '/etcdserverpb.KV/Txn',
      encodeTxn(
        { key: turnKey, version: this.#turn },
        [{ put: { key: turnKey, value: Buffer.from(String(this.#revision)), lease: 0n, previous: false } }],
        [{ range: { key: turnKey } }],
      ),
      decodeTxn,
      false,
    );
    const compactTo = this.#revision;
    this.#revision = revision;
    this.#turn = succeeded ? this.#turn + 1 : version;
    if (!succeeded || compactTo === 0) return;
    await this.#client.call('/etcdserverpb.KV/Compact', encodeCompaction(compactTo), () => undefined, true);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
