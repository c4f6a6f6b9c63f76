/** DER (X.690) in the browser: enough to read certificates, every length checked. */
export interface DerNode {
  tag: number;
  content: Uint8Array;
  whole: Uint8Array;
}

/** The elements that stand one after the other; throws where they are not whole. */
export function derNodes(bytes: Uint8Array): DerNode[] {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const tag = bytes[at++]!;
    let length = bytes[at++];
    if (length === undefined || (tag & 0x1f) === 0x1f) throw new Error('it is not DER');
    if (length & 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || at + count > bytes.length) throw new Error('it is not DER');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!;
    }
    const end = at + length;
    if (end > bytes.length) throw new Error('it ends too early');
    nodes.push({ tag, content: bytes.subarray(at, end), whole: bytes.subarray(start, end) });
    at = end;
  }
  return nodes;
}

/** The elements within one. */
export function inside(node: DerNode | undefined): DerNode[] {
  if (!node) throw new Error('a part of it is missing');
  return derNodes(node.content);
}

/** An object identifier with dots. */
export function oid({ content }: DerNode): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}

const UTF8 = new TextDecoder();
const LATIN1 = new TextDecoder('latin1');
const UTF16 = new TextDecoder('utf-16be');
const BMP_STRING = 0x1e;
const UTF8_STRING = 0x0c;

export const text = ({ tag, content }: DerNode): string =>
  (tag === UTF8_STRING ? UTF8 : tag === BMP_STRING ? UTF16 : LATIN1).decode(content);

export const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** UTCTime or GeneralizedTime (RFC 5280 4.1.2.5), in milliseconds since 1970. */
export function time(node: DerNode | undefined): number {
  const digits = node ? LATIN1.decode(node.content) : '';
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(digits);
  if (!match) throw new Error('a time in it cannot be read');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const full = match[1]!.length === 4 ? year : year + (year < 50 ? 2000 : 1900);
  return Date.UTC(full, month - 1, day, hour, minute, second);
}
