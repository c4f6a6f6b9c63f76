import { Readable } from 'node:stream';

const EMPTY = Buffer.alloc(0);

interface Collector {
  limit: number;
  resolve(body: Buffer | undefined): void;
  reject(error: Error): void;
}

/** The body of a request as it comes: held until somebody wants it, as a whole or piece by piece. */
export class RequestBody {
  /** Tells the peer that so many bytes have been used, and so many more may be sent. */
  readonly #used: (bytes: number) => void;
  #chunks: Buffer[] = [];
  /** Bytes in `chunks`. */
  #bytes = 0;
  /** Of them (or of what was read already), bytes that the peer has not been told of as used. */
  #untold = 0;
  #isWhole = false;
  #isDropped = false;
  #failure: Error | undefined;
  #collector: Collector | undefined;
  #readable: Readable | undefined;

  constructor(used: (bytes: number) => void) {
    this.#used = used;
  }

  push(chunk: Buffer): void {
    if (this.#isDropped) {
      this.#used(chunk.length);
      return;
    }
    if (this.#readable) {
      if (this.#readable.push(chunk)) this.#used(chunk.length);
      else this.#untold += chunk.length;
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#collector) {
      this.#untold += chunk.length;
      return;
    }
    this.#used(chunk.length);
    if (this.#bytes > this.#collector.limit) this.#settle();
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isWhole = true;
    this.#readable?.push(null);
    if (this.#collector) this.#settle();
  }

  /** The request breaks off. */
  fail(error: Error): void {
    if (this.#isWhole || this.#failure) return;
    this.#failure = error;
    this.#readable?.destroy(error);
    this.#collector?.reject(error);
    this.#collector = undefined;
    this.drop();
  }

  /** Nobody wants what is left of it. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#chunks = [];
    this.#tell();
  }

  /** The whole body; undefined where it is longer than `limit` bytes. Rejects where the request breaks off. */
  collect(limit: number): Promise<Buffer | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#collector = { limit, resolve, reject };
      this.#tell();
      if (this.#isWhole || this.#bytes > limit) this.#settle();
    });
  }

  readable(): Readable {
    if (this.#readable) return this.#readable;
    this.#readable = new Readable({
      read: () => this.#tell(),
      destroy: (error, done) => {
        this.drop();
        done(error);
      },
    });
    // Whoever reads sees it; nobody has to.
    this.#readable.on('error', () => {});
    for (const chunk of this.#chunks) this.#readable.push(chunk);
    this.#chunks = [];
    if (this.#failure) this.#readable.destroy(this.#failure);
    else if (this.#isWhole) this.#readable.push(null);
    return this.#readable;
  }

  #settle(): void {
    const { limit, resolve } = this.#collector!;
    this.#collector = undefined;
    const chunks = this.#chunks;
    const bytes = this.#bytes;
    this.drop();
    if (bytes > limit) resolve(undefined);
    else
      resolve(chunks.length === 0 ? EMPTY : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
  }

  #tell(): void {
    const bytes = this.#untold;
    this.#untold = 0;
    if (bytes > 0) this.#used(bytes);
  }
}
