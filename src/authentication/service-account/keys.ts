import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** A key that ServiceAccount tokens may be signed with. */
export interface VerificationKey {
  /** base64url(SHA-256(SubjectPublicKeyInfo)), as the header of a token names it. */
  kid: string;
  key: KeyObject;
  /** The algorithm tokens are issued with under this key: RS256, ES256, ES384 or ES512. */
  algorithm: string;
}

/** Public keys, looked up by the `kid` of a token; they may be others after a reload. */
export interface KeySource {
  current(): KeySet;
  onChange(handler: (keys: KeySet) => void): () => void;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

/** Keys in the order of the flags and of the files; a key held twice counts twice. */
export class KeySet {
  readonly all: readonly VerificationKey[];
  readonly #byKid = new Map<string, VerificationKey[]>();

  constructor(keys: readonly KeyObject[]) {
    this.all = keys.map((key) => ({ kid: keyId(key), key, algorithm: issuingAlgorithm(key) }));
    for (const key of this.all) this.#byKid.set(key.kid, [...(this.#byKid.get(key.kid) ?? []), key]);
  }

  /** The keys a token with this `kid` can have been signed with; all of them where it names none. */
  find(kid: string): readonly VerificationKey[] {
    return kid === '' ? this.all : (this.#byKid.get(kid) ?? []);
  }
}

export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

const CURVES: Record<string, string> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** What tokens are signed with under a key, public or private (pkg/serviceaccount/jwt.go). Throws for other keys. */
export function issuingAlgorithm(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const curve =
    key.asymmetricKeyType === 'ec' ? CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined;
  if (curve) return curve;
  throw new Error('unknown public key type, must be an RSA key or an ECDSA key on P-256, P-384 or P-521');
}

/**
 * Every RSA and ECDSA key of a PEM file: public keys, certificates' keys, and the public half of private keys. Other
 * blocks are passed over; without any key it throws (client-go util/keyutil/key.go).
 */
export function parsePublicKeysPem(pem: string): KeyObject[] {
  const keys = blocks(pem)
    .map(publicKeyOf)
    .filter((key) => key !== undefined);
  if (keys.length === 0) throw new Error('data does not contain any valid RSA or ECDSA public keys');
  return keys;
}

/** The first RSA or ECDSA private key of a PEM file; throws without one. */
export function parsePrivateKeyPem(pem: string): KeyObject {
  for (const { type, text } of blocks(pem)) {
    if (!type.endsWith('PRIVATE KEY')) continue;
    const key = attempt(() => createPrivateKey(text));
    if (key && usable(key)) return key;
  }
  throw new Error('data does not contain a valid RSA or ECDSA private key');
}

function blocks(pem: string): { type: string; text: string }[] {
  return [...pem.matchAll(BLOCK)].map((m) => ({ type: m[1]!, text: m[0] }));
}

function publicKeyOf({ type, text }: { type: string; text: string }): KeyObject | undefined {
  const key =
    type === 'CERTIFICATE'
      ? attempt(() => new X509Certificate(text).publicKey)
      : attempt(() => createPublicKey(text));
  return key && usable(key) ? key : undefined;
}

const usable = (key: KeyObject): boolean => key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec';

function attempt(make: () => KeyObject): KeyObject | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
