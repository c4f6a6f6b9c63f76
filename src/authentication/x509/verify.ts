import type { ParsedCertificate } from './certificate.ts';
import { RSASSA_PSS } from './certificate.ts';
import { violation } from './names.ts';
import type { CertificatePool } from './pool.ts';

/** Why a certificate does not verify: a stable code and facts. */
export interface CertificateFault {
  code:
    | 'X509_MALFORMED'
    | 'X509_EXPIRED'
    | 'X509_NOT_YET_VALID'
    | 'X509_UNKNOWN_AUTHORITY'
    | 'X509_NOT_A_CA'
    | 'X509_PATH_TOO_LONG'
    | 'X509_NAME_CONSTRAINT'
    | 'X509_CRITICAL_EXTENSION'
    | 'X509_WRONG_USAGE'
    | 'X509_WEAK_SIGNATURE'
    | 'X509_TOO_MANY_CHECKS'
    | 'X509_REVOKED'
    | 'X509_CRL_STALE';
  facts: Readonly<Record<string, unknown>>;
}

/** Chains, leaf first, root last; or what stood in the way. */
export type VerifyResult = { chains: ParsedCertificate[][] } | { fault: CertificateFault };

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** As many as Go's verifier makes before it gives up. */
const MAX_SIGNATURE_CHECKS = 100;
const MIN_RSA_BITS = 1024;

/** Signature algorithms with a hash that still counts; SHA-1 and MD5 do not. */
const SOUND = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
]);
/** DER of the identifiers of SHA-256, SHA-384 and SHA-512, one of which the parameters of RSASSA-PSS must hold. */
const PSS_HASHES = ['0609608648016503040201', '0609608648016503040202', '0609608648016503040203'];

/**
 * Looks for chains from a client's certificate to an authority of the pool and checks each of them for client
 * authentication at this time, with the rules and the leniencies of Go's x509.Certificate.Verify (RFC 5280 section 6).
 *
 * @param now milliseconds since 1970
 */
export function verifyClientCertificate(
  leaf: ParsedCertificate,
  intermediates: readonly ParsedCertificate[],
  pool: CertificatePool,
  now: number,
): VerifyResult {
  const search = new ChainSearch(intermediates, pool, now);
  const unfit = search.unfit(leaf, 'leaf', []);
  if (unfit) return { fault: unfit };
  const chains = pool.has(leaf) ? [[leaf]] : search.build([leaf]);
  if (chains.length === 0) {
    const issuer = leaf.x509.issuer.replaceAll('\n', ',');
    return { fault: search.fault ?? { code: 'X509_UNKNOWN_AUTHORITY', facts: { issuer } } };
  }
  const fit = chains.filter(servesClients);
  return fit.length
    ? { chains: fit }
    : { fault: { code: 'X509_WRONG_USAGE', facts: { usages: leaf.extendedKeyUsage ?? [] } } };
}

class ChainSearch {
  /** What the last authority that seemed to fit failed by. */
  fault: CertificateFault | undefined;
  readonly #intermediates: readonly ParsedCertificate[];
  readonly #pool: CertificatePool;
  readonly #now: number;
  #checks = 0;

  constructor(intermediates: readonly ParsedCertificate[], pool: CertificatePool, now: number) {
    this.#intermediates = intermediates;
    this.#pool = pool;
    this.#now = now;
  }

  build(chain: readonly ParsedCertificate[]): ParsedCertificate[][] {
    const child = chain[chain.length - 1]!;
    const found: ParsedCertificate[][] = [];
    for (const root of this.#pool.bySubject(child.rawIssuer)) {
      if (this.#continues(chain, child, root, 'root')) found.push([...chain, root]);
    }
    for (const candidate of this.#intermediates) {
      if (!equal(candidate.rawSubject, child.rawIssuer)) continue;
      if (this.#continues(chain, child, candidate, 'intermediate'))
        found.push(...this.build([...chain, candidate]));
    }
    return found;
  }

  #continues(
    chain: readonly ParsedCertificate[],
    child: ParsedCertificate,
    candidate: ParsedCertificate,
    role: 'root' | 'intermediate',
  ): boolean {
    if (chain.some((c) => sameEntity(c, candidate))) return false;
    if (++this.#checks > MAX_SIGNATURE_CHECKS) {
      this.fault = { code: 'X509_TOO_MANY_CHECKS', facts: {} };
      return false;
    }
    const fault = signedBy(child, candidate) ?? this.unfit(candidate, role, chain);
    if (fault) this.fault = fault;
    return !fault;
  }

  /** Why a certificate cannot stand in this place of a chain. */
  unfit(
    certificate: ParsedCertificate,
    role: 'leaf' | 'intermediate' | 'root',
    below: readonly ParsedCertificate[],
  ): CertificateFault | undefined {
    if (certificate.unhandledCritical.length) {
      return { code: 'X509_CRITICAL_EXTENSION', facts: { extensions: certificate.unhandledCritical, role } };
    }
    const { notBefore, notAfter } = certificate;
    if (this.#now < notBefore)
      return { code: 'X509_NOT_YET_VALID', facts: { notBefore, now: this.#now, role } };
    if (this.#now > notAfter) return { code: 'X509_EXPIRED', facts: { notAfter, now: this.#now, role } };
    if (role !== 'leaf' && certificate.nameConstraints) {
      for (const { alternativeNames } of below) {
        const broken = alternativeNames && violation(alternativeNames, certificate.nameConstraints);
        if (broken) return { code: 'X509_NAME_CONSTRAINT', facts: broken };
      }
    }
    const constraints = certificate.basicConstraints;
    if (role === 'intermediate' && !constraints?.ca) return { code: 'X509_NOT_A_CA', facts: { role } };
    if (constraints?.maxPathLength !== undefined && below.length - 1 > constraints.maxPathLength) {
      return { code: 'X509_PATH_TOO_LONG', facts: { allowed: constraints.maxPathLength } };
    }
    return undefined;
  }
}

function signedBy(child: ParsedCertificate, parent: ParsedCertificate): CertificateFault | undefined {
  const { basicConstraints, mayCertify, version } = parent;
  if (
    (version === 3 && !basicConstraints) ||
    (basicConstraints && !basicConstraints.ca) ||
    mayCertify === false
  ) {
    return { code: 'X509_NOT_A_CA', facts: {} };
  }
  const bits = parent.publicKey.asymmetricKeyDetails?.modulusLength;
  if (!soundAlgorithm(child.signatureAlgorithm) || (bits !== undefined && bits < MIN_RSA_BITS)) {
    return { code: 'X509_WEAK_SIGNATURE', facts: { algorithm: child.signatureAlgorithm.split(':')[0] } };
  }
  let good = false;
  try {
    good = child.x509.verify(parent.publicKey);
  } catch {
    // A key of another kind than the signature's: not the issuer.
  }
  return good ? undefined : { code: 'X509_UNKNOWN_AUTHORITY', facts: {} };
}

function soundAlgorithm(algorithm: string): boolean {
  if (!algorithm.startsWith(RSASSA_PSS)) return SOUND.has(algorithm);
  return PSS_HASHES.some((hash) => algorithm.includes(hash));
}

/** Usage narrows from the root down: a certificate without the extension allows what its issuers allow. */
function servesClients(chain: readonly ParsedCertificate[]): boolean {
  return chain.every(
    ({ extendedKeyUsage: usages }) =>
      !usages?.length || usages.includes(ANY_USAGE) || usages.includes(CLIENT_AUTH),
  );
}

function sameEntity(a: ParsedCertificate, b: ParsedCertificate): boolean {
  return equal(a.der, b.der) || (equal(a.rawSubject, b.rawSubject) && a.publicKey.equals(b.publicKey));
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;
