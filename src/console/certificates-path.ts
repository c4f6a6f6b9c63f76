import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rfc3339 } from '../meta/clock.ts';
import { methodNotAllowedError } from '../meta/status.ts';
import type { ExtraPath } from '../server/api.ts';
import { answerJson } from './answer-json.ts';

const ROOT = '/sallyport/v1/certificates';
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;

/** A file with certificates that the server was started with. */
export interface CertificateSource {
  /** What it is for, in a few words. */
  use: string;
  /** The flag that names it, without dashes. */
  flag: string;
  file: string;
  /** What is in force, where that may differ from the file; the file is read otherwise. */
  pem?: () => string;
}

/** One certificate, without anything that is secret. Times are RFC 3339. */
export interface ShownCertificate {
  use: string;
  flag: string;
  file: string;
  subject: string;
  issuer: string;
  serial: string;
  /** SHA-256 of the DER, in hexadecimal. */
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  ca: boolean;
  names: string;
}

/**
 * `GET /sallyport/v1/certificates` answers `{"items": [...], "faults": [...]}`: the server's own certificates and the
 * authorities it trusts, by the flags that name them. Read when asked for; keys are never looked at.
 */
export function certificatesPath(sources: readonly CertificateSource[]): ExtraPath {
  return (request) => {
    if (request.info.path !== ROOT) return false;
    if (request.exchange.method !== 'GET') throw methodNotAllowedError();
    const items: ShownCertificate[] = [];
    const faults: { flag: string; file: string; fault: string }[] = [];
    for (const source of sources) {
      const { flag, file } = source;
      try {
        items.push(...certificatesOf(source));
      } catch (error) {
        faults.push({ flag, file, fault: (error as Error).message });
      }
    }
    answerJson(request, 200, { items, faults });
    return true;
  };
}

function certificatesOf({ use, flag, file, pem }: CertificateSource): ShownCertificate[] {
  const text = pem ? pem() : readFileSync(file, 'utf8');
  return (text.match(BLOCK) ?? []).map((block) => {
    const x509 = new X509Certificate(block);
    return {
      use,
      flag,
      file,
      subject: nameText(x509.subject),
      issuer: nameText(x509.issuer),
      serial: x509.serialNumber,
      fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      notBefore: rfc3339(Date.parse(x509.validFrom)),
      notAfter: rfc3339(Date.parse(x509.validTo)),
      ca: x509.ca,
      names: x509.subjectAltName ?? '',
    };
  });
}

/** Node writes one attribute a line. */
const nameText = (name: string | undefined): string => (name ?? '').split('\n').join(', ');
