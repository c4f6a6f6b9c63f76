import { isStatus, timeoutError } from '../meta/status.ts';
import type { Store, StoredValue } from '../storage/store.ts';
import type { WatchCache } from '../storage/watch-cache.ts';

/** How long to wait for what others have written, in milliseconds. */
const FRESH_MS = 3000;

export interface ConsistentReadsParts {
  store: Pick<Store, 'revision'>;
  cache: WatchCache;
  /** Reads show every write that was answered, without asking the engine. */
  alwaysFresh: boolean;
  /** Another cache that requests look at: that of the namespaces. */
  besides?(): WatchCache | undefined;
}

/** Sees to it that reads from the watch cache show what has been written to the store before them. */
export class ConsistentReads {
  readonly #parts: ConsistentReadsParts;

  constructor(parts: ConsistentReadsParts) {
    this.#parts = parts;
  }

  /**
   * Waits until reads show every write that was answered before, another server's too. `own`: reads of this resource, and not
   * only of the namespaces. Throws a 504 where that takes too long, and StoreUnavailableError where the engine does not say how
   * far it is.
   */
  async fresh(own: boolean): Promise<void> {
    const { alwaysFresh, cache, store } = this.#parts;
    if (alwaysFresh) return;
    if (isStatus(cache.error)) {
      await cache.retryNow();
      this.#refuseUnread();
    }
    const revision = await store.revision();
    const besides = this.#parts.besides?.();
    const arrived = await Promise.all([
      own || !cache.ready ? cache.waitFor(revision, FRESH_MS) : true,
      besides?.waitFor(revision, FRESH_MS) ?? true,
    ]);
    if (arrived.includes(false)) throw timeoutError('the watch cache does not follow the store', 1);
  }

  /** Waits until reads show a write to this resource. */
  async seen(revision: number, own = true): Promise<void> {
    const { cache } = this.#parts;
    if (cache.revision >= revision) return;
    if (await cache.waitFor(revision, FRESH_MS, own)) return;
    this.#refuseUnread();
    throw timeoutError('the write is stored, but the watch cache has not shown it yet', 1);
  }

  /** Waits until reads show what another was faster with. */
  async catchUp(current: StoredValue | undefined): Promise<void> {
    if (current) await this.seen(current.revision);
    else await this.seen(await this.#parts.store.revision(), false);
  }

  /** Objects that cannot be converted are read by nobody: clients are told why. */
  #refuseUnread(): void {
    const { error } = this.#parts.cache;
    if (isStatus(error)) throw error;
  }
}
