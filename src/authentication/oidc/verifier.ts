import { isPromise } from 'node:util/types';
import type { CompactJwt } from '../service-account/jwt.ts';
import { Fault } from './fault.ts';
import { type IdToken, readIdToken } from './id-token.ts';
import type { KeySet } from './key-set.ts';
import { issuerName } from './presented-token.ts';

/** How far the clocks of issuers may be ahead, for `nbf` alone. */
const NOT_BEFORE_LEEWAY_MS = 60_000;

/** The algorithms of RFC 7518 section 3.1 that an issuer can sign with and nobody else. */
export const SIGNING_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;

export interface VerifierOptions {
  issuer: string;
  /** One of them has to be among the token's. Never empty. */
  audiences: readonly string[];
  algorithms: readonly string[];
  keys: KeySet;
}

/** Verifies ID tokens of one issuer, in the order and with the words of go-oidc's verify.go. */
export class IdTokenVerifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * The token's registered claims, or why it is refused. A promise only where keys have to be fetched.
   * @param jwt undefined for a token whose header or signature cannot be read
   * @param now milliseconds since 1970
   */
  verify(jwt: CompactJwt | undefined, now: number): IdToken | Fault | Promise<IdToken | Fault> {
    if (!jwt) return new Fault('OIDC_MALFORMED');
    const { algorithms, keys } = this.#options;
    if (!algorithms.includes(jwt.algorithm)) {
      return new Fault('OIDC_ALGORITHM', { expected: algorithms, found: jwt.algorithm });
    }
    const signature = keys.verify(jwt);
    if (isPromise(signature)) return signature.then((fault) => fault ?? this.#judge(jwt, now));
    return signature ?? this.#judge(jwt, now);
  }

  #judge(jwt: CompactJwt, now: number): IdToken | Fault {
    const token = readIdToken(jwt.claims);
    if ('reason' in token) return new Fault('OIDC_CLAIM_TYPE', { reason: token.reason });
    for (const source of Object.values(token.claimNames)) {
      if (source === '') return new Fault('OIDC_CLAIM_SOURCE_UNNAMED');
      if (!Object.hasOwn(token.claimSources, source)) return new Fault('OIDC_CLAIM_SOURCE_UNKNOWN');
    }
    const { issuer, audiences } = this.#options;
    if (issuerName(token.issuer) !== issuer) {
      return new Fault('OIDC_ISSUER', { expected: issuer, found: token.issuer });
    }
    const meant = audiences.some((audience) => token.audience.includes(audience));
    const otherAudience = (): Fault =>
      new Fault('OIDC_AUDIENCE', { expected: audiences, found: token.audience });
    // With several audiences, times are looked at first.
    if (!meant && audiences.length === 1) return otherAudience();
    return timeFault(token, now) ?? (meant ? token : otherAudience());
  }
}

function timeFault({ expiry, notBefore }: IdToken, now: number): Fault | undefined {
  if (expiry === undefined) return new Fault('OIDC_EXPIRED', { now });
  if (expiry * 1000 < now) return new Fault('OIDC_EXPIRED', { expiry, now });
  if (notBefore !== undefined && now + NOT_BEFORE_LEEWAY_MS < notBefore * 1000) {
    return new Fault('OIDC_NOT_YET_VALID', { notBefore, now });
  }
  return undefined;
}
