/**
 * IP addresses and CIDR blocks with the reading rules of Kubernetes: the old, lenient ones of k8s.io/utils/net
 * (leading zeros are decimal) and the strict ones of Go's net/netip (apimachinery pkg/util/validation/ip.go).
 */
export interface Ip {
  /** 4 bytes for IPv4 and for an IPv4-mapped IPv6 address, else 16. */
  bytes: readonly number[];
  /** Written as `::ffff:a.b.c.d`. */
  mapped: boolean;
  /** Some part was written with leading zeros, which strict readers refuse. */
  leadingZeros: boolean;
}

export interface Cidr {
  ip: Ip;
  /** The network address: `ip` with the host bits cleared. */
  network: readonly number[];
  prefix: number;
  leadingZeros: boolean;
}

export type IpFamily = 'IPv4' | 'IPv6';

function parseV4(text: string): { bytes: number[]; leadingZeros: boolean } | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  let leadingZeros = false;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part) || part.length > 20) return undefined;
    const n = Number(part);
    if (n > 255) return undefined;
    if (part.length > 1 && part.startsWith('0')) leadingZeros = true;
    bytes.push(n);
  }
  return { bytes, leadingZeros };
}

/** Reads an address leniently (netutils.ParseIPSloppy); undefined where it is none. No zones. */
export function parseIp(text: string): Ip | undefined {
  if (!text.includes(':')) {
    const v4 = parseV4(text);
    return v4 && { ...v4, mapped: false };
  }
  let rest = text;
  let tail: number[] = [];
  let leadingZeros = false;
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.', lastColon)) {
    const v4 = parseV4(text.slice(lastColon + 1));
    if (!v4) return undefined;
    tail = v4.bytes;
    leadingZeros = v4.leadingZeros;
    rest = text.slice(0, lastColon);
    // `::1.2.3.4` and `1::1.2.3.4`: keep the double colon whole.
    if (rest.endsWith(':')) rest += ':';
    if (rest === '') return undefined;
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!);
  const back = halves.length === 2 ? groups(halves[1]!) : [];
  if (!head || !back) return undefined;
  const given = head.length + back.length + tail.length;
  if (halves.length === 2 ? given > 14 : given !== 16) return undefined;
  const bytes = [...head, ...new Array<number>(16 - given).fill(0), ...back, ...tail];
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  return { bytes: mapped ? bytes.slice(12) : bytes, mapped, leadingZeros };
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  for (const group of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const n = Number.parseInt(group, 16);
    bytes.push(n >> 8, n & 255);
  }
  return bytes;
}

/** The canonical text (net.IP.String, RFC 5952): mapped addresses as IPv4. */
export function ipText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push((bytes[i]! << 8) | bytes[i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let j = i;
    while (j < 8 && words[j] === 0) j++;
    if (j - i > bestLength) {
      bestStart = i;
      bestLength = j - i;
    }
    i = Math.max(j, i + 1);
  }
  const hex = words.map((w) => w.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** Reads `address/bits` leniently (netutils.ParseCIDRSloppy). */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const bits = text.slice(slash + 1);
  const ip = parseIp(text.slice(0, slash));
  if (!ip || !/^[0-9]{1,9}$/.test(bits)) return undefined;
  // A mapped address counts its bits as IPv6 does.
  const width = ip.mapped ? 128 : ip.bytes.length * 8;
  let prefix = Number(bits);
  if (prefix > width) return undefined;
  if (ip.mapped) prefix = Math.max(0, prefix - 96);
  return {
    ip,
    network: masked(ip.bytes, prefix),
    prefix,
    leadingZeros: ip.leadingZeros || (bits.length > 1 && bits.startsWith('0')),
  };
}

function masked(bytes: readonly number[], prefix: number): number[] {
  return bytes.map((b, i) => {
    const keep = Math.min(8, Math.max(0, prefix - i * 8));
    return b & (0xff << (8 - keep)) & 0xff;
  });
}

export function cidrText(cidr: Cidr): string {
  return `${ipText(cidr.network)}/${cidr.prefix}`;
}

export function cidrContains(cidr: Cidr, bytes: readonly number[]): boolean {
  return (
    cidr.network.length === bytes.length && masked(bytes, cidr.prefix).every((b, i) => b === cidr.network[i])
  );
}

/** The family of a text that is an address; undefined where it is none. */
export function familyOf(text: string): IpFamily | undefined {
  const ip = parseIp(text);
  return ip && (ip.bytes.length === 4 ? 'IPv4' : 'IPv6');
}

/** The address `offset` behind `bytes`. */
export function addToIp(bytes: readonly number[], offset: bigint): number[] {
  let n = 0n;
  for (const b of bytes) n = (n << 8n) | BigInt(b);
  n += offset;
  const out = new Array<number>(bytes.length);
  for (let i = bytes.length - 1; i >= 0; i--) {
    out[i] = Number(n & 255n);
    n >>= 8n;
  }
  return out;
}

/** How many addresses a block has. */
export function cidrSize(cidr: Cidr): bigint {
  return 1n << BigInt(cidr.network.length * 8 - cidr.prefix);
}

const all = (bytes: readonly number[], value: number) => bytes.every((b) => b === value);
export const isUnspecified = (ip: Ip): boolean => all(ip.bytes, 0);
export const isLoopback = (ip: Ip): boolean =>
  ip.bytes.length === 4 ? ip.bytes[0] === 127 : all(ip.bytes.slice(0, 15), 0) && ip.bytes[15] === 1;
export const isLinkLocalUnicast = (ip: Ip): boolean =>
  ip.bytes.length === 4
    ? ip.bytes[0] === 169 && ip.bytes[1] === 254
    : ip.bytes[0] === 0xfe && (ip.bytes[1]! & 0xc0) === 0x80;
export const isLinkLocalMulticast = (ip: Ip): boolean =>
  ip.bytes.length === 4
    ? ip.bytes[0] === 224 && ip.bytes[1] === 0 && ip.bytes[2] === 0
    : ip.bytes[0] === 0xff && (ip.bytes[1]! & 0x0f) === 0x02;
