/** How a queue waits; tests put their own in its place. Returns the way to call it off. */
export type Wait = (ms: number, then: () => void) => () => void;

/** Waits by the machine's clock, without keeping the process alive. */
export const systemWait: Wait = (ms, then) => {
  const timer = setTimeout(then, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

export interface WorkQueueOptions {
  /** Brings the world into the state that this key stands for. A rejection is tried again. */
  handle(key: string): Promise<void>;
  /** Told of each failure; `attempt` counts from 1. */
  failed?(key: string, error: unknown, attempt: number): void;
  /** Tries per key until it is given up; default: never given up. */
  maxAttempts?: number;
  /** Keys worked on at the same time; default 1. */
  workers?: number;
  /** Wait before the first retry, doubled for each further one; default 5 ms. */
  baseDelayMs?: number;
  /** The longest wait; default 1000 s. */
  maxDelayMs?: number;
  wait?: Wait;
}

/**
 * Keys to be worked on, each of them once however often it is added, and never by two workers at a time; one added while
 * it is worked on comes again after (client-go util/workqueue).
 */
export class WorkQueue {
  readonly #options: Required<Omit<WorkQueueOptions, 'failed'>> & Pick<WorkQueueOptions, 'failed'>;
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #attempts = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();
  readonly #idle: (() => void)[] = [];
  #started = false;

  constructor(options: WorkQueueOptions) {
    this.#options = {
      maxAttempts: Number.POSITIVE_INFINITY,
      workers: 1,
      baseDelayMs: 5,
      maxDelayMs: 1_000_000,
      wait: systemWait,
      ...options,
    };
  }

  add(key: string): void {
    if (this.#running.has(key)) this.#again.add(key);
    else this.#ready.add(key);
    this.#pump();
  }

  /** Adds the key when the time is over; the earlier of two waits for the same key is called off. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    this.#waiting.get(key)?.();
    const callOff = this.#options.wait(ms, () => {
      this.#waiting.delete(key);
      this.add(key);
      this.#settle();
    });
    this.#waiting.set(key, callOff);
  }

  start(): void {
    this.#started = true;
    this.#pump();
  }

  /** Takes up no more keys and forgets those that wait. Resolves when those in work are done. */
  async stop(): Promise<void> {
    this.#started = false;
    for (const callOff of this.#waiting.values()) callOff();
    this.#waiting.clear();
    this.#ready.clear();
    this.#again.clear();
    if (this.#running.size === 0) return;
    await new Promise<void>((done) => this.#idle.push(done));
  }

  /** Resolves when nothing is ready or in work; keys that wait for a retry do not count. */
  idle(): Promise<void> {
    if (this.#ready.size + this.#running.size === 0) return Promise.resolve();
    return new Promise((done) => this.#idle.push(done));
  }

  #pump(): void {
    while (this.#started && this.#running.size < this.#options.workers) {
      const next = this.#ready.values().next();
      if (next.done) return;
      this.#ready.delete(next.value);
      this.#running.add(next.value);
      void this.#work(next.value);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#options.handle(key);
      this.#attempts.delete(key);
    } catch (error) {
      this.#retry(key, error);
    }
    this.#running.delete(key);
    if (this.#again.delete(key)) this.#ready.add(key);
    this.#pump();
    this.#settle();
  }

  #retry(key: string, error: unknown): void {
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#options.failed?.(key, error, attempt);
    if (!this.#started || attempt >= this.#options.maxAttempts) {
      this.#attempts.delete(key);
      return;
    }
    this.#attempts.set(key, attempt);
    const { baseDelayMs, maxDelayMs } = this.#options;
    this.addAfter(key, Math.min(baseDelayMs * 2 ** Math.min(attempt - 1, 30), maxDelayMs));
  }

  #settle(): void {
    if (this.#ready.size + this.#running.size > 0 && this.#started) return;
    if (this.#running.size > 0) return;
    for (const done of this.#idle.splice(0)) done();
  }
}
