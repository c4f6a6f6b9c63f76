import { constants, createPublicKey, verify } from 'node:crypto';
import { pemBlocks } from '../meta/pem.ts';
import { type DerElement, DerError, derElements, derInside, derText, oidText, TAG } from './der.ts';

/** What of a subject is carried over into a certificate (Go's crypto/x509/pkix Name). */
export interface RequestSubject {
  country: string[];
  organizations: string[];
  organizationalUnits: string[];
  locality: string[];
  province: string[];
  streetAddress: string[];
  postalCode: string[];
  commonName: string;
  serialNumber: string;
}

/** A PKCS #10 request (RFC 2986), read as far as signers look at it. */
export interface CertificateRequest {
  subject: RequestSubject;
  dnsNames: string[];
  emailAddresses: string[];
  /** Four or sixteen bytes each. */
  ipAddresses: Buffer[];
  uris: string[];
  /** SubjectPublicKeyInfo. */
  publicKey: Buffer;
  /** Whether it is signed by its own key. */
  signed(): boolean;
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
const RSA_PSS = '1.2.840.113549.1.1.10';
const ED25519 = '1.3.101.112';

/** Reads a request in PEM; a string says what is wrong with it, in Go's words where the fault has any. */
export function parseCertificateRequest(pem: string): CertificateRequest | string {
  const block = pemBlocks(pem)[0];
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return parse(block.der);
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

function parse(bytes: Buffer): CertificateRequest {
  const [outer, ...trailing] = derElements(bytes);
  if (trailing.length) throw new DerError('asn1: syntax error: trailing data');
  const [info, algorithm, signature] = derInside(outer, TAG.sequence);
  const [, subject, publicKey, attributes] = derInside(info, TAG.sequence);
  if (!publicKey || signature?.tag !== TAG.bitString)
    throw new DerError('asn1: syntax error: sequence truncated');
  const request: CertificateRequest = {
    subject: readSubject(subject),
    dnsNames: [],
    emailAddresses: [],
    ipAddresses: [],
    uris: [],
    publicKey: publicKey.whole,
    signed: () => {
      try {
        return isSigned(publicKey.whole, algorithm, info!.whole, signature.content.subarray(1));
      } catch {
        // Neither key nor signature need be what they are said to be.
        return false;
      }
    },
  };
  for (const extension of requestedExtensions(attributes)) {
    const [oid, ...rest] = derInside(extension, TAG.sequence);
    if (oid?.tag === TAG.oid && oidText(oid.content) === SUBJECT_ALT_NAME)
      readAlternativeNames(rest.at(-1), request);
  }
  return request;
}

const FIELDS: Readonly<Record<string, keyof RequestSubject>> = {
  '2.5.4.3': 'commonName',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'country',
  '2.5.4.7': 'locality',
  '2.5.4.8': 'province',
  '2.5.4.9': 'streetAddress',
  '2.5.4.10': 'organizations',
  '2.5.4.11': 'organizationalUnits',
  '2.5.4.17': 'postalCode',
};

function readSubject(name: DerElement | undefined): RequestSubject {
  const subject: RequestSubject = {
    country: [],
    organizations: [],
    organizationalUnits: [],
    locality: [],
    province: [],
    streetAddress: [],
    postalCode: [],
    commonName: '',
    serialNumber: '',
  };
  for (const relative of derInside(name, TAG.sequence)) {
    for (const attribute of derInside(relative, TAG.set)) {
      const [type, value] = derInside(attribute, TAG.sequence);
      const text = value && derText(value);
      const field = type?.tag === TAG.oid ? FIELDS[oidText(type.content)] : undefined;
      if (text === undefined || !field) continue;
      const into = subject[field];
      if (Array.isArray(into)) into.push(text);
      else subject[field as 'commonName' | 'serialNumber'] = text;
    }
  }
  return subject;
}

function requestedExtensions(attributes: DerElement | undefined): DerElement[] {
  if (attributes?.tag !== 0xa0) return [];
  for (const attribute of derElements(attributes.content)) {
    const [oid, values] = derInside(attribute, TAG.sequence);
    if (oid?.tag === TAG.oid && oidText(oid.content) === EXTENSION_REQUEST)
      return derInside(derInside(values, TAG.set)[0], TAG.sequence);
  }
  return [];
}

/** The octets hold a SEQUENCE of names, told apart by their tags (RFC 5280 4.2.1.6). */
function readAlternativeNames(value: DerElement | undefined, into: CertificateRequest): void {
  if (value?.tag !== TAG.octetString) throw new DerError('x509: invalid subject alternative names');
  for (const { tag, content } of derInside(derElements(value.content)[0], TAG.sequence)) {
    switch (tag & 0x1f) {
      case 1:
        into.emailAddresses.push(ia5(content));
        break;
      case 2:
        into.dnsNames.push(ia5(content));
        break;
      case 6:
        into.uris.push(ia5(content));
        break;
      case 7:
        if (content.length !== 4 && content.length !== 16)
          throw new DerError(`x509: cannot parse IP address of length ${content.length}`);
        into.ipAddresses.push(content);
        break;
    }
  }
}

function ia5(content: Buffer): string {
  if (content.some((byte) => byte > 0x7f)) throw new DerError('x509: SAN is malformed: invalid IA5 string');
  return content.toString('latin1');
}

function isSigned(
  publicKey: Buffer,
  algorithm: DerElement | undefined,
  signed: Buffer,
  signature: Buffer,
): boolean {
  const oid = derInside(algorithm, TAG.sequence)[0];
  const identifier = oid?.tag === TAG.oid ? oidText(oid.content) : '';
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (identifier === ED25519)
    return key.asymmetricKeyType === 'ed25519' && verify(null, signed, key, signature);
  if (identifier === RSA_PSS) {
    if (key.asymmetricKeyType !== 'rsa') return false;
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const options = { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return ['sha256', 'sha384', 'sha512'].some((hash) => verify(hash, signed, options, signature));
  }
  const hash = HASHES[identifier];
  const ecdsa = identifier.startsWith('1.2.840.10045.');
  if (!hash || key.asymmetricKeyType !== (ecdsa ? 'ec' : 'rsa')) return false;
  return verify(hash, signed, key, signature);
}
