const SLOTS = 16;
/** Longer ones are not kept: a connection keeps 32 KB of them at most. */
const MAX_LENGTH = 2048;
/** Up to this many bytes, a loop is faster than a call of Buffer.compare. */
const LOOP_LENGTH = 48;
/** Space is made in multiples of this, so that the next ones fit as well. */
const SPACE_STEP = 64;

interface Kept<T> {
  /** May be longer than what is kept. */
  space: Buffer;
  length: number;
  hash: number;
  tag: number;
  value: T;
}

/**
 * What bytes were read as lately, so that the same bytes need not be read again: clients send the same header block, or the same
 * token, over and over. Bytes have to come twice to be kept, so that what changes always costs little.
 */
export class RecentBytes<T> {
  readonly #dense: number;
  readonly #kept: (Kept<T> | undefined)[] = new Array<Kept<T> | undefined>(SLOTS).fill(undefined);
  readonly #seen = new Int32Array(SLOTS);
  #wanted = -1;

  /** dense: how many of the first bytes are likely to make the difference; of those behind only some are hashed. */
  constructor(dense: number) {
    this.#dense = dense;
  }

  /** What keep() was told of equal bytes, under the same tag. */
  find(source: Buffer, start: number, end: number, tag: number): T | undefined {
    const hash = sample(source, start, end, this.#dense);
    const slot = hash & (SLOTS - 1);
    const kept = this.#kept[slot];
    this.#wanted = -1;
    if (kept !== undefined && kept.hash === hash && kept.tag === tag && holds(kept, source, start, end)) {
      return kept.value;
    }
    if (this.#seen[slot] !== hash) this.#seen[slot] = hash;
    else if (end - start <= MAX_LENGTH) this.#wanted = slot;
    return undefined;
  }

  /** To be called with the arguments of the last find(), where that found nothing. */
  keep(source: Buffer, start: number, end: number, tag: number, value: T): void {
    if (this.#wanted < 0) return;
    const length = end - start;
    const hash = this.#seen[this.#wanted]!;
    let kept = this.#kept[this.#wanted];
    if (kept === undefined || kept.space.length < length) {
      const space = Buffer.allocUnsafeSlow(Math.ceil((length + 1) / SPACE_STEP) * SPACE_STEP);
      kept = { space, length, hash, tag, value };
      this.#kept[this.#wanted] = kept;
    }
    source.copy(kept.space, 0, start, end);
    kept.length = length;
    kept.hash = hash;
    kept.tag = tag;
    kept.value = value;
  }
}

/** A hash of the length, the first `dense` bytes, and 16 to 32 of those behind, the last among them. */
function sample(source: Buffer, start: number, end: number, dense: number): number {
  let hash = end - start;
  const sparse = Math.min(start + dense, end);
  for (let at = start; at < sparse; at++) hash = Math.imul(hash ^ source[at]!, 0x01000193);
  const step = (end - sparse) >> 4 || 1;
  for (let at = end - 1; at >= sparse; at -= step) hash = Math.imul(hash ^ source[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function holds(kept: Kept<unknown>, source: Buffer, start: number, end: number): boolean {
  const { space, length } = kept;
  if (length !== end - start) return false;
  if (length > LOOP_LENGTH) return space.compare(source, start, end, 0, length) === 0;
  for (let i = 0; i < length; i++) if (space[i] !== source[start + i]) return false;
  return true;
}
