import { ENTRY_OVERHEAD } from './dynamic-table.ts';
import { STATIC_ENTRIES, STATIC_NAME_INDEX } from './static-table.ts';

export type FieldValue = string | number | readonly string[] | undefined;

/** RFC 9113 section 6.5.2: what a table may have before the peer's settings are known. More is never used. */
const MAX_TABLE_SIZE = 4096;

/** Responses' fields whose values are hardly ever the same twice: they would only drive others out of the table. */
const CHANGING = ['age', 'audit-id', 'content-length', 'content-range', 'etag', 'last-modified', 'location'];
/** Not to be held in any table on the way (RFC 7541 section 7.1.3). */
const SENSITIVE = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie'];

const ADAPTIVE = 0;
const LITERAL = 1;
const NEVER_INDEXED = 2;

const POLICIES = new Map<string, number>([
  ...CHANGING.map((name) => [name, LITERAL] as const),
  ...SENSITIVE.map((name) => [name, NEVER_INDEXED] as const),
]);

/** How many values of a name are remembered as being in the table. */
const REMEMBERED_VALUES = 4;
/** After as many new values in a row, a name's values are no longer put into the table, until one comes twice. */
const MAX_NEW_VALUES = 4;
/** How many names an encoder knows; then it begins anew. */
const MAX_NAMES = 256;

/** The statuses of the static table, which begin at this index. */
const STATIC_STATUSES = [200, 204, 206, 304, 400, 404, 500];
const FIRST_STATUS = 8;

/** At most: an index or marker, and two lengths. */
const FIELD_OVERHEAD = 16;
/** Two size updates and `:status`. */
const BLOCK_OVERHEAD = 32;
/** Digits, sign, point and exponent of a number. */
const MAX_NUMBER_LENGTH = 25;

/** Up to this many characters, a loop is faster than a call of Buffer.write. */
const LOOP_LENGTH = 24;
const BEYOND_LATIN1 = /[^\0-\xff]/;

/** What an encoder knows of a name. Entries are numbered as they enter the table, from 1. */
interface KnownName {
  readonly name: string;
  /** In the static table; 0 for none. */
  readonly staticIndex: number;
  readonly policy: number;
  /** The newest entry of that name, 0 for none; it may have left the table. */
  entry: number;
  /** Values that entered the table, and their entries. */
  readonly values: string[];
  readonly entries: number[];
  /** Where in `values` that one is which was written last. */
  usual: number;
  /** Where in `values` the next one goes. */
  oldest: number;
  /** How many values in a row were new. */
  newValues: number;
  /** The value that was last written as a literal, where the policy is adaptive. */
  last: string;
}

/** Writes the header blocks that one connection sends (RFC 7541). */
export class HpackEncoder {
  readonly #known = new Map<string, KnownName>();
  readonly #status = knownName(':status');
  /** Sizes of the entries, by their number. */
  readonly #sizes = new Int32Array(MAX_TABLE_SIZE / ENTRY_OVERHEAD);
  #added = 0;
  #entries = 0;
  #size = 0;
  #maxSize = MAX_TABLE_SIZE;
  /** What the peer last asked for, and the least since the last block. */
  #wantedSize = MAX_TABLE_SIZE;
  #leastSize = MAX_TABLE_SIZE;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. The next block tells it what is used of it (RFC 7541 section 4.2). */
  setMaxTableSize(size: number): void {
    this.#wantedSize = Math.min(size, MAX_TABLE_SIZE);
    this.#leastSize = Math.min(this.#leastSize, this.#wantedSize);
  }

  /**
   * Writes `:status` and the fields at into[at..]; returns the end, or -1 where `into` is too short, with nothing changed.
   * Names are in lower case; an array is a field for each element; undefined is none. Strings are written as Latin-1, or as UTF-8
   * where a character is beyond it.
   */
  encode(status: number, fields: Record<string, FieldValue>, into: Buffer, at: number): number {
    if (!fits(fields, into.length - at)) return -1;
    const begin = this.#updateSize(into, at);
    return this.#fields(fields, into, this.#writeStatus(status, into, begin));
  }

  /** The same without `:status`. */
  encodeTrailers(fields: Record<string, FieldValue>, into: Buffer, at: number): number {
    if (!fits(fields, into.length - at)) return -1;
    return this.#fields(fields, into, this.#updateSize(into, at));
  }

  #fields(fields: Record<string, FieldValue>, into: Buffer, begin: number): number {
    let at = begin;
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      const known = this.#known.get(name) ?? this.#learn(name);
      if (typeof value === 'string') at = this.#field(known, value, into, at);
      else if (typeof value === 'number') at = this.#field(known, `${value}`, into, at);
      else for (const one of value) at = this.#field(known, one, into, at);
    }
    return at;
  }

  #writeStatus(status: number, into: Buffer, at: number): number {
    const known = STATIC_STATUSES.indexOf(status);
    if (known < 0) return this.#field(this.#status, `${status}`, into, at);
    into[at] = 0x80 | (FIRST_STATUS + known);
    return at + 1;
  }

  #field(known: KnownName, value: string, into: Buffer, at: number): number {
    if (known.policy === NEVER_INDEXED) return this.#literal(known, value, 0x10, 0x0f, into, at);
    if (known.policy === ADAPTIVE) {
      const remembered = known.values[known.usual] === value ? known.usual : known.values.indexOf(value);
      if (remembered >= 0) {
        const entry = known.entries[remembered]!;
        if (this.#added - entry < this.#entries) {
          known.newValues = 0;
          known.usual = remembered;
          return writeInteger(this.#index(entry), 0x80, 0x7f, into, at);
        }
      } else if (known.newValues >= MAX_NEW_VALUES && value !== known.last) {
        known.last = value;
        return this.#literal(known, value, 0, 0x0f, into, at);
      }
      if (this.#addable(known, value)) {
        if (remembered < 0) known.newValues++;
        const end = this.#literal(known, value, 0x40, 0x3f, into, at);
        this.#add(known, value, remembered);
        return end;
      }
    } else if (known.staticIndex === 0 && !this.#holds(known.entry) && this.#addable(known, value)) {
      // So that the name has an index from now on.
      const end = this.#literal(known, value, 0x40, 0x3f, into, at);
      this.#add(known, value, 0);
      return end;
    }
    return this.#literal(known, value, 0, 0x0f, into, at);
  }

  /** RFC 7541 section 6.2; `pattern` and `mask` are the representation's first bits and what they leave to the index. */
  #literal(
    known: KnownName,
    value: string,
    pattern: number,
    mask: number,
    into: Buffer,
    begin: number,
  ): number {
    let at = begin;
    if (known.staticIndex > 0) {
      at = writeInteger(known.staticIndex, pattern, mask, into, at);
    } else if (this.#holds(known.entry)) {
      at = writeInteger(this.#index(known.entry), pattern, mask, into, at);
    } else {
      into[at] = pattern;
      at = writeString(known.name, into, at + 1);
    }
    return writeString(value, into, at);
  }

  /** Large entries would drive out all others; what is not Latin-1 is not worth counting its octets. */
  #addable(known: KnownName, value: string): boolean {
    const size = known.name.length + value.length + ENTRY_OVERHEAD;
    return size * 2 <= this.#maxSize && !BEYOND_LATIN1.test(value);
  }

  /** Does what the decoder will do on reading the literal. `remembered`: where the name's values hold this one, or -1. */
  #add(known: KnownName, value: string, remembered: number): void {
    const size = known.name.length + value.length + ENTRY_OVERHEAD;
    this.#evict(this.#maxSize - size);
    this.#added++;
    this.#entries++;
    this.#size += size;
    this.#sizes[this.#added % this.#sizes.length] = size;
    known.entry = this.#added;
    let place = remembered;
    if (place < 0) {
      place = known.oldest;
      known.oldest = (place + 1) % REMEMBERED_VALUES;
    }
    known.usual = place;
    known.values[place] = value;
    known.entries[place] = this.#added;
  }

  #evict(size: number): void {
    while (this.#size > size) {
      this.#size -= this.#sizes[(this.#added - this.#entries + 1) % this.#sizes.length]!;
      this.#entries--;
    }
  }

  #holds(entry: number): boolean {
    return entry > 0 && this.#added - entry < this.#entries;
  }

  #index(entry: number): number {
    return STATIC_ENTRIES + 1 + this.#added - entry;
  }

  /**
   * Where the table had to be smaller in between, it is emptied: the least size in between would do as well, but Go's decoder takes
   * a second update only while the table is empty.
   */
  #updateSize(into: Buffer, begin: number): number {
    let at = begin;
    if (this.#leastSize < this.#maxSize) {
      at = this.#resize(this.#leastSize < this.#wantedSize ? 0 : this.#wantedSize, into, at);
    }
    if (this.#wantedSize !== this.#maxSize) at = this.#resize(this.#wantedSize, into, at);
    this.#leastSize = this.#maxSize;
    return at;
  }

  #resize(size: number, into: Buffer, at: number): number {
    this.#maxSize = size;
    this.#evict(size);
    return writeInteger(size, 0x20, 0x1f, into, at);
  }

  #learn(name: string): KnownName {
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    const known = knownName(name);
    this.#known.set(name, known);
    return known;
  }
}

function knownName(name: string): KnownName {
  return {
    name,
    staticIndex: STATIC_NAME_INDEX.get(name) ?? 0,
    // The size of an entry would have to be counted otherwise, for a name that HTTP does not allow.
    policy: BEYOND_LATIN1.test(name) ? NEVER_INDEXED : (POLICIES.get(name) ?? ADAPTIVE),
    entry: 0,
    values: [],
    entries: [],
    usual: 0,
    oldest: 0,
    newValues: 0,
    last: '',
  };
}

/** Whether `room` is enough for the fields. The first answer assumes three octets a character; only where it is no, they are counted. */
function fits(fields: Record<string, FieldValue>, room: number): boolean {
  return bound(fields, threefold) <= room || bound(fields, octets) <= room;
}

function bound(fields: Record<string, FieldValue>, lengthOf: (text: string) => number): number {
  let length = BLOCK_OVERHEAD;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    const overhead = FIELD_OVERHEAD + name.length * 3;
    if (typeof value === 'string') length += overhead + lengthOf(value);
    else if (typeof value === 'number') length += overhead + MAX_NUMBER_LENGTH;
    else for (const one of value) length += overhead + lengthOf(one);
  }
  return length;
}

function threefold(text: string): number {
  return text.length * 3;
}

function octets(text: string): number {
  return BEYOND_LATIN1.test(text) ? Buffer.byteLength(text) : text.length;
}

/** RFC 7541 section 5.1. */
function writeInteger(value: number, pattern: number, mask: number, into: Buffer, begin: number): number {
  let at = begin;
  if (value < mask) {
    into[at] = pattern | value;
    return at + 1;
  }
  into[at++] = pattern | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    into[at++] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
  }
  into[at] = rest;
  return at + 1;
}

/** RFC 7541 section 5.2, without Huffman coding: it costs more time than its octets are worth between servers. */
function writeString(text: string, into: Buffer, begin: number): number {
  const { length } = text;
  if (length <= LOOP_LENGTH) {
    let at = begin;
    into[at++] = length;
    let all = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      all |= code;
      into[at++] = code;
    }
    return all > 0xff ? writeUtf8(text, into, begin) : at;
  }
  if (BEYOND_LATIN1.test(text)) return writeUtf8(text, into, begin);
  const at = writeInteger(length, 0, 0x7f, into, begin);
  return at + into.write(text, at, 'latin1');
}

function writeUtf8(text: string, into: Buffer, begin: number): number {
  const at = writeInteger(Buffer.byteLength(text), 0, 0x7f, into, begin);
  return at + into.write(text, at, 'utf8');
}
