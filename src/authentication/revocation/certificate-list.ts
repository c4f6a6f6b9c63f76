import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { pemBlocks } from '../../meta/pem.ts';
import { type ParsedCertificate, RSASSA_PSS } from '../x509/certificate.ts';
import {
  booleanValue,
  DerError,
  DerReader,
  derWhole,
  oidText,
  smallInteger,
  TAG,
  timeValue,
} from '../x509/der.ts';

/** One certificate that its issuer took back. */
export interface RevokedCertificate {
  /** Milliseconds since 1970. */
  at: number;
  /** The name of its CRLReason; absent where the list gives none. */
  reason?: string;
}

/** A certificate revocation list (RFC 5280 section 5), its signature not yet looked at. */
export interface CertificateList {
  rawIssuer: Uint8Array;
  /** Of what the signature is over. */
  signed: Uint8Array;
  signature: Uint8Array;
  signatureAlgorithm: string;
  /** Milliseconds since 1970. */
  thisUpdate: number;
  nextUpdate: number;
  /** The CRL number; undefined where the list has none. */
  number?: bigint;
  /** By serial number, decimal. */
  revoked: ReadonlyMap<string, RevokedCertificate>;
  /** The hex SHA-256 of the whole list. */
  digest: string;
}

const EXTENSION = {
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  deltaIndicator: '2.5.29.27',
  distributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
} as const;

/** RFC 5280 5.3.1; 7 is not used, and 8 stands in delta lists alone. */
const REASONS: readonly (string | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  undefined,
  'privilegeWithdrawn',
  'aACompromise',
];

/**
 * The lists of a file: every `X509 CRL` block of a PEM file, or one list as DER. Throws an Error that says what is wrong
 * with it; delta and indirect lists and those for a part of the certificates are refused, not half understood.
 *
 * @param content the bytes of the file, one a character (latin1)
 */
export function parseCertificateLists(content: string): CertificateList[] {
  if (!content.includes('-----BEGIN ')) {
    if (content === '') throw new Error('the file is empty');
    return [parseCertificateList(Buffer.from(content, 'latin1'))];
  }
  const blocks = pemBlocks(content).filter(({ type }) => type === 'X509 CRL');
  const begun = content.split('-----BEGIN X509 CRL-----').length - 1;
  if (blocks.length === 0) throw new Error('no PEM block X509 CRL');
  if (blocks.length !== begun) throw new Error('a PEM block X509 CRL is cut short or no base64');
  return blocks.map(({ der }) => parseCertificateList(der));
}

/** Reads one list from DER. */
export function parseCertificateList(der: Uint8Array): CertificateList {
  try {
    return read(der);
  } catch (error) {
    if (error instanceof DerError) throw new Error(`no certificate revocation list: ${error.message}`);
    throw error;
  }
}

function read(der: Uint8Array): CertificateList {
  const outer = new DerReader(derWhole(der, TAG.sequence).content);
  const tbs = outer.expect(TAG.sequence);
  const algorithm = outer.expect(TAG.sequence);
  const signature = outer.expect(TAG.bitString).content;
  outer.end();
  if (signature[0] !== 0) throw new DerError('bad signature');

  const list = new DerReader(tbs.content);
  const version = list.optional(TAG.integer);
  if (version && smallInteger(version.content) !== 1) throw new Error('unknown version of a CRL');
  const inner = list.expect(TAG.sequence);
  if (!Buffer.from(inner.raw).equals(Buffer.from(algorithm.raw)))
    throw new DerError('inner and outer signature algorithm differ');
  const issuer = list.expect(TAG.sequence);
  const thisUpdate = timeValue(list.next());
  if (list.peek() !== TAG.utcTime && list.peek() !== TAG.generalizedTime)
    throw new Error(
      'the CRL says not when the next one comes (nextUpdate), and so could be kept back for ever',
    );
  const nextUpdate = timeValue(list.next());
  const entries = list.optional(TAG.sequence);
  const extensions = list.optional(0xa0);
  list.end();
  const number = extensions && listExtensions(extensions.content);
  return {
    rawIssuer: issuer.raw,
    signed: tbs.raw,
    signature: signature.subarray(1),
    signatureAlgorithm: algorithmOf(algorithm.content),
    thisUpdate,
    nextUpdate,
    ...(number === undefined ? {} : { number }),
    revoked: entries ? readEntries(entries.content) : new Map(),
    digest: createHash('sha256').update(der).digest('hex'),
  };
}

function algorithmOf(content: Uint8Array): string {
  const reader = new DerReader(content);
  const id = oidText(reader.expect(TAG.oid).content);
  if (id !== RSASSA_PSS || reader.done) return id;
  return `${id}:${Buffer.from(reader.next().content).toString('hex')}`;
}

const integer = (content: Uint8Array): bigint => {
  if (content.length === 0) throw new DerError('bad integer');
  const value = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return content[0]! & 0x80 ? value - (1n << BigInt(8 * content.length)) : value;
};

function readEntries(content: Uint8Array): Map<string, RevokedCertificate> {
  const revoked = new Map<string, RevokedCertificate>();
  const entries = new DerReader(content);
  while (!entries.done) {
    const entry = entries.into(TAG.sequence);
    const serial = integer(entry.expect(TAG.integer).content).toString();
    const at = timeValue(entry.next());
    let reason: string | undefined;
    if (!entry.done) reason = entryReason(entry.expect(TAG.sequence).content);
    entry.end();
    revoked.set(serial, { at, ...(reason ? { reason } : {}) });
  }
  return revoked;
}

function* extensionsOf(content: Uint8Array): Generator<{ id: string; critical: boolean; value: Uint8Array }> {
  const list = new DerReader(content);
  while (!list.done) {
    const extension = list.into(TAG.sequence);
    const id = oidText(extension.expect(TAG.oid).content);
    const flag = extension.optional(TAG.boolean);
    const value = extension.expect(TAG.octetString).content;
    extension.end();
    yield { id, critical: flag ? booleanValue(flag.content) : false, value };
  }
}

function entryReason(content: Uint8Array): string | undefined {
  let reason: string | undefined;
  for (const { id, critical, value } of extensionsOf(content)) {
    if (id === EXTENSION.reasonCode) reason = REASONS[smallInteger(derWhole(value, 0x0a).content)];
    else if (id === EXTENSION.certificateIssuer)
      throw new Error('the CRL is an indirect one: it lists certificates of other issuers');
    else if (critical)
      throw new Error(`an entry of the CRL has a critical extension that is not known (${id})`);
  }
  return reason;
}

/** The CRL number. */
function listExtensions(content: Uint8Array): bigint | undefined {
  let number: bigint | undefined;
  for (const { id, critical, value } of extensionsOf(derWhole(content, TAG.sequence).content)) {
    if (id === EXTENSION.crlNumber) number = integer(derWhole(value, TAG.integer).content);
    else if (id === EXTENSION.deltaIndicator)
      throw new Error('the CRL is a delta one: give the whole list that it adds to');
    else if (id === EXTENSION.distributionPoint) refusePart(value);
    else if (critical) throw new Error(`the CRL has a critical extension that is not known (${id})`);
  }
  return number;
}

/** A list that holds only some certificates or reasons cannot say of the others that they are good. */
function refusePart(value: Uint8Array): void {
  const point = new DerReader(derWhole(value, TAG.sequence).content);
  while (!point.done) {
    const { tag, content } = point.next();
    const field = tag & 0x1f;
    if (field === 4 && content[0] !== 0)
      throw new Error('the CRL is an indirect one: it lists certificates of other issuers');
    if ((field === 2 || field === 5) && content[0] !== 0)
      throw new Error('the CRL lists no certificates of users, only others (issuingDistributionPoint)');
    if (field === 3) throw new Error('the CRL lists some reasons only (issuingDistributionPoint)');
  }
}

const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};
/** The identifiers of SHA-256, SHA-384 and SHA-512 in the parameters of RSASSA-PSS. */
const PSS_HASHES: Readonly<Record<string, string>> = {
  '0609608648016503040201': 'sha256',
  '0609608648016503040202': 'sha384',
  '0609608648016503040203': 'sha512',
};

/**
 * Whether an authority signed the list. An authority whose keyUsage has keyCertSign but not cRLSign counts, as kubeadm
 * makes its authorities like that; whoever may issue certificates gains nothing by a list.
 */
export function isSignedBy(list: CertificateList, authority: ParsedCertificate): boolean {
  if (Buffer.compare(list.rawIssuer, authority.rawSubject) !== 0) return false;
  if (authority.mayCertify === false && authority.mayRevoke !== true) return false;
  return signatureFits(list, authority.publicKey);
}

function signatureFits({ signed, signature, signatureAlgorithm }: CertificateList, key: KeyObject): boolean {
  const pss = signatureAlgorithm.startsWith(RSASSA_PSS);
  const hash = pss
    ? Object.entries(PSS_HASHES).find(([id]) => signatureAlgorithm.includes(id))?.[1]
    : HASHES[signatureAlgorithm];
  if (hash === undefined) return false;
  const options = pss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : key;
  try {
    return verify(hash, signed, options, signature);
  } catch {
    // A key of another kind than the signature's.
    return false;
  }
}

/** Whether a list's signature is made with a hash that still counts. */
export function isSoundlySigned({ signatureAlgorithm }: CertificateList): boolean {
  if (!signatureAlgorithm.startsWith(RSASSA_PSS)) return HASHES[signatureAlgorithm] !== undefined;
  return Object.keys(PSS_HASHES).some((id) => signatureAlgorithm.includes(id));
}
