import type { Duplex } from 'node:stream';

/** Frames are written into pieces of memory of this size, in bytes, which go from connection to connection. */
const SLAB_BYTES = 64 * 1024;
/** So many of them are kept while no connection needs them. */
const KEPT_SLABS = 64;

interface Slab {
  readonly bytes: Buffer;
  /** Written up to here. */
  used: number;
  /** Given to the socket up to here. */
  flushed: number;
  /** Writes of the socket that are not done yet. */
  writes: number;
}

const spare: Slab[] = [];

const newSlab = (): Slab =>
  spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(SLAB_BYTES), used: 0, flushed: 0, writes: 0 };

function release(slab: Slab): void {
  slab.used = 0;
  slab.flushed = 0;
  if (spare.length < KEPT_SLABS) spare.push(slab);
}

/**
 * What a connection is to send. All that is made in one turn of the event loop goes to the socket at its end, in one piece where
 * that can be: TLS makes one record of it and the kernel one packet, which costs a fraction of one for each frame.
 */
export class Outbox {
  readonly #socket: Duplex;
  readonly #onFlush: () => void;
  readonly #onWritten: () => void;
  #slab: Slab | undefined;
  /** Before what stands in the slab: pieces that were full, and bytes that are sent without a copy. */
  #parts: Uint8Array[] = [];
  /** Where the parts stand, other than in bytes of their own. */
  #slabs: Slab[] = [];
  #unflushed = 0;
  #unwritten = 0;
  #isDue = false;

  /** `onFlush` is called once all there was has gone to the socket, `onWritten` when some have gone from there. */
  constructor(socket: Duplex, onFlush: () => void, onWritten: () => void) {
    this.#socket = socket;
    this.#onFlush = onFlush;
    this.#onWritten = onWritten;
  }

  /** Bytes that the kernel has not taken yet. */
  get unsent(): number {
    return this.#unflushed + this.#unwritten;
  }

  /** Where the next byte goes in what `room` returns. */
  get at(): number {
    return this.#slab!.used;
  }

  /** Memory with `bytes` free from `at` on; at most 32 KiB can be asked for. */
  room(bytes: number): Buffer {
    if (this.#slab && SLAB_BYTES - this.#slab.used < bytes) this.#seal();
    this.#slab ??= newSlab();
    return this.#slab.bytes;
  }

  /** What was written from `at` to `end` is to be sent. */
  wrote(end: number): void {
    const slab = this.#slab!;
    this.#unflushed += end - slab.used;
    slab.used = end;
    this.#flushSoon();
  }

  /** Sends bytes as they are, without a copy: they may not change any more. */
  attach(bytes: Uint8Array): void {
    const slab = this.#slab;
    if (slab && slab.used > slab.flushed) {
      this.#parts.push(slab.bytes.subarray(slab.flushed, slab.used));
      slab.flushed = slab.used;
      if (this.#slabs.at(-1) !== slab) {
        slab.writes++;
        this.#slabs.push(slab);
      }
    }
    this.#parts.push(bytes);
    this.#unflushed += bytes.length;
    this.#flushSoon();
  }

  /** The slab has no room left: another one is begun. */
  #seal(): void {
    const slab = this.#slab!;
    this.#slab = undefined;
    if (slab.used > slab.flushed) {
      this.#parts.push(slab.bytes.subarray(slab.flushed, slab.used));
      slab.flushed = slab.used;
      if (this.#slabs.at(-1) !== slab) {
        slab.writes++;
        this.#slabs.push(slab);
      }
    } else if (slab.writes === 0) release(slab);
  }

  #flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (due.push(this) === 1) setImmediate(flushAll);
  }

  /** Gives the socket all there is. */
  flush(): void {
    this.#isDue = false;
    if (this.#unflushed > 0) this.#write();
    this.#onFlush();
  }

  #write(): void {
    const size = this.#unflushed;
    this.#unflushed = 0;
    this.#unwritten += size;
    const slab = this.#slab;
    const socket = this.#socket;
    let last: Uint8Array | undefined;
    if (slab && slab.used > slab.flushed) {
      last = slab.bytes.subarray(slab.flushed, slab.used);
      slab.flushed = slab.used;
      slab.writes++;
    }
    if (this.#parts.length === 0) {
      socket.write(last!, () => this.#written(size, slab));
      return;
    }
    const parts = this.#parts;
    const slabs = this.#slabs;
    this.#parts = [];
    this.#slabs = [];
    if (last) {
      parts.push(last);
      slabs.push(slab!);
    }
    socket.cork();
    for (let i = 0; i < parts.length - 1; i++) socket.write(parts[i]!);
    socket.write(parts.at(-1)!, () => {
      for (const one of slabs) this.#done(one);
      this.#written(size, undefined);
    });
    socket.uncork();
  }

  #written(size: number, slab: Slab | undefined): void {
    this.#unwritten -= size;
    if (slab) this.#done(slab);
    this.#onWritten();
  }

  /** A write of the slab is done. One that nothing is left of goes to whoever needs it next. */
  #done(slab: Slab): void {
    if (--slab.writes > 0 || slab.used > slab.flushed) return;
    if (slab === this.#slab) this.#slab = undefined;
    release(slab);
  }
}

const due: Outbox[] = [];

function flushAll(): void {
  for (const outbox of due.splice(0)) outbox.flush();
}
