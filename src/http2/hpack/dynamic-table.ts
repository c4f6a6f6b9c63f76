import { STATIC_ENTRIES } from './static-table.ts';

/** What an entry costs beside its name and value (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;

/** A decoder's dynamic table (RFC 7541 section 2.3.2): a ring, the newest entry at `#newest`. Sizes are in bytes. */
export class DynamicTable {
  readonly #names: string[];
  readonly #values: string[];
  readonly #sizes: Int32Array;
  readonly #mask: number;
  #newest = 0;
  #entries = 0;
  #size = 0;
  #maxSize: number;
  /** Counts what changes the meaning of an index. */
  version = 0;

  /** maxSize: what it may have at first. largest: the most that setMaxSize will ever ask for. */
  constructor(maxSize: number, largest: number) {
    let slots = 1;
    while (slots * ENTRY_OVERHEAD < largest) slots *= 2;
    this.#names = new Array<string>(slots).fill('');
    this.#values = new Array<string>(slots).fill('');
    this.#sizes = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#maxSize = maxSize;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** The place of the entry that a header block calls `index`, for name(), value() and size(); -1 where there is none. */
  find(index: number): number {
    const back = index - (STATIC_ENTRIES + 1);
    return back < this.#entries ? (this.#newest - back) & this.#mask : -1;
  }

  name(place: number): string {
    return this.#names[place]!;
  }

  value(place: number): string {
    return this.#values[place]!;
  }

  size(place: number): number {
    return this.#sizes[place]!;
  }

  /** An entry that is larger than the whole table empties it (RFC 7541 section 4.4). */
  add(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.#maxSize - size);
    this.version++;
    if (size > this.#maxSize) return;
    const place = (this.#newest + 1) & this.#mask;
    this.#names[place] = name;
    this.#values[place] = value;
    this.#sizes[place] = size;
    this.#newest = place;
    this.#entries++;
    this.#size += size;
  }

  /** What adding an entry does whose size is beyond any bound. */
  clear(): void {
    this.#evict(0);
    this.version++;
  }

  setMaxSize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
    this.version++;
  }

  /** Drops the oldest entries until the rest has at most `size` bytes. */
  #evict(size: number): void {
    while (this.#size > size && this.#entries > 0) {
      const place = (this.#newest - this.#entries + 1) & this.#mask;
      this.#size -= this.#sizes[place]!;
      this.#entries--;
      this.#names[place] = '';
      this.#values[place] = '';
    }
  }
}
