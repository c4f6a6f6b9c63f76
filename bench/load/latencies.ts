/** Durations in milliseconds, counted in buckets that grow by a twentieth: percentiles to 5 %, in little memory. */
export class Latencies {
  readonly #buckets = new Uint32Array(400);
  #count = 0;
  #most = 0;

  add(ms: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log(ms / 0.01) / Math.log(1.05)));
    this.#buckets[Math.min(bucket, this.#buckets.length - 1)]!++;
    this.#count++;
    if (ms > this.#most) this.#most = ms;
  }

  get count(): number {
    return this.#count;
  }

  get most(): number {
    return this.#most;
  }

  /** So many per cent took no longer. */
  percentile(percent: number): number {
    let left = (this.#count * percent) / 100;
    for (let i = 0; i < this.#buckets.length; i++) {
      left -= this.#buckets[i]!;
      if (left <= 0 && this.#count > 0) return Math.min(0.01 * 1.05 ** i, this.#most);
    }
    return this.#most;
  }

  take(other: Latencies): void {
    for (let i = 0; i < this.#buckets.length; i++) this.#buckets[i]! += other.#buckets[i]!;
    this.#count += other.#count;
    this.#most = Math.max(this.#most, other.#most);
  }
}
