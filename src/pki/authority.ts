import 'reflect-metadata';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { subjectName } from './distinguished-name.ts';

/** Certificates made by a CA of our own: EC P-256, SHA-256 (RFC 5280). Loaded only where certificates are made. */
x509.cryptoProvider.set(webcrypto as never);

export interface KeyPairPem {
  certificate: string;
  /** PKCS #8. */
  key: string;
}

export interface LeafRequest {
  commonName: string;
  organizations?: readonly string[];
  usages: readonly ('client' | 'server')[];
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
  days: number;
}

/** Clocks of clients may be behind ours by this much. */
const BACKDATE_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** A new EC P-256 key as PKCS #8 PEM. */
export function newKey(): { key: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

/** A self-signed CA certificate with a new key. */
export async function createAuthority(commonName: string, days: number, now: number): Promise<KeyPairPem> {
  const { key } = newKey();
  const keys = await cryptoKeys(createPrivateKey(key));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + days * DAY_MS),
    keys,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key };
}

/** A certificate for a new key, signed by the CA; without a CA it signs itself. It never outlives its CA. */
export async function issueCertificate(
  request: LeafRequest,
  now: number,
  authority?: KeyPairPem,
): Promise<KeyPairPem> {
  const { key } = newKey();
  const keys = await cryptoKeys(createPrivateKey(key));
  const issuer = authority && new x509.X509Certificate(authority.certificate);
  const signing = authority ? await cryptoKeys(createPrivateKey(authority.key)) : keys;
  const name = new x509.Name(new Uint8Array(subjectName(request.commonName, request.organizations)));
  const issuerKeyId = issuer?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const wanted = now + request.days * DAY_MS;
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: name,
    // As its own bytes have it: Go compares the issuer's name with the CA's subject byte for byte.
    issuer: issuer ? issuer.subjectName : name,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(issuer ? Math.min(wanted, issuer.notAfter.getTime()) : wanted),
    publicKey: keys.publicKey,
    signingKey: signing.privateKey,
    signingAlgorithm: { ...EC, ...(signing.privateKey.algorithm as object) },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(
        request.usages.map((usage) => (usage === 'client' ? CLIENT_AUTH : SERVER_AUTH)),
      ),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      // CAs number their keys in ways of their own; what stands in the CA's certificate is what verifiers look for.
      issuerKeyId
        ? new x509.AuthorityKeyIdentifierExtension(issuerKeyId)
        : await x509.AuthorityKeyIdentifierExtension.create(signing.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key };
}

/** Sixteen random bytes, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = bytes[0]! & 0x7f;
  return bytes.toString('hex');
}

async function cryptoKeys(key: KeyObject): Promise<CryptoKeyPair> {
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: curveOf(key), hash: 'SHA-256' };
  const privateKey = await webcrypto.subtle.importKey(
    'pkcs8',
    key.export({ type: 'pkcs8', format: 'der' }),
    algorithm,
    true,
    ['sign'],
  );
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  return { privateKey, publicKey } as CryptoKeyPair;
}

type CryptoKeyPair = Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[0] extends {
  keys: infer K;
}
  ? K
  : never;

function curveOf(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[curve ?? ''] ?? 'P-256';
}
