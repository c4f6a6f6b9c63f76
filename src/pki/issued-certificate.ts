import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { pemBlocks } from '../meta/pem.ts';

/** The certificates of a PEM text in their order. Throws an Error where there is none, or one that cannot be read. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pemBlocks(pem).filter(({ type }) => type === 'CERTIFICATE');
  if (blocks.length === 0) throw new Error('it holds no certificate in PEM');
  return blocks.map(({ der }) => {
    try {
      return new X509Certificate(der);
    } catch {
      throw new Error('it holds a certificate that cannot be read');
    }
  });
}

/** Reads a private key. Throws an Error that says what is wrong with it, and never what is in it. */
export function readPrivateKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem))
    throw new Error('the key is encrypted with a passphrase; decrypt it first (openssl pkey)');
  // A file may hold a certificate before its key, as kubelet's does.
  const key = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/.exec(pem)?.[0];
  if (key === undefined) throw new Error('it holds no private key in PEM');
  try {
    return createPrivateKey(key);
  } catch {
    throw new Error('it holds a private key that cannot be read');
  }
}

/** Milliseconds since 1970. */
export const expiryOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo);

/** A part of a distinguished name (`CN`, `O`), as often as it is there. Values as node:crypto writes them, unescaped. */
export function namePart(name: string, part: string): string[] {
  return name
    .split('\n')
    .flatMap((line) => line.split(/(?<!\\)\+/))
    .filter((line) => line.startsWith(`${part}=`))
    .map((line) => line.slice(part.length + 1).replace(/\\(.)/g, '$1'));
}

export const commonName = (certificate: X509Certificate): string =>
  namePart(certificate.subject, 'CN')[0] ?? '';

/** Whether a certificate is signed by another one, whatever the time. */
export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** The serial number as `openssl x509 -serial` writes it. */
export const serialOf = (certificate: X509Certificate): string => certificate.serialNumber;

/** SHA-256 in lower case hex without colons, as in credential ids. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

/** SHA-256 of the public key (SubjectPublicKeyInfo): the same for every certificate of one CA, however often renewed. */
export const keyIdOf = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
