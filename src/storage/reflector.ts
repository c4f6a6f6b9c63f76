import { type Store, type StoredValue, type StoreEvent, StoreUnavailableError } from './store.ts';

/** Where a reflector puts what it hears. */
export interface ReflectorTarget {
  /** All that there is as of a revision: at first, and where history no longer tells what has happened since. */
  replace(revision: number, values: readonly StoredValue[]): void;
  events(events: readonly StoreEvent[]): void;
  /** Nothing is missing up to this revision. */
  progress(revision: number): void;
  failed(error: Error): void;
}

const firstRetryMs = 100;
const longestRetryMs = 5000;

/**
 * Lists a prefix, then watches it from the list's revision. Where the engine is out of reach, the watch goes on from
 * where it was once the engine is back, so that no event is missed; where it ends for another reason (compaction), all
 * is listed again. Pauses grow while failures go on (client-go tools/cache reflector).
 */
export class Reflector {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #target: ReflectorTarget;
  #watching = false;
  #stopped = false;
  #error: Error | undefined;
  #endWatch: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** What is told of the next success, while a pause lasts. */
  #pending: (() => void) | undefined;
  #retryMs = firstRetryMs;
  /** Where a watch can go on; undefined: a list is needed. */
  #seen: number | undefined;

  constructor(store: Store, prefix: string, target: ReflectorTarget) {
    this.#store = store;
    this.#prefix = prefix;
    this.#target = target;
  }

  /** Whether a watch keeps the target current. */
  get watching(): boolean {
    return this.#watching;
  }

  /** Why it does not, where a failure of the store is the reason. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Resolves at the first success; failures are tried again until `stop`. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.#begin(resolve));
  }

  /** Does not wait for the pause to end; resolves when it goes on, or has failed again. */
  async retryNow(): Promise<void> {
    const done = this.#pending;
    if (this.#stopped || !done) return;
    clearTimeout(this.#retry);
    this.#pending = undefined;
    await this.#begin(done);
  }

  stop(): void {
    this.#stopped = true;
    this.#watching = false;
    clearTimeout(this.#retry);
    this.#endWatch?.();
  }

  async #begin(done: () => void): Promise<void> {
    try {
      const after = (await this.#place()) ?? (await this.#list());
      if (this.#stopped || after === undefined) return;
      this.#watch(after);
      done();
    } catch (error) {
      this.#failed(error as Error, done);
    }
  }

  /** Where to go on from, once the engine answers. A store put back from a backup is behind it: that takes a list. */
  async #place(): Promise<number | undefined> {
    const seen = this.#seen;
    return seen !== undefined && (await this.#store.revision()) >= seen ? seen : undefined;
  }

  async #list(): Promise<number | undefined> {
    const { revision, values } = await this.#store.range(this.#prefix);
    if (this.#stopped) return undefined;
    this.#target.replace(revision, values);
    this.#seen = revision;
    return revision;
  }

  #watch(after: number): void {
    let ended = false;
    const end = this.#store.watch(this.#prefix, after, {
      events: (events) => {
        if (ended) return;
        this.#target.events(events);
        this.#seen = events.at(-1)?.revision ?? this.#seen;
      },
      progress: (revision) => {
        // A watch that fails at once, time after time, is not a success.
        this.#retryMs = firstRetryMs;
        if (ended) return;
        if (revision > (this.#seen ?? 0)) this.#seen = revision;
        this.#target.progress(revision);
      },
      again: () => {
        if (ended) return;
        this.#endWatch?.();
        this.#endWatch = undefined;
        this.#watching = false;
        this.#seen = undefined;
        void this.#begin(() => undefined);
      },
      failed: (error) => {
        if (ended) return;
        ended = true;
        this.#endWatch = undefined;
        if (!(error instanceof StoreUnavailableError)) this.#seen = undefined;
        this.#failed(error, () => undefined);
      },
    });
    this.#endWatch = () => {
      ended = true;
      end();
    };
    this.#watching = true;
    this.#error = undefined;
    this.#target.progress(after);
  }

  #failed(error: Error, done: () => void): void {
    if (this.#stopped) return;
    this.#watching = false;
    this.#error = error;
    this.#target.failed(error);
    this.#pending = done;
    this.#retry = setTimeout(() => {
      this.#pending = undefined;
      void this.#begin(done);
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
