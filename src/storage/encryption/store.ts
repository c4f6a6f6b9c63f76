import type {
  RangeOptions,
  RangeResult,
  Store,
  StoredValue,
  StoreEvent,
  StoreWatcher,
  WriteOptions,
  WriteResult,
} from '../store.ts';
import { markUnreadable } from '../unreadable.ts';
import { EncryptionError, type Plain, type Transformer } from './transformer.ts';

/** How long to wait before values are tried again that could not be read: at first, and at most. */
const firstRetryMs = 1000;
const longestRetryMs = 30_000;
/** Of so many different faults one value each is tried. */
const mostFaults = 20;

/**
 * A store as one resource sees it whose values are encrypted: everything passes through, values in the clear on this side.
 * A value that can't be decrypted is given as it is stored, and marked (unreadable.ts). Once it can be (the key
 * service is back, the configuration has the key again), watches end, for all to be read anew.
 */
export class EncryptedStore implements Store {
  readonly #store: Store;
  readonly #transformer: Transformer;
  readonly #firstRetryMs: number;
  /** By what was wrong: one of the values that could not be read. */
  readonly #missed = new Map<string, { key: string; value: Uint8Array }>();
  /** The open watches, to be ended when it can be read. */
  readonly #again = new Set<() => void>();
  #retry: NodeJS.Timeout | undefined;

  constructor(store: Store, transformer: Transformer, options: { firstRetryMs?: number } = {}) {
    this.#store = store;
    this.#transformer = transformer;
    this.#firstRetryMs = options.firstRetryMs ?? firstRetryMs;
  }

  revision(): Promise<number> {
    return this.#store.revision();
  }

  async get(key: string, at?: number): Promise<StoredValue | undefined> {
    const found = await this.#store.get(key, at);
    return found && this.#opened(found);
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#store.range(prefix, options);
    const values: StoredValue[] = [];
    for (const value of result.values) {
      const opened = this.#opened(value);
      values.push(opened instanceof Promise ? await opened : opened);
    }
    return { ...result, values };
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    const sealed = await this.#sealed(value, key);
    return this.#result(await this.#store.put(key, sealed, options));
  }

  async delete(key: string, options?: { expect?: number }): Promise<WriteResult> {
    return this.#result(await this.#store.delete(key, options));
  }

  /** Whether the key's value is stored otherwise than it would be now: under an old key, or not encrypted. */
  async stale(key: string): Promise<boolean> {
    const found = await this.#store.get(key);
    if (!found) return false;
    try {
      return (await this.#transformer.fromStorage(asBuffer(found.value), key)).stale;
    } catch {
      return false;
    }
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    let ended = false;
    /** What must be told before anything else is. */
    let before: Promise<void> | undefined;
    const inTurn = (tell: () => void | Promise<void>): void => {
      const told = before ? before.then(() => (ended ? undefined : tell())) : tell();
      if (!told) return;
      const next = told
        .catch((error: Error) => {
          if (!ended) watcher.failed(error);
          ended = true;
        })
        .then(() => {
          if (before === next) before = undefined;
        });
      before = next;
    };
    let end: () => void = () => undefined;
    const stop = (): void => {
      ended = true;
      this.#again.delete(again);
      if (this.#again.size === 0) this.#rest();
      end();
    };
    const again = (): void => {
      stop();
      watcher.again?.();
    };
    if (watcher.again) this.#again.add(again);
    end = this.#store.watch(prefix, after, {
      events: (events) =>
        inTurn(() => {
          const opened = events.map((event) => this.#event(event));
          if (!opened.some((event) => event instanceof Promise)) watcher.events(opened as StoreEvent[]);
          else {
            return Promise.all(opened).then((all) => {
              if (!ended) watcher.events(all);
            });
          }
        }),
      progress: (revision) => inTurn(() => watcher.progress(revision)),
      failed: (error) =>
        inTurn(() => {
          this.#again.delete(again);
          if (!ended) watcher.failed(error);
        }),
    });
    if (this.#missed.size > 0) this.#tryLater(this.#firstRetryMs);
    return stop;
  }

  requestProgress(prefix: string): void {
    this.#store.requestProgress?.(prefix);
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  ping(): Promise<void> {
    return this.#store.ping();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #opened(value: StoredValue): StoredValue | Promise<StoredValue> {
    const plain = this.#plain(value.value, value.key);
    if (plain instanceof Promise) return plain.then((data) => ({ ...value, value: data }));
    return { ...value, value: plain };
  }

  async #sealed(value: Uint8Array, key: string): Promise<Uint8Array> {
    try {
      return await this.#transformer.toStorage(value, key);
    } catch (error) {
      throw new EncryptionError((error as Error).message);
    }
  }

  /** While anybody watches. */
  #tryLater(afterMs: number): void {
    if (this.#retry || this.#again.size === 0) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#tryAgain(afterMs);
    }, afterMs);
    this.#retry.unref();
  }

  async #tryAgain(waitedMs: number): Promise<void> {
    for (const { key, value } of this.#missed.values()) {
      try {
        await this.#transformer.fromStorage(asBuffer(value), key);
      } catch {
        continue;
      }
      this.#missed.clear();
      for (const again of [...this.#again]) again();
      return;
    }
    this.#tryLater(Math.min(waitedMs * 2, longestRetryMs));
  }

  #rest(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #plain(value: Uint8Array, key: string): Uint8Array | Promise<Uint8Array> {
    const failed = (error: Error): Uint8Array => {
      const { message } = error;
      if (this.#missed.size < mostFaults && !this.#missed.has(message))
        this.#missed.set(message, { key, value });
      this.#tryLater(this.#firstRetryMs);
      const marked = Buffer.from(value);
      markUnreadable(marked, new Error(`unable to transform key ${JSON.stringify(key)}: ${message}`));
      return marked;
    };
    try {
      const plain: Plain | Promise<Plain> = this.#transformer.fromStorage(asBuffer(value), key);
      return plain instanceof Promise ? plain.then(({ data }) => data, failed) : plain.data;
    } catch (error) {
      return failed(error as Error);
    }
  }

  async #result(result: WriteResult): Promise<WriteResult> {
    if (result.ok)
      return result.previous ? { ...result, previous: await this.#opened(result.previous) } : result;
    return result.current ? { ...result, current: await this.#opened(result.current) } : result;
  }

  #event(event: StoreEvent): StoreEvent | Promise<StoreEvent> {
    const { key, value, previous } = event;
    const current = value && this.#plain(value, key);
    const before = previous && this.#plain(previous.value, key);
    const made = (plain?: Uint8Array, plainBefore?: Uint8Array): StoreEvent => {
      const opened: StoreEvent = { ...event };
      if (plain) opened.value = plain;
      if (previous && plainBefore) opened.previous = { ...previous, value: plainBefore };
      return opened;
    };
    if (current instanceof Promise || before instanceof Promise) {
      return Promise.all([current, before]).then(([plain, plainBefore]) => made(plain, plainBefore));
    }
    return made(current, before);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
