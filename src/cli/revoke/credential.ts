import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CERTIFICATE_ID } from '../../authentication/revocation/deny-list.ts';
import { credentialId } from '../../authentication/revocation/revocation-object.ts';
import { fingerprint, nameText, parseCertificate } from '../../authentication/x509/certificate.ts';
import { pemBlocks } from '../../meta/pem.ts';
import { readKubeconfig, targetOf } from '../../webhook/kubeconfig.ts';
import { describeToken } from '../token-description.ts';

/** A credential to take back, as far as it is known. Nothing secret is in it. */
export interface KnownCredential {
  /** `X509SHA256=…` or `JTI=…` */
  id: string;
  /** What it is, for people. */
  words: string;
  /** When it expires by itself, in milliseconds since 1970; undefined where nobody knows. */
  expires?: number;
}

/** So long after a token has expired clocks that are behind may still take it. */
const LEEWAY_MS = 5 * 60_000;

/** A certificate by its credential id, or out of a PEM file, or out of a kubeconfig's current context. Throws an Error. */
export function certificateOf(given: string): KnownCredential {
  if (given.startsWith(CERTIFICATE_ID)) {
    const id = credentialId(given);
    if (id) return { id, words: 'a certificate' };
    throw new Error(`${given}: behind ${CERTIFICATE_ID} 64 hex digits have to stand`);
  }
  const text = readFileSync(given);
  return described(leafOf(text, given));
}

/** The first certificate of a file: of a client's file its own, those that vouch for it behind. */
function leafOf(content: Buffer, path: string): Uint8Array {
  const text = content.toString('utf8');
  const block = pemBlocks(text).find(({ type }) => type === 'CERTIFICATE');
  if (block) return block.der;
  if (/^\s*(apiVersion|kind|clusters|users|contexts|\{)/m.test(text)) {
    const certificate = targetOf(readKubeconfig(path)).credentials?.().certificate?.certificate;
    const own = certificate && pemBlocks(certificate).find(({ type }) => type === 'CERTIFICATE');
    if (own) return own.der;
    throw new Error(`${path}: the kubeconfig's current user has no client certificate`);
  }
  try {
    return new X509Certificate(content).raw;
  } catch {
    throw new Error(`${path} holds no certificate: give a PEM or DER file, a kubeconfig, or X509SHA256=…`);
  }
}

/** Of a certificate in PEM, as a kubeconfig has it. */
export function credentialOfPem(pem: string): KnownCredential | undefined {
  const block = pemBlocks(pem).find(({ type }) => type === 'CERTIFICATE');
  return block && described(block.der);
}

function described(der: Uint8Array): KnownCredential {
  const { subject, notAfter } = parseCertificate(der);
  return {
    id: `${CERTIFICATE_ID}${fingerprint(der)}`,
    words: `the certificate of ${nameText(subject)}`,
    expires: notAfter,
  };
}

/** A token's id: its jti alone is kept of it. Throws an Error for tokens that have none. */
export function tokenOf(text: string, now: number): KnownCredential {
  const token = text.trim().replace(/^bearer\s+/i, '');
  if (/^JTI=\S+$/.test(token)) return { id: token, words: 'a token' };
  if (token === '') throw new Error('there is no token: give a file, or write it to standard input');
  const { claims, kind } = describeToken(token, now);
  if (!claims) throw new Error(`the token is ${kind}, and has no id (jti): use sallyport revoke user`);
  const { jti, exp } = claims;
  if (typeof jti !== 'string' || jti === '') {
    throw new Error(
      claims['iss'] === 'kubernetes/serviceaccount'
        ? `the token is kept in the Secret ${claims['kubernetes.io/serviceaccount/namespace']}/${claims['kubernetes.io/serviceaccount/secret.name']} and has no id (jti): delete that Secret, which ends the token at once`
        : `the token is ${kind}, and has no id (jti): use sallyport revoke user`,
    );
  }
  return {
    id: `JTI=${jti}`,
    words: kind.replace(/^an? /, 'the '),
    ...(typeof exp === 'number' ? { expires: exp * 1000 + LEEWAY_MS } : {}),
  };
}
