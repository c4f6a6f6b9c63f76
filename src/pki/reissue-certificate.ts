import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { subjectName, withCommonName } from './distinguished-name.ts';
import { readPrivateKey } from './issued-certificate.ts';

/**
 * A certificate once more: the same subject, names, usages and other extensions byte for byte, with another serial number,
 * time and issuer. Loaded only where certificates are made.
 */
x509.cryptoProvider.set(webcrypto as never);

export interface ReissueRequest {
  /** PEM; the first certificate counts. */
  certificate: string;
  /** The key that it is to be for. */
  key: KeyObject;
  /** The CA's certificate and key. Without, it signs itself, as a CA does. */
  authority?: { certificate: string; key: string };
  notBefore: number;
  notAfter: number;
  /** A CA that takes another's place has a name of its own, so that nobody mistakes one for the other. */
  commonName?: string;
}

const SUBJECT_KEY_ID = '2.5.29.14';
const AUTHORITY_KEY_ID = '2.5.29.35';
const SUBJECT_ALT_NAME = '2.5.29.17';

/** One certificate in PEM, issued anew. Keys RSA, ECDSA and Ed25519. */
export async function reissueCertificate(request: ReissueRequest): Promise<string> {
  const before = new x509.X509Certificate(firstCertificate(request.certificate));
  const subject = request.commonName ? renamed(before.subjectName, request.commonName) : before.subjectName;
  const issuer =
    request.authority && new x509.X509Certificate(firstCertificate(request.authority.certificate));
  const signing = request.authority ? readPrivateKey(request.authority.key) : request.key;
  const publicKey = spki(request.key);
  const kept = before.extensions.filter(({ type }) => type !== SUBJECT_KEY_ID && type !== AUTHORITY_KEY_ID);
  const ownId = await x509.SubjectKeyIdentifierExtension.create(publicKey);
  const issuerId = issuer?.getExtension<x509.SubjectKeyIdentifierExtension>(SUBJECT_KEY_ID)?.keyId;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer ? issuer.subjectName : subject,
    notBefore: new Date(request.notBefore),
    notAfter: new Date(request.notAfter),
    publicKey,
    ...(await signer(signing)),
    extensions: [
      ...kept,
      ...(before.getExtension(SUBJECT_KEY_ID) || !issuer ? [ownId] : []),
      // What stands in the issuer's certificate, however it was made, is what verifiers compare with.
      ...(issuer
        ? [
            issuerId
              ? new x509.AuthorityKeyIdentifierExtension(issuerId)
              : await x509.AuthorityKeyIdentifierExtension.create(spki(signing)),
          ]
        : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** A request (PKCS #10) in PEM for what a certificate has: its subject and its names. */
export async function requestLike(certificate: string, key: KeyObject): Promise<string> {
  const before = new x509.X509Certificate(firstCertificate(certificate));
  return signedRequest(
    before.subjectName,
    before.extensions.filter(({ type }) => type === SUBJECT_ALT_NAME),
    key,
  );
}

/** A request for a client certificate of a user and groups. */
export function requestFor(user: string, groups: readonly string[], key: KeyObject): Promise<string> {
  return signedRequest(new x509.Name(new Uint8Array(subjectName(user, groups))), [], key);
}

async function signedRequest(name: x509.Name, extensions: x509.Extension[], key: KeyObject): Promise<string> {
  const { signingKey, signingAlgorithm } = await signer(key);
  const usable = await webcrypto.subtle.importKey(
    'spki',
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    importAlgorithm(key),
    true,
    ['verify'],
  );
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    extensions,
    signingAlgorithm,
    keys: { privateKey: signingKey, publicKey: usable } as never,
  });
  return `${request.toString('pem')}\n`;
}

/** A new key of another's kind and size, as PKCS #8 PEM. */
export function newKeyLike(key: KeyObject): string {
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
  if (key.asymmetricKeyType === 'rsa') {
    const modulusLength = Math.max(key.asymmetricKeyDetails?.modulusLength ?? 0, 2048);
    return generateKeyPairSync('rsa', { modulusLength }).privateKey.export(pkcs8) as string;
  }
  if (key.asymmetricKeyType === 'ed25519')
    return generateKeyPairSync('ed25519').privateKey.export(pkcs8) as string;
  const namedCurve = key.asymmetricKeyDetails?.namedCurve ?? 'P-256';
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export(pkcs8) as string;
}

function firstCertificate(pem: string): string {
  const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) throw new Error('there is no certificate in PEM');
  return block;
}

const renamed = (name: x509.Name, commonName: string): x509.Name =>
  new x509.Name(new Uint8Array(withCommonName(Buffer.from(name.toArrayBuffer()), commonName)));

const spki = (key: KeyObject): x509.PublicKey =>
  new x509.PublicKey(new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })));

const CURVES: Readonly<Record<string, readonly [name: string, hash: string]>> = {
  prime256v1: ['P-256', 'SHA-256'],
  secp384r1: ['P-384', 'SHA-384'],
  secp521r1: ['P-521', 'SHA-512'],
};

function importAlgorithm(key: KeyObject) {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || !curve)
    throw new Error(
      `keys of type ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType} cannot be used; RSA, ECDSA on P-256, P-384 or P-521, and Ed25519 can`,
    );
  return { name: 'ECDSA', namedCurve: curve[0], hash: curve[1] };
}

async function signer(key: KeyObject) {
  const algorithm = importAlgorithm(key);
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
  return { signingKey: signingKey as never, signingAlgorithm: algorithm };
}

/** Sixteen random bytes, positive and not zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
