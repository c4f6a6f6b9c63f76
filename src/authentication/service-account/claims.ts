/** The claims of ServiceAccount tokens (pkg/serviceaccount/claims.go, legacy.go; RFC 7519 section 4.1). */

/** A name and uid of something in the private claims; either may be empty. */
export interface ClaimedObject {
  name: string;
  uid: string;
}

/** Claims that every JWT may have, with Go's types. Times in seconds since 1970. */
export interface PublicClaims {
  issuer: string;
  subject: string;
  audience: readonly string[];
  id: string;
  expiry?: number;
  notBefore?: number;
  issuedAt?: number;
}

/** What stands under `kubernetes.io` in a bound token. */
export interface BoundClaims {
  namespace: string;
  serviceAccount: ClaimedObject;
  pod?: ClaimedObject;
  secret?: ClaimedObject;
  node?: ClaimedObject;
  warnAfter?: number;
}

/** The private claims of a token that is kept in a Secret. */
export interface LegacyClaims {
  namespace: string;
  secretName: string;
  serviceAccountName: string;
  serviceAccountUid: string;
}

/** A claim of the wrong type, in the words of Go's JSON decoder. */
export class ClaimError extends Error {}

export const LEGACY_ISSUER = 'kubernetes/serviceaccount';

export const LEGACY = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secretName: 'kubernetes.io/serviceaccount/secret.name',
  serviceAccountName: 'kubernetes.io/serviceaccount/service-account.name',
  serviceAccountUid: 'kubernetes.io/serviceaccount/service-account.uid',
} as const;

/** @throws ClaimError */
export function readPublicClaims(claims: Record<string, unknown>): PublicClaims {
  const expiry = time(claims.exp);
  const notBefore = time(claims.nbf);
  const issuedAt = time(claims.iat);
  return {
    issuer: text(claims.iss),
    subject: text(claims.sub),
    audience: audience(claims.aud),
    id: text(claims.jti),
    ...(expiry === undefined ? {} : { expiry }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
  };
}

/** @throws ClaimError */
export function readBoundClaims(claims: Record<string, unknown>): BoundClaims {
  const own = object(claims['kubernetes.io'], 'serviceaccount.kubernetes') ?? {};
  const pod = claimedObject(own.pod);
  const secret = claimedObject(own.secret);
  const node = claimedObject(own.node);
  const warnAfter = time(own.warnafter);
  return {
    namespace: text(own.namespace),
    serviceAccount: claimedObject(own.serviceaccount) ?? { name: '', uid: '' },
    ...(pod ? { pod } : {}),
    ...(secret ? { secret } : {}),
    ...(node ? { node } : {}),
    ...(warnAfter === undefined ? {} : { warnAfter }),
  };
}

/** @throws ClaimError */
export function readLegacyClaims(claims: Record<string, unknown>): LegacyClaims {
  return {
    namespace: text(claims[LEGACY.namespace]),
    secretName: text(claims[LEGACY.secretName]),
    serviceAccountName: text(claims[LEGACY.serviceAccountName]),
    serviceAccountUid: text(claims[LEGACY.serviceAccountUid]),
  };
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw mismatch(value, 'string');
}

function audience(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new ClaimError('go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience');
}

/** Whole seconds: a fraction is cut off, as Go does. */
function time(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return Math.trunc(value);
  throw new ClaimError('go-jose/go-jose/jwt: expected number value to unmarshal NumericDate');
}

function object(value: unknown, type: string): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw mismatch(value, type);
}

function claimedObject(value: unknown): ClaimedObject | undefined {
  const fields = object(value, 'serviceaccount.ref');
  return fields && { name: text(fields.name), uid: text(fields.uid) };
}

function mismatch(value: unknown, type: string): ClaimError {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new ClaimError(`json: cannot unmarshal ${kind} into Go value of type ${type}`);
}
