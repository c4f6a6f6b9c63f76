import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { pemBlocks } from '../meta/pem.ts';
import type { CertificateRequest, RequestSubject } from './certificate-request.ts';
import {
  der,
  derBits,
  derElements,
  derInside,
  derInteger,
  derOid,
  derSequence,
  derSet,
  derString,
  derTime,
  oidText,
  TAG,
} from './der.ts';

/** A CA that signs requests: its certificate and key, RSA, EC or Ed25519. */
export interface SigningAuthority {
  /** The subject's DER, which becomes the issuer. */
  subject: Buffer;
  subjectKeyId: Buffer | undefined;
  /** Milliseconds since 1970. */
  notAfter: number;
  key: KeyObject;
}

export interface SigningPolicy {
  /** Names of certificates.k8s.io usages: `client auth`. */
  usages: readonly string[];
  /** How long the certificate lives at most; it never outlives its CA. */
  lifetimeMs: number;
  /** Milliseconds since 1970. */
  now: number;
  random(bytes: number): Uint8Array;
}

/** Clocks of those who check may be behind by this much. */
const BACKDATE_MS = 5 * 60_000;
/** Lives shorter than this are given whole; longer ones lose what the start is dated back by. */
const SHORT_MS = 8 * 3_600_000;

const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
};
/** In the order they come out in. */
const EXTENDED_USAGES: readonly (readonly [oid: string, ...names: string[]])[] = [
  ['2.5.29.37.0', 'any'],
  ['1.3.6.1.5.5.7.3.1', 'server auth'],
  ['1.3.6.1.5.5.7.3.2', 'client auth'],
  ['1.3.6.1.5.5.7.3.3', 'code signing'],
  ['1.3.6.1.5.5.7.3.4', 'email protection', 's/mime'],
  ['1.3.6.1.5.5.7.3.5', 'ipsec end system'],
  ['1.3.6.1.5.5.7.3.6', 'ipsec tunnel'],
  ['1.3.6.1.5.5.7.3.7', 'ipsec user'],
  ['1.3.6.1.5.5.7.3.8', 'timestamping'],
  ['1.3.6.1.5.5.7.3.9', 'ocsp signing'],
  ['1.3.6.1.4.1.311.10.3.3', 'microsoft sgc'],
  ['2.16.840.1.113730.4.1', 'netscape sgc'],
];

/** Reads a CA's certificate and key in PEM. Throws an Error that says what is wrong with them. */
export function signingAuthority(certificatePem: string, keyPem: string): SigningAuthority {
  const block = pemBlocks(certificatePem).find(({ type }) => type === 'CERTIFICATE');
  if (!block) throw new Error('no certificate in PEM');
  const certificate = new X509Certificate(block.der);
  const key = createPrivateKey(keyPem);
  if (!certificate.checkPrivateKey(key)) throw new Error('the key is not that of the certificate');
  const [tbs] = derInside(derElements(block.der)[0], TAG.sequence);
  const fields = derInside(tbs, TAG.sequence);
  // An explicit version, which every certificate with extensions has, goes before the serial number.
  const at = fields[0]!.tag === 0xa0 ? 1 : 0;
  return {
    subject: fields[at + 4]!.whole,
    subjectKeyId: subjectKeyId(fields.find(({ tag }) => tag === 0xa3)?.content),
    notAfter: Date.parse(certificate.validTo),
    key,
  };
}

function subjectKeyId(extensions: Buffer | undefined): Buffer | undefined {
  if (!extensions) return undefined;
  for (const extension of derInside(derElements(extensions)[0], TAG.sequence)) {
    const [oid, ...rest] = derInside(extension, TAG.sequence);
    if (oidText(oid!.content) === '2.5.29.14') return derElements(rest.at(-1)!.content)[0]!.content;
  }
  return undefined;
}

/**
 * A certificate in PEM for a request, as kube-controller-manager's signers make it: the request's subject and names, none
 * of its extensions, no CA (pkg/controller/certificates/authority). Throws an Error in their words.
 */
export function signRequest(
  request: CertificateRequest,
  authority: SigningAuthority,
  policy: SigningPolicy,
): string {
  const { now, lifetimeMs } = policy;
  const subject = subjectDer(request.subject);
  const { keyUsage, extended } = usages(policy.usages);
  if (!request.signed())
    throw new Error('unable to verify certificate request signature: it is not by the key asked for');
  const lasting = lifetimeMs < SHORT_MS ? lifetimeMs : lifetimeMs - BACKDATE_MS;
  const notAfter = Math.min(now + lasting, authority.notAfter);
  if (now >= authority.notAfter)
    throw new Error(
      `refusing to sign a certificate that expired in the past: NotAfter=${new Date(notAfter).toISOString()}`,
    );
  const { hash, identifier } = signatureAlgorithm(authority.key);
  const extensions = [
    ...(keyUsage ? [extension('2.5.29.15', true, keyUsage)] : []),
    ...(extended.length ? [extension('2.5.29.37', false, derSequence(...extended.map(derOid)))] : []),
    extension('2.5.29.19', true, derSequence()),
    ...(authority.subjectKeyId
      ? [extension('2.5.29.35', false, derSequence(der(0x80, authority.subjectKeyId)))]
      : []),
    ...alternativeNames(request, subject.length === 2),
  ];
  const tbs = derSequence(
    der(0xa0, derInteger(Buffer.from([2]))),
    derInteger(serial(policy.random)),
    identifier,
    authority.subject,
    derSequence(derTime(now - BACKDATE_MS), derTime(notAfter)),
    subject,
    request.publicKey,
    der(0xa3, derSequence(...extensions)),
  );
  const certificate = derSequence(tbs, identifier, derBits(sign(hash, tbs, authority.key)));
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Sixteen random bytes, as a number that is not zero. */
function serial(random: SigningPolicy['random']): Uint8Array {
  const bytes = random(16);
  if (bytes.every((byte) => byte === 0)) bytes[15] = 1;
  return bytes;
}

/** One part for each kind of attribute, its values as a SET: they come out in the order of their bytes, not as they were asked for. */
function subjectDer(subject: RequestSubject): Buffer {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['2.5.4.6', subject.country],
    ['2.5.4.10', subject.organizations],
    ['2.5.4.11', subject.organizationalUnits],
    ['2.5.4.7', subject.locality],
    ['2.5.4.8', subject.province],
    ['2.5.4.9', subject.streetAddress],
    ['2.5.4.17', subject.postalCode],
    ['2.5.4.3', subject.commonName === '' ? [] : [subject.commonName]],
    ['2.5.4.5', subject.serialNumber === '' ? [] : [subject.serialNumber]],
  ];
  return derSequence(
    ...parts
      .filter(([, values]) => values.length > 0)
      .map(([oid, values]) => derSet(values.map((value) => derSequence(derOid(oid), derString(value))))),
  );
}

function usages(names: readonly string[]): { keyUsage: Buffer | undefined; extended: string[] } {
  let bits = 0;
  let last = -1;
  const wanted = new Set<string>();
  const unknown: string[] = [];
  for (const name of names) {
    const bit = KEY_USAGES[name];
    const oid = EXTENDED_USAGES.find(([, ...own]) => own.includes(name))?.[0];
    if (bit !== undefined) {
      bits |= 0x8000 >> bit;
      last = Math.max(last, bit);
    } else if (oid) wanted.add(oid);
    else unknown.push(name);
  }
  if (unknown.length) throw new Error(`unrecognized usage values: ${JSON.stringify(unknown)}`);
  const bytes = Buffer.from(last > 7 ? [bits >> 8, bits & 0xff] : [bits >> 8]);
  return {
    keyUsage: last < 0 ? undefined : derBits(bytes, 7 - (last % 8)),
    extended: EXTENDED_USAGES.map(([oid]) => oid).filter((oid) => wanted.has(oid)),
  };
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(TAG.boolean, Buffer.from([0xff]))] : [];
  return derSequence(derOid(oid), ...flag, der(TAG.octetString, value));
}

function alternativeNames(request: CertificateRequest, critical: boolean): Buffer[] {
  const names = [
    ...request.dnsNames.map((name) => der(0x82, Buffer.from(name, 'latin1'))),
    ...request.emailAddresses.map((name) => der(0x81, Buffer.from(name, 'latin1'))),
    ...request.ipAddresses.map((bytes) => der(0x87, bytes)),
    ...request.uris.map((uri) => der(0x86, Buffer.from(uri, 'latin1'))),
  ];
  return names.length ? [extension('2.5.29.17', critical, derSequence(...names))] : [];
}

/** What a CA's key signs with (Go's crypto/x509 signingParamsForKey). */
function signatureAlgorithm(key: KeyObject): { hash: string | null; identifier: Buffer } {
  if (key.asymmetricKeyType === 'ed25519')
    return { hash: null, identifier: derSequence(derOid('1.3.101.112')) };
  if (key.asymmetricKeyType === 'rsa')
    return { hash: 'sha256', identifier: derSequence(derOid('1.2.840.113549.1.1.11'), der(TAG.null)) };
  const curves: Readonly<Record<string, readonly [string, string]>> = {
    prime256v1: ['sha256', '1.2.840.10045.4.3.2'],
    secp384r1: ['sha384', '1.2.840.10045.4.3.3'],
    secp521r1: ['sha512', '1.2.840.10045.4.3.4'],
  };
  const found = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || !found)
    throw new Error('x509: only RSA, ECDSA and Ed25519 keys supported');
  return { hash: found[0], identifier: derSequence(derOid(found[1])) };
}
