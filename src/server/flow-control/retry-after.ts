const MOST_S = 32;

/**
 * The seconds after which clients that were turned away may come back: more while many are turned away, less when it calms
 * down (apiserver pkg/util/flowcontrol/dropped_requests_tracker.go). One for each priority level.
 */
export class RetryAfter {
  #seconds = 1;
  #changedAt = 0;
  #second = 0;
  #count = 0;
  #history: { second: number; count: number }[] = [];

  /** Notes that a request was turned away. `now`: milliseconds since 1970. */
  note(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) {
      this.#count++;
      return;
    }
    this.#history.push({ second: this.#second, count: this.#count });
    const keep = Math.min(2 * this.#seconds, MOST_S);
    this.#history = this.#history.filter((entry) => second - entry.second <= keep);
    this.#second = second;
    this.#count = 1;
    this.#adjust(second);
  }

  get seconds(): number {
    return this.#seconds;
  }

  #adjust(second: number): void {
    let dropped = 0;
    for (const entry of this.#history)
      if (second - entry.second <= this.#seconds && entry.second < second) dropped += entry.count;
    if (second - this.#changedAt >= this.#seconds && dropped >= 3 * this.#seconds) {
      this.#seconds = Math.min(this.#seconds * 2, MOST_S);
      this.#changedAt = second;
    } else if (dropped < this.#seconds && this.#seconds > 1) this.#seconds--;
  }
}
