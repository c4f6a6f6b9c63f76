import { type ParsedCertificate, parseCertificate } from './certificate.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file in their order. Other blocks, and certificate blocks with headers of their own, are
 * passed over (client-go util/cert/pem.go). Throws where there is none, or one that cannot be read.
 */
export function parseCertificatesPem(pem: string): ParsedCertificate[] {
  const found = [...pem.matchAll(BLOCK)].map((m) => parseCertificate(Buffer.from(m[1]!, 'base64')));
  if (found.length === 0) throw new Error('data does not contain any valid RSA or ECDSA certificates');
  return found;
}

/** Authorities that are trusted, to be looked up by name. Never changes; a new file makes a new pool. */
export class CertificatePool {
  readonly certificates: readonly ParsedCertificate[];
  readonly #bySubject = new Map<string, ParsedCertificate[]>();

  constructor(certificates: readonly ParsedCertificate[]) {
    this.certificates = certificates;
    for (const certificate of certificates) {
      const key = keyOf(certificate.rawSubject);
      const same = this.#bySubject.get(key);
      if (same) same.push(certificate);
      else this.#bySubject.set(key, [certificate]);
    }
  }

  static fromPem(pem: string): CertificatePool {
    return new CertificatePool(parseCertificatesPem(pem));
  }

  /** All certificates as PEM, one behind the other. */
  toPem(): string {
    return this.certificates
      .map(
        ({ der }) =>
          `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
      )
      .join('');
  }

  bySubject(rawSubject: Uint8Array): readonly ParsedCertificate[] {
    return this.#bySubject.get(keyOf(rawSubject)) ?? [];
  }

  has(certificate: ParsedCertificate): boolean {
    return this.bySubject(certificate.rawSubject).some((c) => Buffer.compare(c.der, certificate.der) === 0);
  }
}

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
