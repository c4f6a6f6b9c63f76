import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;

/** Random bytes for what is no secret, such as the ends of generated names: drawn from the system many at a time. */
export class RandomPool {
  readonly #pool = new Uint8Array(POOL_BYTES);
  readonly #fill: (bytes: Uint8Array) => void;
  #at = POOL_BYTES;

  constructor(fill: (bytes: Uint8Array) => void = (bytes) => void randomFillSync(bytes)) {
    this.#fill = fill;
  }

  /** So many bytes, at most 4,096, that nobody was given before. */
  take(count: number): Uint8Array {
    if (this.#at + count > POOL_BYTES) {
      this.#fill(this.#pool);
      this.#at = 0;
    }
    this.#at += count;
    return this.#pool.slice(this.#at - count, this.#at);
  }
}
