import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Log } from './log.ts';
import { WatchedCertificate } from './serving-certificate.ts';

/** One value of `--tls-sni-cert-key`. */
export interface SniCertificate {
  certFile: string;
  keyFile: string;
  /** Host names, a `*` for a first label; none: those in the certificate. */
  names: readonly string[];
}

/** Reads `cert.pem,key.pem` or `cert.pem,key.pem:name,name` (component-base cli/flag/namedcertkey_flag.go); throws an Error. */
export function parseSniCertificate(text: string): SniCertificate {
  const colon = text.indexOf(':');
  const files = (colon < 0 ? text : text.slice(0, colon)).split(',');
  const names = colon < 0 ? [] : text.slice(colon + 1).split(',');
  const [certFile = '', keyFile = ''] = files.map((file) => file.trim());
  if (files.length !== 2 || !certFile || !keyFile)
    throw new Error('expected comma separated certificate and key file paths');
  return {
    certFile,
    keyFile,
    names: names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''),
  };
}

interface Named {
  certificate: WatchedCertificate;
  names: readonly string[];
}

/**
 * Certificates for those clients that name their host in the handshake (`--tls-sni-cert-key`), each pair read again when it
 * changes. A host's own name counts before a pattern, and names given before those in certificates (apiserver
 * pkg/server/dynamiccertificates/named_certificates.go).
 */
export class SniCertificates {
  readonly #named: readonly Named[];
  #contexts = new Map<string, SecureContext>();

  /** Throws where files cannot be read or are no pair. */
  constructor(given: readonly SniCertificate[], log: Log) {
    this.#named = given.map(({ certFile, keyFile, names }) => ({
      certificate: new WatchedCertificate(certFile, keyFile, log),
      names,
    }));
  }

  start(changed: () => void): void {
    for (const { certificate } of this.#named) certificate.start(changed);
  }

  stop(): void {
    for (const { certificate } of this.#named) certificate.stop();
  }

  /** Makes what handshakes use anew; connections that are open go on. */
  renew(common: SecureContextOptions): void {
    const contexts = new Map<string, SecureContext>();
    const add = (name: string, context: SecureContext): void => {
      if (!contexts.has(name)) contexts.set(name, context);
    };
    const made = this.#named.map(({ certificate, names }) => ({
      names,
      own: namesIn(certificate.current.cert),
      context: createSecureContext({ ...common, ...certificate.current }),
    }));
    for (const { names, context } of made) for (const name of names) add(name, context);
    for (const { names, own, context } of made)
      if (names.length === 0) for (const name of own) add(name, context);
    this.#contexts = contexts;
  }

  /** Undefined: the serving certificate for everybody. */
  find(host: string): SecureContext | undefined {
    const name = host.toLowerCase().replace(/\.$/, '');
    return this.#contexts.get(name) ?? this.#contexts.get(name.replace(/^[^.]*/, '*'));
  }
}

/** The host names that a certificate is for; its common name where it has no others. */
function namesIn(pem: string): string[] {
  const certificate = new X509Certificate(pem);
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .flatMap((part) => /^DNS:(.+)$/.exec(part)?.[1]?.toLowerCase() ?? []);
  if (certificate.subjectAltName) return names;
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return common ? [common.toLowerCase()] : [];
}
