import { quote } from '../../meta/go-quote.ts';
import { member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { BOOL, INT, opaqueType, STRING } from '../types.ts';
import { type CelError, CelObject, type CelValue, int } from '../values.ts';
import {
  addressText,
  isV4Mapped,
  maskedPrefix,
  type Prefix,
  parsePrefix,
  prefixContains,
} from './go-netip.ts';
import { CelIp, IP_TYPE, toIp } from './ip.ts';

export const CIDR_TYPE = opaqueType('net.CIDR');

/** A network. */
export class CelCidr extends CelObject {
  readonly type = CIDR_TYPE;
  readonly prefix: Prefix;
  constructor(prefix: Prefix) {
    super();
    this.prefix = prefix;
  }
  equalTo(other: CelValue): boolean | CelError {
    return other instanceof CelCidr ? other.toString() === this.toString() : noSuchOverload(other);
  }
  override size(): number {
    return Math.ceil(this.prefix.bits / 8);
  }
  override toString(): string {
    return `${addressText(this.prefix.address)}/${this.prefix.bits}`;
  }
}

function toCidr(text: CelValue): CelCidr | CelError {
  if (typeof text !== 'string') return noSuchOverload(text);
  const prefix = parsePrefix(text);
  const words = 'network address parse error during conversion from string: ';
  if (typeof prefix === 'string') return error(words + words + prefix);
  if (isV4Mapped(prefix.address)) {
    return error(`${words}IPv4-mapped IPv6 address ${quote(text)} is not allowed`);
  }
  return new CelCidr(prefix);
}

function containsIp(cidr: CelValue, ip: CelValue): CelValue {
  if (!(ip instanceof CelIp)) return noSuchOverload(cidr);
  return prefixContains((cidr as CelCidr).prefix, ip.address);
}

function containsCidr(cidr: CelValue, other: CelValue): CelValue {
  if (!(other instanceof CelCidr)) return noSuchOverload(other);
  const { prefix } = cidr as CelCidr;
  return prefix.bits <= other.prefix.bits && prefixContains(prefix, other.prefix.address);
}

/** Networks (apiserver pkg/cel/library/cidr.go). */
export const CIDR: Library = {
  name: 'kubernetes.net.cidr',
  types: [CIDR_TYPE],
  functions: [
    { name: 'cidr', overloads: [overload('string_to_cidr', [STRING], CIDR_TYPE, toCidr)] },
    {
      name: 'containsIP',
      overloads: [
        member('cidr_contains_ip_string', [CIDR_TYPE, STRING], BOOL, (cidr, ip) =>
          containsIp(cidr!, toIp(ip!)),
        ),
        member('cidr_contains_ip_ip', [CIDR_TYPE, IP_TYPE], BOOL, (cidr, ip) => containsIp(cidr!, ip!)),
      ],
    },
    {
      name: 'containsCIDR',
      overloads: [
        member('cidr_contains_cidr_string', [CIDR_TYPE, STRING], BOOL, (cidr, other) =>
          containsCidr(cidr!, toCidr(other!)),
        ),
        member('cidr_contains_cidr', [CIDR_TYPE, CIDR_TYPE], BOOL, (cidr, other) =>
          containsCidr(cidr!, other!),
        ),
      ],
    },
    {
      name: 'ip',
      overloads: [
        member('cidr_ip', [CIDR_TYPE], IP_TYPE, (cidr) => new CelIp((cidr as CelCidr).prefix.address)),
      ],
    },
    {
      name: 'prefixLength',
      overloads: [
        member('cidr_prefix_length', [CIDR_TYPE], INT, (cidr) => int((cidr as CelCidr).prefix.bits)),
      ],
    },
    {
      name: 'masked',
      overloads: [
        member(
          'cidr_masked',
          [CIDR_TYPE],
          CIDR_TYPE,
          (cidr) => new CelCidr(maskedPrefix((cidr as CelCidr).prefix)),
        ),
      ],
    },
    {
      name: 'isCIDR',
      overloads: [overload('is_cidr', [STRING], BOOL, (text) => toCidr(text) instanceof CelCidr)],
    },
    {
      name: 'string',
      overloads: [overload('cidr_to_string', [CIDR_TYPE], STRING, (cidr) => (cidr as CelCidr).toString())],
    },
  ],
};
