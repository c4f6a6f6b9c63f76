/** DER (X.690): reading what others wrote, every length checked, and writing it in its one form. */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
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

export class DerError extends Error {}

export interface DerElement {
  tag: number;
  /** Tag, length and content. */
  whole: Buffer;
  content: Buffer;
}

/** The elements that stand one after the other in some bytes. */
export function derElements(bytes: Buffer): DerElement[] {
  const out: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const tag = bytes[at++]!;
    if ((tag & 0x1f) === 0x1f) throw new DerError('asn1: structure error: high tag number');
    let length = bytes[at++];
    if (length === undefined) throw new DerError('asn1: syntax error: truncated tag or length');
    if (length & 0x80) {
      const count = length & 0x7f;
      if (count === 0) throw new DerError('asn1: syntax error: indefinite length found (not DER)');
      if (count > 4) throw new DerError('asn1: structure error: length too large');
      if (at + count > bytes.length) throw new DerError('asn1: syntax error: truncated tag or length');
      length = bytes.readUIntBE(at, count);
      at += count;
      if (length < 0x80 || length < 2 ** (8 * (count - 1)))
        throw new DerError('asn1: structure error: non-minimal length');
    }
    const end = at + length;
    if (end > bytes.length) throw new DerError('asn1: syntax error: data truncated');
    out.push({ tag, whole: bytes.subarray(start, end), content: bytes.subarray(at, end) });
    at = end;
  }
  return out;
}

/** The elements within one that must have this tag. */
export function derInside(element: DerElement | undefined, tag: number): DerElement[] {
  if (!element) throw new DerError('asn1: syntax error: sequence truncated');
  if (element.tag !== tag) throw new DerError("asn1: structure error: tags don't match");
  return derElements(element.content);
}

/** An object identifier with dots. */
export function oidText(content: Buffer): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (parts.length === 0) {
      const first = value < 40 ? 0 : value < 80 ? 1 : 2;
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}

/** The text of a string, undefined for what is none (Go's encoding/asn1 into an any). */
export function derText({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return content.toString('utf8');
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.t61String:
      return content.toString('latin1');
    case TAG.bmpString:
      if (content.length % 2) throw new DerError('invalid BMPString');
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      return undefined;
  }
}

/** One element of the given contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), content]);
}

export const derSequence = (...contents: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...contents);

/** A SET OF: its members in the order of their bytes. */
export const derSet = (members: readonly Buffer[]): Buffer =>
  der(TAG.set, ...[...members].sort((a, b) => Buffer.compare(a, b)));

export function derOid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes: number[] = [];
  for (const part of [first * 40 + second, ...rest]) {
    const digits = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(TAG.oid, Buffer.from(bytes));
}

/** A number that is not negative, as its bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const plain = bytes.subarray(start);
  return der(TAG.integer, plain[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), plain]) : plain);
}

/** A BIT STRING of whole bytes, or, with `unused`, less the last bits of them. */
export const derBits = (bytes: Uint8Array, unused = 0): Buffer =>
  der(TAG.bitString, Buffer.from([unused]), bytes);

/** As short a kind of string as holds the text: PrintableString, else UTF-8 (Go's encoding/asn1). */
export function derString(text: string): Buffer {
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
  return printable
    ? der(TAG.printableString, Buffer.from(text, 'latin1'))
    : der(TAG.utf8String, Buffer.from(text, 'utf8'));
}

/** UTCTime up to 2049, GeneralizedTime beyond (RFC 5280 4.1.2.5). Milliseconds since 1970, cut to seconds. */
export function derTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? der(TAG.utcTime, Buffer.from(digits.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(digits));
}
