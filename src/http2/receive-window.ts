/**
 * What the peer may send at the moment, in bytes of DATA (RFC 9113 section 6.9), of a stream or of the connection. It is told to go
 * on once half of the window has been used, not for every byte.
 */
export class ReceiveWindow {
  readonly #size: number;
  readonly #update: (bytes: number) => void;
  #left: number;
  #used = 0;

  /** `update` sends WINDOW_UPDATE. */
  constructor(size: number, update: (bytes: number) => void) {
    this.#size = size;
    this.#left = size;
    this.#update = update;
  }

  /** Bytes have come. @returns whether the peer was allowed to send them */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Bytes that came are held no longer. */
  used(bytes: number): void {
    this.#used += bytes;
    if (this.#used < this.#size / 2) return;
    this.#left += this.#used;
    this.#update(this.#used);
    this.#used = 0;
  }

  /** Nothing of what came is held any longer. */
  allUsed(): void {
    this.used(this.#size - this.#left - this.#used);
  }
}
