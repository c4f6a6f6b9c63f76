import { quote } from '../../meta/go-quote.ts';
import { type FunctionDecl, member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { BOOL, INT, opaqueType, STRING } from '../types.ts';
import { CelError, CelObject, type CelValue, int } from '../values.ts';
import { type Address, addressText, isV4Mapped, parseAddress } from './go-netip.ts';

export const IP_TYPE = opaqueType('net.IP');

/** An IP address. */
export class CelIp extends CelObject {
  readonly type = IP_TYPE;
  readonly address: Address;
  constructor(address: Address) {
    super();
    this.address = address;
  }
  equalTo(other: CelValue): boolean | CelError {
    return other instanceof CelIp ? other.toString() === this.toString() : noSuchOverload(other);
  }
  override size(): number {
    return this.address.bytes.length;
  }
  override toString(): string {
    return addressText(this.address);
  }
}

/** An address without zone, not an IPv4 address in IPv6 clothes. */
export function toIp(text: CelValue): CelIp | CelError {
  if (typeof text !== 'string') return noSuchOverload(text);
  const address = parseAddress(text);
  if (typeof address === 'string') {
    return error(`IP Address ${quote(text)} parse error during conversion from string: ${address}`);
  }
  if (address.zone !== '') return error(`IP address ${quote(text)} with zone value is not allowed`);
  if (isV4Mapped(address)) return error(`IPv4-mapped IPv6 address ${quote(text)} is not allowed`);
  return new CelIp(address);
}

const is = (
  name: string,
  id: string,
  test: (bytes: readonly number[], v4: boolean) => boolean,
): FunctionDecl => ({
  name,
  overloads: [
    member(id, [IP_TYPE], BOOL, (ip) => {
      const { bytes } = (ip as CelIp).address;
      return test(bytes, bytes.length === 4);
    }),
  ],
});

const isUnspecified = (b: readonly number[]): boolean => b.every((byte) => byte === 0);
const isLoopback = (b: readonly number[], v4: boolean): boolean =>
  v4 ? b[0] === 127 : b.slice(0, 15).every((byte) => byte === 0) && b[15] === 1;
const isMulticast = (b: readonly number[], v4: boolean): boolean =>
  v4 ? (b[0]! & 0xf0) === 0xe0 : b[0] === 0xff;
const isLinkLocalMulticast = (b: readonly number[], v4: boolean): boolean =>
  v4 ? b[0] === 224 && b[1] === 0 && b[2] === 0 : b[0] === 0xff && (b[1]! & 0x0f) === 0x02;
const isLinkLocalUnicast = (b: readonly number[], v4: boolean): boolean =>
  v4 ? b[0] === 169 && b[1] === 254 : b[0] === 0xfe && (b[1]! & 0xc0) === 0x80;
const isGlobalUnicast = (b: readonly number[], v4: boolean): boolean =>
  !isUnspecified(b) &&
  !(v4 && b.every((byte) => byte === 255)) &&
  !isLoopback(b, v4) &&
  !isMulticast(b, v4) &&
  !isLinkLocalUnicast(b, v4);

/** IP addresses (apiserver pkg/cel/library/ip.go). */
export const IP: Library = {
  name: 'kubernetes.net.ip',
  types: [IP_TYPE],
  functions: [
    { name: 'ip', overloads: [overload('string_to_ip', [STRING], IP_TYPE, toIp)] },
    {
      name: 'family',
      overloads: [
        member('ip_family', [IP_TYPE], INT, (ip) => int((ip as CelIp).address.bytes.length === 4 ? 4 : 6)),
      ],
    },
    {
      name: 'ip.isCanonical',
      overloads: [
        overload('ip_is_canonical', [STRING], BOOL, (text) => {
          const ip = toIp(text);
          return ip instanceof CelError ? ip : ip.toString() === text;
        }),
      ],
    },
    is('isUnspecified', 'ip_is_unspecified', isUnspecified),
    is('isLoopback', 'ip_is_loopback', isLoopback),
    is('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticast),
    is('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
    is('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
    { name: 'isIP', overloads: [overload('is_ip', [STRING], BOOL, (text) => toIp(text) instanceof CelIp)] },
    {
      name: 'string',
      overloads: [overload('ip_to_string', [IP_TYPE], STRING, (ip) => (ip as CelIp).toString())],
    },
  ],
};
