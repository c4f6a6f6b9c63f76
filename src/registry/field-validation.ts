import { deepEqual } from '../meta/deep-equal.ts';
import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  notSupported,
  required,
} from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import {
  cidrText,
  ipText,
  isLinkLocalMulticast,
  isLinkLocalUnicast,
  isLoopback,
  isUnspecified,
  parseCidr,
  parseIp,
} from '../meta/ip.ts';
import {
  configMapKeyFaults,
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  portNameFaults,
  qualifiedNameFaults,
} from '../meta/names.ts';

/** Faults of single fields that many kinds share (pkg/apis/core/validation, apimachinery pkg/api/validation). */

const faults = (words: readonly string[], value: unknown, path: string): FieldError[] =>
  words.map((word) => invalid(path, value, word));

export const dns1123Label = (value: string, path: string): FieldError[] =>
  faults(dns1123LabelFaults(value), value, path);
export const dns1123Subdomain = (value: string, path: string): FieldError[] =>
  faults(dns1123SubdomainFaults(value), value, path);
export const qualifiedName = (value: string, path: string): FieldError[] =>
  faults(qualifiedNameFaults(value), value, path);
export const configMapKey = (value: string, path: string): FieldError[] =>
  faults(configMapKeyFaults(value), value, path);

export const portNumber = (value: unknown, path: string): FieldError[] =>
  typeof value === 'number' && value >= 1 && value <= 65535
    ? []
    : [invalid(path, value ?? 0, 'must be between 1 and 65535, inclusive')];

export function portNumberOrName(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return faults(portNameFaults(value), value, path);
  return portNumber(value, path);
}

export const immutable = (now: unknown, before: unknown, path: string): FieldError[] =>
  deepEqual(now, before) ? [] : [invalid(path, now, 'field is immutable')];

export const nonNegative = (value: number, path: string): FieldError[] =>
  value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
export const positive = (value: number, path: string): FieldError[] =>
  value <= 0 ? [invalid(path, value, 'must be greater than zero')] : [];

/** Required, else one of the given. */
export function oneOf(value: unknown, supported: readonly string[], path: string): FieldError[] {
  if (value === undefined || value === null || value === '') return [required(path)];
  return supported.includes(value as string) ? [] : [notSupported(path, value, supported)];
}

/** An address in a field older than the strict rules; what stood there before stays valid (IsValidIPForLegacyField). */
export function legacyIp(value: string, path: string, before: readonly string[] = []): FieldError[] {
  return before.includes(value) ? [] : strictIp(value, path);
}

function strictIp(value: string, path: string): FieldError[] {
  const ip = parseIp(value);
  if (!ip) return [invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  const errors: FieldError[] = [];
  if (ip.leadingZeros) errors.push(invalid(path, value, 'must not have leading 0s'));
  if (ip.mapped && !ip.leadingZeros)
    errors.push(invalid(path, value, 'must not be an IPv4-mapped IPv6 address'));
  return errors;
}

/** An address by the strict rules and in canonical form (IsValidIP). */
export function canonicalIp(value: string, path: string): FieldError[] {
  const errors = strictIp(value, path);
  if (errors.length) return errors;
  const text = ipText(parseIp(value)!.bytes);
  return text === value ? [] : [invalid(path, value, `must be in canonical form (${quote(text)})`)];
}

/** IsValidCIDRForLegacyField. */
export function legacyCidr(value: string, path: string, before: readonly string[] = []): FieldError[] {
  return before.includes(value) ? [] : strictCidr(value, path);
}

function strictCidr(value: string, path: string): FieldError[] {
  const cidr = parseCidr(value);
  if (!cidr) return [invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  if (cidr.leadingZeros) return [invalid(path, value, 'must not have leading 0s in IP or prefix length')];
  if (cidr.ip.mapped) return [invalid(path, value, 'must not have an IPv4-mapped IPv6 address')];
  if (ipText(cidr.ip.bytes) !== ipText(cidr.network))
    return [invalid(path, value, 'must not have bits set beyond the prefix length')];
  return [];
}

/** IsValidCIDR. */
export function canonicalCidr(value: string, path: string): FieldError[] {
  const errors = strictCidr(value, path);
  if (errors.length) return errors;
  const text = cidrText(parseCidr(value)!);
  return text === value ? [] : [invalid(path, value, `must be in canonical form (${quote(text)})`)];
}

/** ValidateEndpointIP: no address that cannot be another machine's. */
export function endpointIp(value: string, path: string): FieldError[] {
  const ip = parseIp(value);
  if (!ip) return [invalid(path, value, 'must be a valid IP address')];
  const errors: FieldError[] = [];
  if (isUnspecified(ip)) errors.push(invalid(path, value, `may not be unspecified (${value})`));
  if (isLoopback(ip))
    errors.push(invalid(path, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (isLinkLocalUnicast(ip))
    errors.push(invalid(path, value, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (isLinkLocalMulticast(ip))
    errors.push(
      invalid(path, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'),
    );
  return errors;
}

/** Warnings about an address that is valid only by the lenient rules (GetWarningsForIP). */
export function ipWarnings(value: string, path: string): string[] {
  const ip = parseIp(value);
  if (!ip) return [];
  const text = ipText(ip.bytes);
  if (ip.leadingZeros || ip.mapped)
    return [`${path}: non-standard IP address ${quote(value)} is invalid: use ${quote(text)}`];
  if (ip.bytes.length === 16 && text !== value)
    return [`${path}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(text)})`];
  return [];
}

/** GetWarningsForCIDR. */
export function cidrWarnings(value: string, path: string): string[] {
  const cidr = parseCidr(value);
  if (!cidr) return [];
  const text = cidrText(cidr);
  const warnings: string[] = [];
  const address = ipText(cidr.ip.bytes);
  if (address !== ipText(cidr.network)) {
    const single = `${address}/${cidr.ip.bytes.length * 8}`;
    warnings.push(
      `${path}: CIDR value ${quote(value)} is ambiguous in this context (should be ${quote(text)} or ${quote(single)}?)`,
    );
  }
  if (cidr.leadingZeros || cidr.ip.mapped)
    warnings.push(`${path}: non-standard CIDR value ${quote(value)} is invalid: use ${quote(text)}`);
  if (warnings.length === 0 && cidr.network.length === 16 && text !== value)
    warnings.push(
      `${path}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(text)})`,
    );
  return warnings;
}

export { child, forbidden, index, invalid, key, notSupported, required };
