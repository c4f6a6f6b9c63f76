import type { CacheEvent } from './cached-object.ts';

const fewest = 1000;
const most = 102_400;
/** As long as kube-apiserver's watch cache strives to keep events (eventFreshDuration). */
const freshMs = 75_000;

/** The last events of a cache, for watches that resume. Always the last thousand; more of them while they are fresh. */
export class EventRing {
  #events: (CacheEvent | undefined)[] = [];
  #times: number[] = [];
  #first = 0;
  #since: number;

  /** `since`: every event after this revision is going to be here. */
  constructor(since: number) {
    this.#since = since;
  }

  /** The oldest revision a watch can resume from. */
  get since(): number {
    return this.#since;
  }

  /** `now`: milliseconds, monotonic. */
  push(event: CacheEvent, now: number): void {
    this.#events.push(event);
    this.#times.push(now);
    for (let size = this.#events.length - this.#first; size > fewest; size--) {
      if (size <= most && now - this.#times[this.#first]! < freshMs) break;
      this.#since = this.#events[this.#first]!.revision;
      this.#events[this.#first++] = undefined;
    }
    if (this.#first > fewest && this.#first > this.#events.length >> 1) {
      this.#events = this.#events.slice(this.#first);
      this.#times = this.#times.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Those behind the revision; undefined where some are gone. */
  after(revision: number): CacheEvent[] | undefined {
    if (revision < this.#since) return undefined;
    let low = this.#first;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low) as CacheEvent[];
  }
}
