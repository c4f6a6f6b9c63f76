import { type CompactJwt, parseJwt, unverifiedIssuer } from '../service-account/jwt.ts';
import { NumberOutOfRange, wellFormedClaims } from './claims.ts';
import { unverifiedIssuerOf } from './id-token.ts';

/** A token as it was handed in, taken apart once for all issuers. Nothing of it is verified. */
export interface PresentedToken {
  /** Whose it says it is. */
  issuer: string;
  /** Undefined where the header or the signature cannot be read. */
  jwt: CompactJwt | undefined;
}

const GOOGLE = 'https://accounts.google.com';
const GOOGLE_OF_OLD = 'accounts.google.com';

/** Undefined for what is no JWT in the compact form, or says of no issuer. */
export function presentedToken(token: string): PresentedToken | undefined {
  const read = parseJwt(token);
  if (!read) {
    const issuer = unverifiedIssuer(token);
    return issuer === undefined ? undefined : { issuer: issuerName(issuer), jwt: undefined };
  }
  try {
    const jwt = { ...read, claims: wellFormedClaims(read.claims) as Record<string, unknown> };
    const issuer = unverifiedIssuerOf(jwt.claims);
    return issuer === undefined ? undefined : { issuer: issuerName(issuer), jwt };
  } catch (error) {
    // Nested deeper than the stack is: nobody's token.
    if (error instanceof NumberOutOfRange || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Google once left the scheme out, and go-oidc still takes that. */
export const issuerName = (issuer: string): string => (issuer === GOOGLE_OF_OLD ? GOOGLE : issuer);
