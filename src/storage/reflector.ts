import type { Store, StoredValue, StoreEvent } from './store.ts';

/** Where a reflector puts what it hears. */
export interface ReflectorTarget {
  /** All that there is as of a revision: at first, and after each failure of the watch. */
  replace(revision: number, values: readonly StoredValue[]): void;
  events(events: readonly StoreEvent[]): void;
  /** Nothing is missing up to this revision. */
  progress(revision: number): void;
  failed(error: Error): void;
}

const firstRetryMs = 100;
const longestRetryMs = 5000;

/**
 * Lists a prefix, then watches it from the list's revision; where the watch ends, the same again after a pause that
 * grows while failures go on (client-go tools/cache reflector).
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
    return new Promise((resolve) => void this.#list(resolve));
  }

  /** Does not wait for the pause to end; resolves when it has listed, or failed again. */
  async retryNow(): Promise<void> {
    const done = this.#pending;
    if (this.#stopped || !done) return;
    clearTimeout(this.#retry);
    this.#pending = undefined;
    await this.#list(done);
  }

  stop(): void {
    this.#stopped = true;
    this.#watching = false;
    clearTimeout(this.#retry);
    this.#endWatch?.();
  }

  async #list(done: () => void): Promise<void> {
    try {
      const { revision, values } = await this.#store.range(this.#prefix);
      if (this.#stopped) return;
      this.#target.replace(revision, values);
      this.#watch(revision);
      done();
    } catch (error) {
      this.#failed(error as Error, done);
    }
  }

  #watch(after: number): void {
    let ended = false;
    const end = this.#store.watch(this.#prefix, after, {
      events: (events) => {
        if (!ended) this.#target.events(events);
      },
      progress: (revision) => {
        // A watch that fails at once, time after time, is not a success.
        this.#retryMs = firstRetryMs;
        if (!ended) this.#target.progress(revision);
      },
      failed: (error) => {
        if (ended) return;
        ended = true;
        this.#endWatch = undefined;
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
      void this.#list(done);
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
