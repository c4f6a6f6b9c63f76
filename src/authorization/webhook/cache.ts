import type { Clock } from '../../meta/clock.ts';

const MAX_ENTRIES = 8192;

/** Answers kept for a while, the longest unused thrown out first (apimachinery util/cache, LRUExpireCache). */
export class ExpiringCache<T> {
  readonly #entries = new Map<string, { value: T; until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (this.#clock.monotonic() >= entry.until) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, ttlMs: number): void {
    if (ttlMs <= 0) return;
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, { value, until: this.#clock.monotonic() + ttlMs });
  }
}
