const SLOTS = 16;
/** Longer ones are not kept: a connection keeps 32 KB of them at most. */
const MAX_LENGTH = 2048;
/** Up to this many bytes, a loop is faster than a call of Buffer.compare. */
const LOOP_LENGTH = 48;

interface Kept<T> {
  bytes: Buffer;
  tag: number;
  value: T;
}

/**
 * What bytes were read as lately, so that the same bytes need not be read again: clients send the same header block, or the same
 * token, over and over. Bytes have to come twice to be kept, so that what changes always costs little.
 */
export class RecentBytes<T> {
  readonly #kept: (Kept<T> | undefined)[] = new Array<Kept<T> | undefined>(SLOTS).fill(undefined);
  readonly #seen = new Int32Array(SLOTS);
  #wanted = -1;

  /** What keep() was told of equal bytes, under the same tag. */
  find(source: Buffer, start: number, end: number, tag: number): T | undefined {
    const hash = sample(source, start, end);
    const slot = hash & (SLOTS - 1);
    this.#wanted = -1;
    if (this.#seen[slot] !== hash) {
      this.#seen[slot] = hash;
      return undefined;
    }
    const kept = this.#kept[slot];
    if (kept !== undefined && kept.tag === tag && equal(kept.bytes, source, start, end)) return kept.value;
    if (end - start <= MAX_LENGTH) this.#wanted = slot;
    return undefined;
  }

  /** To be called with the arguments of the last find(), where that found nothing. */
  keep(source: Buffer, start: number, end: number, tag: number, value: T): void {
    if (this.#wanted < 0) return;
    const bytes = Buffer.from(source.subarray(start, end));
    this.#kept[this.#wanted] = { bytes, tag, value };
  }
}

/** A hash of the length and of 16 to 32 bytes throughout, the last among them. */
function sample(source: Buffer, start: number, end: number): number {
  let hash = end - start;
  const step = hash >> 4 || 1;
  for (let at = end - 1; at >= start; at -= step) hash = Math.imul(hash ^ source[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function equal(bytes: Buffer, source: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (bytes.length !== length) return false;
  if (length > LOOP_LENGTH) return bytes.compare(source, start, end) === 0;
  for (let i = 0; i < length; i++) if (bytes[i] !== source[start + i]) return false;
  return true;
}
