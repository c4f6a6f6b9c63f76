import { constants, type KeyObject, sign, verify } from 'node:crypto';

/** A compact JWS taken apart, nothing of it verified (RFC 7515 section 7.1). */
export interface CompactJwt {
  /** Empty where the header names none. */
  algorithm: string;
  kid: string;
  /** The header has extensions that must be understood (`crit`), which none of ours are. */
  critical: boolean;
  claims: Record<string, unknown>;
  /** What the signature covers. */
  signed: string;
  signature: Uint8Array;
}

const RAW_BASE64URL = /^[A-Za-z0-9_-]*$/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes a token apart; undefined where it is not a JWT in the compact form. */
export function parseJwt(token: string): CompactJwt | undefined {
  const first = token.indexOf('.');
  const second = first < 0 ? -1 : token.indexOf('.', first + 1);
  if (second < 0 || token.indexOf('.', second + 1) >= 0) return undefined;
  const header = jsonObject(token.slice(0, first));
  if (!header || !isText(header.alg) || !isText(header.kid) || !isText(header.nonce)) return undefined;
  const claims = jsonObject(token.slice(first + 1, second));
  const encoded = token.slice(second + 1);
  if (!claims || !isRawBase64Url(encoded)) return undefined;
  return {
    algorithm: (header.alg as string | null | undefined) ?? '',
    kid: (header.kid as string | null | undefined) ?? '',
    critical: header.crit !== undefined || header.b64 !== undefined,
    claims,
    signed: token.slice(0, second),
    signature: Buffer.from(encoded, 'base64url'),
  };
}

/**
 * The `iss` of what may be a JWT, read without looking at anything else: what decides whose token it is. Undefined
 * where there is none.
 */
export function unverifiedIssuer(token: string): string | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const issuer = jsonObject(parts[1]!)?.iss;
  return typeof issuer === 'string' ? issuer : undefined;
}

const isText = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string';

const isRawBase64Url = (text: string): boolean => text.length % 4 !== 1 && RAW_BASE64URL.test(text);

function jsonObject(encoded: string): Record<string, unknown> | undefined {
  if (!isRawBase64Url(encoded)) return undefined;
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(Buffer.from(encoded, 'base64url')));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

interface Algorithm {
  hash: string;
  keyType: 'rsa' | 'ec';
  padding?: number;
  saltLength?: number;
  curve?: string;
  signatureBytes?: number;
}

const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const;

/** The asymmetric algorithms of RFC 7518 section 3.1. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  PS256: { hash: 'sha256', keyType: 'rsa', ...PSS },
  PS384: { hash: 'sha384', keyType: 'rsa', ...PSS },
  PS512: { hash: 'sha512', keyType: 'rsa', ...PSS },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', signatureBytes: 64 },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', signatureBytes: 96 },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1', signatureBytes: 132 },
};

const hasAlgorithm = (name: string): boolean => Object.hasOwn(ALGORITHMS, name);

/** Whether a JWT's signature was made with this key by the algorithm its header names, and the key fits that. */
export function verifyJwt(jwt: CompactJwt, key: KeyObject): boolean {
  if (jwt.critical || !hasAlgorithm(jwt.algorithm)) return false;
  const algorithm = ALGORITHMS[jwt.algorithm]!;
  if (key.asymmetricKeyType !== algorithm.keyType) return false;
  try {
    const data = Buffer.from(jwt.signed);
    if (algorithm.keyType === 'rsa') {
      const { hash, padding, saltLength } = algorithm;
      return verify(hash, data, padding ? { key, padding, saltLength: saltLength! } : key, jwt.signature);
    }
    if (key.asymmetricKeyDetails?.namedCurve !== algorithm.curve) return false;
    if (jwt.signature.length !== algorithm.signatureBytes) return false;
    return verify(algorithm.hash, data, { key, dsaEncoding: 'ieee-p1363' }, jwt.signature);
  } catch {
    return false;
  }
}

/** Makes a compact JWT. Names of the payload are written in order, as go-jose writes them. */
export function signJwt(claims: object, header: { alg: string; kid: string }, key: KeyObject): string {
  const { hash, keyType, padding, saltLength } = ALGORITHMS[header.alg]!;
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(sorted(claims))}`;
  const data = Buffer.from(signed);
  const rsaKey = padding ? { key, padding, saltLength: saltLength! } : key;
  const signature = sign(hash, data, keyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : rsaKey);
  return `${signed}.${signature.toString('base64url')}`;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, v]) => [name, sorted(v)]));
}
