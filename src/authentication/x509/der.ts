/** Reading DER (X.690): just what certificates need, with every length checked against the bytes there are. */

export class DerError extends Error {}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export interface DerElement {
  tag: number;
  /** Tag, length and content. */
  raw: Uint8Array;
  content: Uint8Array;
}

/** Walks over the elements that stand one after the other in some bytes. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next element's tag without moving on; -1 at the end. */
  peek(): number {
    return this.done ? -1 : this.#bytes[this.#at]!;
  }

  next(): DerElement {
    const bytes = this.#bytes;
    const start = this.#at;
    if (start + 2 > bytes.length) throw new DerError('truncated');
    const tag = bytes[start]!;
    if ((tag & 0x1f) === 0x1f) throw new DerError('long tag');
    let at = start + 1;
    let length = bytes[at++]!;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || at + count > bytes.length) throw new DerError('bad length');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!;
      if (length < 0x80 || (count > 1 && bytes[at - count] === 0)) throw new DerError('length not minimal');
    }
    const end = at + length;
    if (end > bytes.length) throw new DerError('truncated');
    this.#at = end;
    return { tag, raw: bytes.subarray(start, end), content: bytes.subarray(at, end) };
  }

  expect(tag: number): DerElement {
    const element = this.next();
    if (element.tag !== tag) throw new DerError(`tag ${element.tag} where ${tag} was expected`);
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): DerElement | undefined {
    return this.peek() === tag ? this.next() : undefined;
  }

  /** A reader over the content of the next element, which must have this tag. */
  into(tag: number): DerReader {
    return new DerReader(this.expect(tag).content);
  }

  end(): void {
    if (!this.done) throw new DerError('trailing data');
  }
}

/** The one element that the bytes are made of. */
export function derWhole(bytes: Uint8Array, tag: number): DerElement {
  const reader = new DerReader(bytes);
  const element = reader.expect(tag);
  reader.end();
  return element;
}

/** An object identifier with dots. */
export function oidText(content: Uint8Array): string {
  if (content.length === 0 || content[content.length - 1]! & 0x80)
    throw new DerError('bad object identifier');
  const parts: string[] = [];
  let value = 0n;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw new DerError('bad object identifier');
    value = (value << 7n) | BigInt(byte & 0x7f);
    fresh = false;
    if (byte & 0x80) continue;
    if (parts.length === 0) {
      const first = value < 40n ? 0n : value < 80n ? 1n : 2n;
      parts.push(String(first), String(value - first * 40n));
    } else parts.push(String(value));
    value = 0n;
    fresh = true;
  }
  return parts.join('.');
}

export function booleanValue(content: Uint8Array): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('bad boolean');
  return content[0] === 0xff;
}

/** A small integer that is not negative; throws for others. */
export function smallInteger(content: Uint8Array): number {
  if (content.length === 0 || content.length > 4 || content[0]! & 0x80) throw new DerError('bad integer');
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/**
 * The text of a string of a name, undefined if it is no string. Throws for text that its type does not allow
 * (Go's crypto/x509 parseASN1String).
 */
export function stringValue(element: DerElement): string | undefined {
  const { tag, content } = element;
  switch (tag) {
    case TAG.utf8String:
      try {
        return strictUtf8.decode(content);
      } catch {
        throw new DerError('invalid UTF-8 string');
      }
    case TAG.printableString:
      return checked(latin1(content), /^[A-Za-z0-9 '()+,\-./:=?*&]*$/, 'invalid PrintableString');
    case TAG.ia5String:
      // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5 is all of ASCII
      return checked(latin1(content), /^[\x00-\x7f]*$/, 'invalid IA5String');
    case TAG.numericString:
      return checked(latin1(content), /^[0-9 ]*$/, 'invalid NumericString');
    case TAG.t61String:
      return latin1(content);
    case TAG.bmpString:
      return bmpString(content);
    default:
      return undefined;
  }
}

function checked(text: string, allowed: RegExp, complaint: string): string {
  if (!allowed.test(text)) throw new DerError(complaint);
  return text;
}

function bmpString(content: Uint8Array): string {
  if (content.length % 2) throw new DerError('invalid BMPString');
  let text = '';
  for (let i = 0; i < content.length; i += 2) {
    const unit = content[i]! * 256 + content[i + 1]!;
    if (unit >= 0xd800 && unit <= 0xdfff) throw new DerError('invalid BMPString');
    text += String.fromCharCode(unit);
  }
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}

/** A UTCTime or GeneralizedTime as milliseconds since 1970. */
export function timeValue(element: DerElement): number {
  const text = latin1(element.content);
  if (element.tag === TAG.utcTime) {
    const m = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/.exec(text);
    if (!m) throw new DerError('bad UTCTime');
    const year = Number(m[1]) + (Number(m[1]) >= 50 ? 1900 : 2000);
    return instant(year, m.slice(2, 6), m[6] ?? '00', m[7]!);
  }
  if (element.tag === TAG.generalizedTime) {
    const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d{4})$/.exec(text);
    if (!m) throw new DerError('bad GeneralizedTime');
    return instant(Number(m[1]), m.slice(2, 6), m[6]!, m[7]!);
  }
  throw new DerError('no time');
}

function instant(year: number, parts: (string | undefined)[], seconds: string, zone: string): number {
  const [month, day, hour, minute] = parts.map(Number) as [number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, Number(seconds));
  const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!same || minute > 59 || Number(seconds) > 59) throw new DerError('bad time');
  if (zone === 'Z') return date.getTime();
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return date.getTime() - (zone[0] === '-' ? -1 : 1) * minutes * 60_000;
}
