import type { AuthenticationVerdict, Facts } from '../../explain/verdict.ts';
import type { KubeObject } from '../../meta/object.ts';
import { intersectAudiences } from '../audiences.ts';
import type { TokenAuthenticator, TokenContext } from '../authenticator.ts';
import { validateBound } from './bound-validator.ts';
import {
  type BoundClaims,
  ClaimError,
  LEGACY_ISSUER,
  type LegacyClaims,
  type PublicClaims,
  readBoundClaims,
  readLegacyClaims,
  readPublicClaims,
} from './claims.ts';
import { type CompactJwt, parseJwt, verifyJwt } from './jwt.ts';
import type { KeySource } from './keys.ts';
import { needsUseNoted, validateLegacy } from './legacy-validator.ts';
import { judgeByObjects, type TokenObjects } from './objects.ts';

export interface ServiceAccountAuthenticatorOptions {
  /** `--service-account-issuer`: all of them are accepted. */
  issuers: readonly string[];
  /** `--service-account-key-file` */
  keys: KeySource;
  /** `--api-audiences`, or the issuers where that flag is not given. */
  apiAudiences: readonly string[];
  objects: TokenObjects;
  /** `--service-account-lookup` */
  lookup: boolean;
  /** Labels a legacy token's Secret with the day of its use; failures are its own to report. */
  noteUse(secret: KubeObject, now: number): Promise<void>;
}

/** Tokens of ServiceAccounts, bound and legacy: pkg/serviceaccount/jwt.go. */
export function createServiceAccountAuthenticator(
  options: ServiceAccountAuthenticatorOptions,
): TokenAuthenticator {
  return new ServiceAccountAuthenticator(options);
}

const BY = 'service-account';

class ServiceAccountAuthenticator implements TokenAuthenticator {
  readonly name = BY;
  readonly #options: ServiceAccountAuthenticatorOptions;
  readonly #issuers: ReadonlySet<string>;

  constructor(options: ServiceAccountAuthenticatorOptions) {
    this.#options = options;
    this.#issuers = new Set(options.issuers);
  }

  authenticateToken(
    token: string,
    context: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    const jwt = parseJwt(token);
    if (!jwt) return NO_JWT;
    const issuer = typeof jwt.claims.iss === 'string' ? jwt.claims.iss : '';
    const legacy = issuer === LEGACY_ISSUER;
    const bound = this.#issuers.has(issuer);
    if (!legacy && !bound) return notMine('SA_OTHER_ISSUER', { issuer });

    const unsigned = this.#checkSignature(jwt);
    if (unsigned) return unsigned;
    try {
      const claims = readPublicClaims(jwt.claims);
      const ownLegacy = legacy ? readLegacyClaims(jwt.claims) : undefined;
      const ownBound = bound ? readBoundClaims(jwt.claims) : undefined;
      const audiences = this.#audiences(claims, context);
      if ('verdict' in audiences) return audiences;
      if (!ownLegacy) return this.#bound(ownBound!, claims, audiences, context);
      const verdict = this.#legacy(token, ownLegacy, claims, audiences, context);
      if (!ownBound) return verdict;
      // Only if somebody gave the legacy issuer as one of his own: then both kinds may bear it.
      const next = (v: AuthenticationVerdict) =>
        v.verdict === 'authenticated' ? v : this.#bound(ownBound, claims, audiences, context);
      return verdict instanceof Promise ? verdict.then(next) : next(verdict);
    } catch (error) {
      if (error instanceof ClaimError) return refused('SA_CLAIM_TYPE', { reason: error.message });
      throw error;
    }
  }

  #checkSignature(jwt: CompactJwt): AuthenticationVerdict | undefined {
    const keys = this.#options.keys.current().find(jwt.kid);
    if (keys.length === 0) return refused('SA_NO_KEY', { kid: jwt.kid });
    if (keys.some(({ key }) => verifyJwt(jwt, key))) return undefined;
    return refused('SA_SIGNATURE', { algorithm: jwt.algorithm, keysTried: keys.length });
  }

  /** What of the wanted audiences the token has; without any of its own it is meant for the API's. */
  #audiences(claims: PublicClaims, context: TokenContext): readonly string[] | AuthenticationVerdict {
    const { apiAudiences } = this.#options;
    let own = claims.audience;
    if (own.length === 0) {
      context.annotate?.('authentication.k8s.io/legacy-token', claims.subject);
      own = apiAudiences;
    }
    const wanted = context.audiences.length ? context.audiences : apiAudiences;
    const shared = intersectAudiences(own, wanted);
    if (shared.length === 0 && apiAudiences.length) return refused('SA_AUDIENCE', { audiences: own, wanted });
    return shared;
  }

  #bound(
    own: BoundClaims,
    claims: PublicClaims,
    audiences: readonly string[],
    context: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    return judgeByObjects(this.#options.objects, (lookup) =>
      validateBound(claims, own, audiences, context, lookup),
    );
  }

  #legacy(
    token: string,
    own: LegacyClaims,
    claims: PublicClaims,
    audiences: readonly string[],
    context: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (!this.#options.lookup)
      return validateLegacy(token, claims, own, audiences, context, undefined).verdict;
    const judged = judgeByObjects(this.#options.objects, (lookup) =>
      validateLegacy(token, claims, own, audiences, context, lookup),
    );
    const finish = ({ verdict, used }: Awaited<typeof judged>) => {
      if (!used || !needsUseNoted(used, context.now)) return verdict;
      return this.#options.noteUse(used, context.now).then(
        () => verdict,
        () => verdict,
      );
    };
    return judged instanceof Promise ? judged.then(finish) : finish(judged);
  }
}

const notMine = (code: string, facts: Facts): AuthenticationVerdict => ({
  verdict: 'notMine',
  by: BY,
  code,
  facts,
});
const refused = (code: string, facts: Facts): AuthenticationVerdict => ({
  verdict: 'refused',
  by: BY,
  code,
  facts,
});

const NO_JWT = notMine('SA_NO_JWT', {});
