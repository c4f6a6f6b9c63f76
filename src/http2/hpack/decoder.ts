import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.ts';
import { HpackError } from './hpack-error.ts';
import { decodeHuffman } from './huffman.ts';
import { RecentBytes } from './recent-bytes.ts';
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_SIZES, STATIC_VALUES } from './static-table.ts';

/** What a peer takes our table for before it has our settings, and until it says otherwise (RFC 9113 section 6.5.2). */
const INITIAL_TABLE_SIZE = 4096;
/** Where no length or index may reach: below it a header block and its tables stay in any case. */
const MAX_INTEGER = 0x7fffffff;
/** Where in a block the path lies, which mostly makes the difference. */
const PATH_REACH = 48;
/** Strings of fewer octets are decoded faster than looked up. */
const MIN_REMEMBERED = 32;

/** Reads the header blocks that one peer sends on one connection (RFC 7541). */
export class HpackDecoder {
  readonly #tableSize: number;
  readonly #maxListSize: number;
  readonly #table: DynamicTable;
  readonly #blocks = new RecentBytes<readonly string[]>(PATH_REACH);
  readonly #strings = new RecentBytes<string>(0);
  /** Where reading goes on: moved by #integer and #string. */
  #at = 0;

  /**
   * tableSize: what our SETTINGS_HEADER_TABLE_SIZE says. maxListSize: how large a list of fields may be, in bytes by RFC 7541
   * section 4.1 (name, value and 32 for each).
   */
  constructor(options: { tableSize: number; maxListSize: number }) {
    this.#tableSize = options.tableSize;
    this.#maxListSize = options.maxListSize;
    this.#table = new DynamicTable(Math.min(options.tableSize, INITIAL_TABLE_SIZE), options.tableSize);
  }

  /**
   * Reads block[start..end): names and values by turns, as sent, as Latin-1. Always reads to the end, so that the dynamic table
   * stays right. Returns undefined where the list is larger than maxListSize. Strings that come from the tables are the
   * same objects each time, and so is the whole list where a block comes again and again: caches may go by identity, and nobody
   * may change the list. Throws HpackError, after which the decoder must not be used any more.
   */
  decode(block: Uint8Array, start: number, end: number): readonly string[] | undefined {
    const bytes =
      block instanceof Buffer ? block : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const { version } = this.#table;
    const known = this.#blocks.find(bytes, start, end, version);
    if (known !== undefined) return known;
    const fields = this.#read(bytes, start, end);
    // A block that changes the table means something else when it comes again.
    if (fields !== undefined && this.#table.version === version) {
      this.#blocks.keep(bytes, start, end, version, fields);
    }
    return fields;
  }

  #read(bytes: Buffer, start: number, end: number): string[] | undefined {
    const table = this.#table;
    const fields: string[] = [];
    /** How many bytes the list may still have; negative where it is too large. */
    let room = this.#maxListSize;
    let updatesAllowed = true;
    this.#at = start;
    while (this.#at < end) {
      const first = bytes[this.#at++]!;
      if (first >= 0x80) {
        // An indexed field (RFC 7541 section 6.1).
        const index = first === 0xff ? this.#integer(bytes, end, 0x7f) : first & 0x7f;
        if (index <= STATIC_ENTRIES) {
          if (index === 0) throw new HpackError('a field has the index 0');
          room -= STATIC_SIZES[index]!;
          if (room >= 0) fields.push(STATIC_NAMES[index]!, STATIC_VALUES[index]!);
        } else {
          const place = this.#place(index);
          room -= table.size(place);
          if (room >= 0) fields.push(table.name(place), table.value(place));
        }
      } else if (first >= 0x40) {
        // A literal that enters the table (6.2.1). One that is too large for the list may still fit there, and the other way round.
        const index = first === 0x7f ? this.#integer(bytes, end, 0x3f) : first & 0x3f;
        const limit = Math.max(room, table.maxSize);
        const name = index === 0 ? this.#string(bytes, end, limit) : this.#name(index);
        const value = this.#string(bytes, end, limit);
        if (name === undefined || value === undefined) {
          table.clear();
          room = -1;
        } else {
          table.add(name, value);
          room -= name.length + value.length + ENTRY_OVERHEAD;
          if (room >= 0) fields.push(name, value);
        }
      } else if (first < 0x20) {
        // A literal that does not enter the table, now or ever (6.2.2, 6.2.3).
        const prefix = first & 0x0f;
        const index = prefix === 0x0f ? this.#integer(bytes, end, 0x0f) : prefix;
        const name = index === 0 ? this.#string(bytes, end, room) : this.#name(index);
        const value = this.#string(bytes, end, room);
        if (name === undefined || value === undefined) {
          room = -1;
        } else {
          room -= name.length + value.length + ENTRY_OVERHEAD;
          if (room >= 0) fields.push(name, value);
        }
      } else {
        // A size update (6.3), of which there may be two (4.2).
        const size = first === 0x3f ? this.#integer(bytes, end, 0x1f) : first & 0x1f;
        if (!updatesAllowed) throw new HpackError('a table size update follows a field');
        if (size > this.#tableSize)
          throw new HpackError('a table size update exceeds SETTINGS_HEADER_TABLE_SIZE');
        table.setMaxSize(size);
        continue;
      }
      updatesAllowed = false;
    }
    return room < 0 ? undefined : fields;
  }

  #name(index: number): string {
    return index <= STATIC_ENTRIES ? STATIC_NAMES[index]! : this.#table.name(this.#place(index));
  }

  #place(index: number): number {
    const place = this.#table.find(index);
    if (place < 0) throw new HpackError(`no field has the index ${index}`);
    return place;
  }

  /** The octets of an integer beyond its full prefix (RFC 7541 section 5.1). */
  #integer(bytes: Buffer, end: number, prefix: number): number {
    let value = prefix;
    for (let factor = 1; factor <= MAX_INTEGER; factor *= 0x80) {
      if (this.#at >= end) throw truncated();
      const octet = bytes[this.#at++]!;
      value += (octet & 0x7f) * factor;
      if (octet >= 0x80) continue;
      if (value > MAX_INTEGER) break;
      return value;
    }
    throw new HpackError('an integer is too large');
  }

  /** A string literal (RFC 7541 section 5.2); one of more than `maxLength` octets is skipped and undefined. */
  #string(bytes: Buffer, end: number, maxLength: number): string | undefined {
    if (this.#at >= end) throw truncated();
    const first = bytes[this.#at++]!;
    const prefix = first & 0x7f;
    const length = prefix === 0x7f ? this.#integer(bytes, end, 0x7f) : prefix;
    const start = this.#at;
    const stop = start + length;
    if (stop > end) throw truncated();
    this.#at = stop;
    if (maxLength < 0) return undefined;
    const coded = first >= 0x80;
    if (!coded && length > maxLength) return undefined;
    if (length < MIN_REMEMBERED) {
      return coded ? decodeHuffman(bytes, start, stop, maxLength) : bytes.toString('latin1', start, stop);
    }
    const known = this.#strings.find(bytes, start, stop, first & 0x80);
    if (known !== undefined) return known.length > maxLength ? undefined : known;
    const text = coded ? decodeHuffman(bytes, start, stop, maxLength) : bytes.toString('latin1', start, stop);
    if (text !== undefined) this.#strings.keep(bytes, start, stop, first & 0x80, text);
    return text;
  }
}

function truncated(): HpackError {
  return new HpackError('a header block ends within a field');
}
