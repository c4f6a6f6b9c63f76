import { readFileSync } from 'node:fs';

/** Where systems keep the authorities that they trust, in Go's order (crypto/x509 root_linux.go, root_bsd.go). */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
];

let known: { pem: string | undefined } | undefined;

/**
 * The authorities this machine trusts, in PEM: those its administrator added are among them, which Node's own are not.
 * `SSL_CERT_FILE` names another file. Undefined where there is none: then Node's own are what is left.
 */
export function systemRoots(): string | undefined {
  known ??= { pem: firstReadable(process.env['SSL_CERT_FILE'] ? [process.env['SSL_CERT_FILE']] : FILES) };
  return known.pem;
}

function firstReadable(files: readonly string[]): string | undefined {
  for (const file of files) {
    try {
      const pem = readFileSync(file, 'utf8');
      if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    } catch {
      // Another system's place.
    }
  }
  return undefined;
}
