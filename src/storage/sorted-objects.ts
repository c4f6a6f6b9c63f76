import type { CachedObject } from './cached-object.ts';

interface Chunk {
  items: CachedObject[];
  /** Of the tree that may change it in place. */
  owner: symbol;
}

const chunkSize = 512;

/**
 * Objects in the order of their path, in chunks of a few hundred: an insert moves no more than one chunk, and a copy
 * shares chunks with its original until one of them changes.
 */
export class SortedObjects {
  #chunks: Chunk[] = [];
  #owner = Symbol();
  #size = 0;

  /** `sorted`: by path, without repeats. */
  static of(sorted: readonly CachedObject[]): SortedObjects {
    const made = new SortedObjects();
    // Chunks begin three quarters full, so that the first inserts don't split them all.
    const step = (chunkSize * 3) >> 2;
    for (let i = 0; i < sorted.length; i += step) {
      made.#chunks.push({ items: sorted.slice(i, i + step), owner: made.#owner });
    }
    made.#size = sorted.length;
    return made;
  }

  get size(): number {
    return this.#size;
  }

  /** As it is now. Costs one pointer for each chunk. */
  snapshot(): SortedObjects {
    const copy = new SortedObjects();
    copy.#chunks = this.#chunks.slice();
    copy.#size = this.#size;
    // Neither owns the chunks any longer; who changes one copies it first.
    this.#owner = Symbol();
    return copy;
  }

  /** Puts the object in the place of its path. */
  set(object: CachedObject): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push({ items: [object], owner: this.#owner });
      this.#size = 1;
      return;
    }
    const index = this.#chunkFor(object.path);
    const { items } = this.#own(index);
    const at = position(items, object.path);
    if (items[at]?.path === object.path) {
      items[at] = object;
      return;
    }
    items.splice(at, 0, object);
    this.#size++;
    if (items.length > chunkSize) {
      // Objects made in order (names with a counter or a date) fill chunks instead of leaving them half empty.
      const last = index === this.#chunks.length - 1 && at === items.length - 1;
      const cut = last ? chunkSize : chunkSize >> 1;
      this.#chunks.splice(index + 1, 0, { items: items.splice(cut), owner: this.#owner });
    }
  }

  delete(path: string): void {
    if (this.#chunks.length === 0) return;
    const index = this.#chunkFor(path);
    const at = position(this.#chunks[index]!.items, path);
    if (this.#chunks[index]!.items[at]?.path !== path) return;
    const { items } = this.#own(index);
    items.splice(at, 1);
    this.#size--;
    if (items.length === 0) this.#chunks.splice(index, 1);
  }

  /** Those whose path begins with `prefix`, behind the path `after` where given. */
  *from(prefix: string, after?: string): Generator<CachedObject, void, undefined> {
    let [index, at] = this.#start(prefix, after);
    for (; index < this.#chunks.length; index++, at = 0) {
      const { items } = this.#chunks[index]!;
      for (; at < items.length; at++) {
        const object = items[at]!;
        if (prefix !== '' && !object.path.startsWith(prefix)) return;
        yield object;
      }
    }
  }

  /** The same as an array, without the cost of a generator. */
  slice(prefix: string, after?: string): CachedObject[] {
    const all: CachedObject[] = [];
    let [index, at] = this.#start(prefix, after);
    const [endIndex, endAt] = this.#end(prefix);
    for (; index <= endIndex && index < this.#chunks.length; index++, at = 0) {
      const { items } = this.#chunks[index]!;
      const end = index === endIndex ? endAt : items.length;
      for (; at < end; at++) all.push(items[at]!);
    }
    return all;
  }

  /** How many `from` would give, without looking at each. */
  count(prefix: string, after?: string): number {
    const [startIndex, startAt] = this.#start(prefix, after);
    const [endIndex, endAt] = this.#end(prefix);
    if (startIndex > endIndex) return 0;
    let count = endAt - startAt;
    for (let i = startIndex; i < endIndex; i++) count += this.#chunks[i]!.items.length;
    return Math.max(0, count);
  }

  #start(prefix: string, after: string | undefined): [chunk: number, at: number] {
    if (this.#chunks.length === 0) return [0, 0];
    const path = after !== undefined && after >= prefix ? after : prefix;
    const index = this.#chunkFor(path);
    const { items } = this.#chunks[index]!;
    const at = position(items, path);
    return [index, path === after && items[at]?.path === path ? at + 1 : at];
  }

  #end(prefix: string): [chunk: number, at: number] {
    if (this.#chunks.length === 0) return [0, 0];
    const last = this.#chunks.length - 1;
    if (prefix === '') return [last, this.#chunks[last]!.items.length];
    // Paths are ASCII but for names that RBAC allows; nothing sorts behind this character.
    const path = `${prefix}\uffff`;
    const index = this.#chunkFor(path);
    return [index, position(this.#chunks[index]!.items, path)];
  }

  /** The chunk in which the path is, or would be. */
  #chunkFor(path: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#chunks[middle]!.items[0]!.path <= path) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #own(index: number): Chunk {
    const chunk = this.#chunks[index]!;
    if (chunk.owner === this.#owner) return chunk;
    const own: Chunk = { items: chunk.items.slice(), owner: this.#owner };
    this.#chunks[index] = own;
    return own;
  }
}

/** The index of the first object whose path is not less. */
function position(items: readonly CachedObject[], path: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
