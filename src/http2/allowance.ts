/**
 * So many at once, and so many a second on average: for what is cheap to send and dear to take, of which an honest client sends
 * little.
 */
export class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #since: number;

  /** `now`: milliseconds of any clock that does not go back, here and in `spend`. */
  constructor(most: number, perSecond: number, now: number) {
    this.#most = most;
    this.#perMs = perSecond / 1000;
    this.#left = most;
    this.#since = now;
  }

  /** @returns whether there was one left */
  spend(now: number): boolean {
    if (this.#left < 1) {
      this.#left = Math.min(this.#most, this.#left + (now - this.#since) * this.#perMs);
      this.#since = now;
    }
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
