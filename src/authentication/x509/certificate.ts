import type { KeyObject } from 'node:crypto';
import { createHash, X509Certificate } from 'node:crypto';
import {
  booleanValue,
  DerError,
  DerReader,
  derWhole,
  oidText,
  smallInteger,
  stringValue,
  TAG,
  timeValue,
} from './der.ts';
import { type GeneralNames, type NameConstraints, parseGeneralNames, parseNameConstraints } from './names.ts';

/** One attribute of a distinguished name, in the order of the certificate. */
export interface NameAttribute {
  /** With dots: `2.5.4.3`. */
  type: string;
  /** Undefined where it is not a string. */
  value: string | undefined;
}

/** What of a certificate its verification and the identity in it need (RFC 5280; Go's crypto/x509 parser). */
export interface ParsedCertificate {
  der: Uint8Array;
  x509: X509Certificate;
  version: number;
  /** Decimal. */
  serial: string;
  rawIssuer: Uint8Array;
  rawSubject: Uint8Array;
  subject: readonly NameAttribute[];
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
  signatureAlgorithm: string;
  publicKey: KeyObject;
  basicConstraints?: { ca: boolean; maxPathLength?: number };
  /** keyCertSign of keyUsage; undefined without that extension. */
  mayCertify?: boolean;
  /** cRLSign of keyUsage; undefined without that extension. */
  mayRevoke?: boolean;
  /** Absent: no restriction. */
  extendedKeyUsage?: readonly string[];
  alternativeNames?: GeneralNames;
  nameConstraints?: NameConstraints;
  subjectKeyId?: string;
  authorityKeyId?: string;
  /** Critical extensions that nobody here understands: a chain with such a certificate does not verify. */
  unhandledCritical: readonly string[];
}

const EXTENSION = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const;

/** Parses a certificate; throws where Go's parser would refuse it. */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const outer = new DerReader(derWhole(der, TAG.sequence).content);
  const tbs = outer.into(TAG.sequence);
  const signature = outer.expect(TAG.sequence);
  outer.expect(TAG.bitString);
  outer.end();

  const version = readVersion(tbs);
  const serial = readSerial(tbs.expect(TAG.integer).content);
  const innerAlgorithm = tbs.expect(TAG.sequence);
  if (!Buffer.from(innerAlgorithm.raw).equals(Buffer.from(signature.raw)))
    throw new DerError('inner and outer signature algorithm differ');
  const issuer = tbs.expect(TAG.sequence);
  const validity = tbs.into(TAG.sequence);
  const notBefore = timeValue(validity.next());
  const notAfter = timeValue(validity.next());
  validity.end();
  const subject = tbs.expect(TAG.sequence);
  tbs.expect(TAG.sequence);
  tbs.optional(0x81);
  tbs.optional(0x82);
  const extensions = tbs.optional(0xa3);
  tbs.end();
  if (extensions && version !== 3) throw new DerError('extensions in a certificate before version 3');
  parseName(issuer.content);

  const x509 = new X509Certificate(der);
  const parsed: ParsedCertificate = {
    der,
    x509,
    version,
    serial,
    rawIssuer: issuer.raw,
    rawSubject: subject.raw,
    subject: parseName(subject.content),
    notBefore,
    notAfter,
    signatureAlgorithm: algorithmOf(innerAlgorithm.content),
    publicKey: x509.publicKey,
    unhandledCritical: [],
  };
  if (extensions) readExtensions(extensions.content, parsed);
  return parsed;
}

function readVersion(tbs: DerReader): number {
  const explicit = tbs.optional(0xa0);
  if (!explicit) return 1;
  const version = smallInteger(derWhole(explicit.content, TAG.integer).content) + 1;
  if (version > 3) throw new DerError('unknown version');
  return version;
}

function readSerial(content: Uint8Array): string {
  if (content.length === 0 || content[0]! & 0x80) throw new DerError('negative serial number');
  return BigInt(`0x${Buffer.from(content).toString('hex')}`).toString();
}

/** The algorithm's identifier; for RSASSA-PSS with its parameters behind it, which name the hash. */
function algorithmOf(content: Uint8Array): string {
  const reader = new DerReader(content);
  const id = oidText(reader.expect(TAG.oid).content);
  if (id !== RSASSA_PSS) return id;
  const parameters = reader.done ? '' : Buffer.from(reader.next().content).toString('hex');
  return `${id}:${parameters}`;
}

export const RSASSA_PSS = '1.2.840.113549.1.1.10';

function parseName(content: Uint8Array): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  const name = new DerReader(content);
  while (!name.done) {
    const set = name.into(TAG.set);
    while (!set.done) {
      const attribute = set.into(TAG.sequence);
      const type = oidText(attribute.expect(TAG.oid).content);
      const value = stringValue(attribute.next());
      if (value === undefined) throw new DerError('unsupported string type');
      attribute.end();
      attributes.push({ type, value });
    }
  }
  return attributes;
}

function readExtensions(content: Uint8Array, into: ParsedCertificate): void {
  const list = new DerReader(derWhole(content, TAG.sequence).content);
  const seen = new Set<string>();
  const unhandled: string[] = [];
  while (!list.done) {
    const extension = list.into(TAG.sequence);
    const id = oidText(extension.expect(TAG.oid).content);
    const flag = extension.optional(TAG.boolean);
    const critical = flag ? booleanValue(flag.content) : false;
    const value = extension.expect(TAG.octetString).content;
    extension.end();
    if (seen.has(id)) throw new DerError('extension twice');
    seen.add(id);
    if (!readExtension(id, critical, value, into) && critical) unhandled.push(id);
  }
  into.unhandledCritical = unhandled;
}

/** Whether the extension was understood whole. */
function readExtension(id: string, critical: boolean, value: Uint8Array, into: ParsedCertificate): boolean {
  switch (id) {
    case EXTENSION.keyUsage: {
      const bits = derWhole(value, TAG.bitString).content;
      if (bits.length === 0) throw new DerError('bad key usage');
      // Bit 5 counted from the left is keyCertSign. A key usage of no bits at all counts as none, as it does in Go.
      if (bits.slice(1).some((byte) => byte !== 0)) {
        into.mayCertify = ((bits[1] ?? 0) & 0x04) !== 0;
        into.mayRevoke = ((bits[1] ?? 0) & 0x02) !== 0;
      }
      return true;
    }
    case EXTENSION.basicConstraints: {
      const reader = new DerReader(derWhole(value, TAG.sequence).content);
      const flag = reader.optional(TAG.boolean);
      const length = reader.optional(TAG.integer);
      into.basicConstraints = {
        ca: flag ? booleanValue(flag.content) : false,
        ...(length ? { maxPathLength: smallInteger(length.content) } : {}),
      };
      return true;
    }
    case EXTENSION.extendedKeyUsage: {
      const reader = new DerReader(derWhole(value, TAG.sequence).content);
      const usages: string[] = [];
      while (!reader.done) usages.push(oidText(reader.expect(TAG.oid).content));
      into.extendedKeyUsage = usages;
      return true;
    }
    case EXTENSION.subjectAltName: {
      into.alternativeNames = parseGeneralNames(derWhole(value, TAG.sequence).content);
      const { dns, email, ip, uri } = into.alternativeNames;
      return dns.length + email.length + ip.length + uri.length > 0;
    }
    case EXTENSION.nameConstraints:
      into.nameConstraints = parseNameConstraints(derWhole(value, TAG.sequence).content);
      return !into.nameConstraints.unknown;
    case EXTENSION.subjectKeyId:
      if (critical) throw new DerError('subject key identifier marked critical');
      into.subjectKeyId = hex(derWhole(value, TAG.octetString).content);
      return true;
    case EXTENSION.authorityKeyId: {
      if (critical) throw new DerError('authority key identifier marked critical');
      const keyId = new DerReader(derWhole(value, TAG.sequence).content).optional(0x80);
      if (keyId) into.authorityKeyId = hex(keyId.content);
      return true;
    }
    case EXTENSION.authorityInfoAccess:
      if (critical) throw new DerError('authority info access marked critical');
      return true;
    case EXTENSION.crlDistributionPoints:
    case EXTENSION.certificatePolicies:
      derWhole(value, TAG.sequence);
      return true;
    default:
      return false;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A distinguished name as people read it: `CN=jane,O=dev`. */
export function nameText(attributes: readonly NameAttribute[]): string {
  return attributes.map(({ type, value }) => `${NAME_TYPES[type] ?? type}=${value ?? ''}`).join(',');
}

const NAME_TYPES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
};

/** The hex SHA-256 of a certificate's DER, as credential ids name it. */
export function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}
