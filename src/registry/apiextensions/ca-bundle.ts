import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([^-\n]+)-----([^-]*)-----END ([^-\n]+)-----/g;

/** Why a caBundle, in base64, is none; undefined where it is one or empty (client-go transport.TLSConfigFor). */
export function caBundleFault(bundle: string): string | undefined {
  const text = Buffer.from(bundle, 'base64').toString('latin1');
  if (text.length === 0) return undefined;
  const fault = (why: string): string => `unable to load root certificates: ${why}`;
  let end = 0;
  let broken = false;
  for (const block of text.matchAll(BLOCK)) {
    end = block.index + block[0].length;
    const [, begins, body = '', ends] = block;
    if (begins !== ends || begins !== 'CERTIFICATE' || body.includes(':')) continue;
    if (isCertificate(body)) return undefined;
    broken = true;
  }
  if (broken) return fault('failed to parse certificate: x509: malformed certificate');
  return fault(
    end < text.trimEnd().length
      ? 'unable to parse bytes as PEM block'
      : 'no valid certificate authority data seen',
  );
}

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).raw.length > 0;
  } catch {
    return false;
  }
}
