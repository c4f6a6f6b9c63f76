import { quote } from '../../meta/go-quote.ts';

/** An IP address: 4 or 16 bytes. */
export interface Address {
  readonly bytes: readonly number[];
  readonly zone: string;
}

class AddressError extends Error {}

function fail(text: string, message: string, at?: string): never {
  const where = at === undefined ? '' : ` (at ${quote(at)})`;
  throw new AddressError(`ParseAddr(${quote(text)}): ${message}${where}`);
}

/** Reads an address as Go's netip.ParseAddr does, or gives its words for what is wrong. */
export function parseAddress(text: string): Address | string {
  try {
    for (const char of text) {
      if (char === '.') return { bytes: readV4(text, 0, text.length), zone: '' };
      if (char === ':') return readV6(text);
      if (char === '%') fail(text, 'missing IPv6 address');
    }
    return fail(text, 'unable to parse IP');
  } catch (problem) {
    if (problem instanceof AddressError) return problem.message;
    throw problem;
  }
}

function readV4(text: string, from: number, to: number): number[] {
  const part = text.slice(from, to);
  const fields: number[] = [];
  let value = 0;
  let digits = 0;
  for (let i = 0; i < part.length; i++) {
    const char = part[i]!;
    if (char >= '0' && char <= '9') {
      if (digits === 1 && value === 0) fail(text, 'IPv4 field has octet with leading zero');
      value = value * 10 + Number(char);
      digits++;
      if (value > 255) fail(text, 'IPv4 field has value >255');
    } else if (char === '.') {
      if (i === 0 || i === part.length - 1 || part[i - 1] === '.') {
        fail(text, 'IPv4 field must have at least one digit', part.slice(i));
      }
      if (fields.length === 3) fail(text, 'IPv4 address too long');
      fields.push(value);
      value = 0;
      digits = 0;
    } else fail(text, 'unexpected character', part.slice(i));
  }
  if (fields.length < 3) fail(text, 'IPv4 address too short');
  return [...fields, value];
}

function readV6(text: string): Address {
  const percent = text.indexOf('%');
  const zone = percent < 0 ? '' : text.slice(percent + 1);
  if (percent >= 0 && zone === '') fail(text, 'zone must be a non-empty string');
  let rest = percent < 0 ? text : text.slice(0, percent);
  const bytes: number[] = [];
  let ellipsis = -1;
  if (rest.startsWith('::')) {
    ellipsis = 0;
    rest = rest.slice(2);
    if (rest === '') return { bytes: new Array<number>(16).fill(0), zone };
  }
  while (bytes.length < 16) {
    const hex = /^[0-9a-fA-F]*/.exec(rest)![0];
    if (hex.length > 4) fail(text, 'each group must have 4 or less digits', rest);
    if (hex === '') fail(text, 'each colon-separated field must have at least one digit', rest);
    if (rest[hex.length] === '.') {
      if (ellipsis < 0 && bytes.length !== 12) {
        fail(text, 'embedded IPv4 address must replace the final 2 fields of the address', rest);
      }
      if (bytes.length + 4 > 16) {
        fail(text, 'too many hex fields to fit an embedded IPv4 at the end of the address', rest);
      }
      const end = zone === '' ? text.length : text.length - zone.length - 1;
      bytes.push(...readV4(text, end - rest.length, end));
      rest = '';
      break;
    }
    const group = Number.parseInt(hex, 16);
    bytes.push(group >> 8, group & 0xff);
    rest = rest.slice(hex.length);
    if (rest === '') break;
    if (rest[0] !== ':') fail(text, 'unexpected character, want colon', rest);
    if (rest.length === 1) fail(text, 'colon must be followed by more characters', rest);
    rest = rest.slice(1);
    if (rest[0] === ':') {
      if (ellipsis >= 0) fail(text, 'multiple :: in address', rest);
      ellipsis = bytes.length;
      rest = rest.slice(1);
      if (rest === '') break;
    }
  }
  if (rest !== '') fail(text, 'trailing garbage after address', rest);
  if (bytes.length < 16) {
    if (ellipsis < 0) fail(text, 'address string too short');
    bytes.splice(ellipsis, 0, ...new Array<number>(16 - bytes.length).fill(0));
  } else if (ellipsis >= 0) fail(text, 'the :: must expand to at least one field of zeros');
  return { bytes, zone };
}

/** An address in its canonical form. */
export function addressText(address: Address): string {
  const { bytes } = address;
  if (bytes.length === 4) return bytes.join('.');
  if (isV4Mapped(address)) return `::ffff:${bytes.slice(12).join('.')}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let [from, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > length) [from, length] = [i, run];
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  const text = from < 0 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`;
  return address.zone === '' ? text : `${text}%${address.zone}`;
}

/** ::ffff:a.b.c.d */
export function isV4Mapped(address: Address): boolean {
  const { bytes } = address;
  return (
    bytes.length === 16 &&
    bytes.slice(0, 10).every((b) => b === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff
  );
}

/** A network: an address, not necessarily masked, and how many bits of it count. */
export interface Prefix {
  readonly address: Address;
  readonly bits: number;
}

/** Reads a prefix as Go's netip.ParsePrefix does, or gives its words for what is wrong. */
export function parsePrefix(text: string): Prefix | string {
  const wrong = (message: string): string => `netip.ParsePrefix(${quote(text)}): ${message}`;
  const slash = text.lastIndexOf('/');
  if (slash < 0) return wrong("no '/'");
  const address = parseAddress(text.slice(0, slash));
  if (typeof address === 'string') return wrong(address);
  if (address.zone !== '') return wrong('IPv6 zones cannot be present in a prefix');
  const digits = text.slice(slash + 1);
  if (!/^(?:[0-9]|[1-9][0-9]*)$/.test(digits) || digits.length > 18) {
    return wrong(`bad bits after slash: ${quote(digits)}`);
  }
  const bits = Number(digits);
  if (bits > address.bytes.length * 8) return wrong('prefix length out of range');
  return { address, bits };
}

/** Whether an address lies in a network. Addresses of the other family never do. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  const own = prefix.address.bytes;
  if (own.length !== address.bytes.length) return false;
  for (let bit = 0; bit < prefix.bits; bit += 8) {
    const mask = prefix.bits - bit >= 8 ? 0xff : (0xff << (8 - (prefix.bits - bit))) & 0xff;
    if ((own[bit / 8]! & mask) !== (address.bytes[bit / 8]! & mask)) return false;
  }
  return true;
}

/** The network with all bits behind its length zero. */
export function maskedPrefix(prefix: Prefix): Prefix {
  const bytes = prefix.address.bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix.bits - i * 8));
    return byte & ((0xff << (8 - kept)) & 0xff);
  });
  return { address: { bytes, zone: '' }, bits: prefix.bits };
}
