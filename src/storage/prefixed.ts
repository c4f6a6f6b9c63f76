import type {
  RangeOptions,
  RangeResult,
  Store,
  StoredValue,
  StoreEvent,
  StoreWatcher,
  WriteOptions,
  WriteResult,
} from './store.ts';

/** A store whose keys begin otherwise than callers write them: `/registry/a` here is `/cluster-1/a` there. */
export class PrefixedStore implements Store {
  readonly #store: Store;
  readonly #outer: string;
  readonly #inner: string;
  /** Absent where the store below has no such call. */
  readonly requestProgress?: (prefix: string) => void;
  readonly stale?: (key: string) => Promise<boolean>;

  /** Both prefixes without a slash at their end. */
  constructor(store: Store, outer: string, inner: string) {
    this.#store = store;
    this.#outer = outer;
    this.#inner = inner;
    if (store.requestProgress) this.requestProgress = (prefix) => store.requestProgress!(this.#in(prefix));
    if (store.stale) this.stale = (key) => store.stale!(this.#in(key));
  }

  revision(): Promise<number> {
    return this.#store.revision();
  }

  async get(key: string, at?: number): Promise<StoredValue | undefined> {
    const found = await this.#store.get(this.#in(key), at);
    return found && this.#value(found);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { after, ...others } = options;
    const result = await this.#store.range(this.#in(prefix), {
      ...others,
      ...(after === undefined ? {} : { after: this.#in(after) }),
    });
    return { ...result, values: result.values.map((value) => this.#value(value)) };
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    return this.#result(await this.#store.put(this.#in(key), value, options));
  }

  async delete(key: string, options?: { expect?: number }): Promise<WriteResult> {
    return this.#result(await this.#store.delete(this.#in(key), options));
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    return this.#store.watch(this.#in(prefix), after, {
      events: (events) =>
        watcher.events(events.map((event): StoreEvent => ({ ...event, key: this.#out(event.key) }))),
      progress: (revision) => watcher.progress(revision),
      again: () => watcher.again?.(),
      failed: (error) => watcher.failed(error),
    });
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

  #in(key: string): string {
    if (!key.startsWith(this.#outer)) throw new Error(`the key ${key} does not begin with ${this.#outer}`);
    return this.#inner + key.slice(this.#outer.length);
  }

  #out(key: string): string {
    return this.#outer + key.slice(this.#inner.length);
  }

  #value(value: StoredValue): StoredValue {
    return { ...value, key: this.#out(value.key) };
  }

  #result(result: WriteResult): WriteResult {
    if (result.ok) return result.previous ? { ...result, previous: this.#value(result.previous) } : result;
    return result.current ? { ...result, current: this.#value(result.current) } : result;
  }
}
