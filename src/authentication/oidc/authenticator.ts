import { isPromise } from 'node:util/types';
import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import type { Clock } from '../../meta/clock.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { JwtAuthenticatorConfiguration } from '../config/types.ts';
import type { CompactJwt } from '../service-account/jwt.ts';
import type { Claims } from './claims.ts';
import { DistributedClaims } from './distributed-claims.ts';
import { Fault } from './fault.ts';
import type { IdToken } from './id-token.ts';
import type { IssuerClient } from './issuer-client.ts';
import { IssuerVerifier } from './issuer-verifier.ts';
import type { PresentedToken } from './presented-token.ts';
import { type CompiledExpressions, UserMapping } from './user-mapping.ts';

export interface JwtAuthenticatorOptions {
  config: JwtAuthenticatorConfiguration;
  compiled: CompiledExpressions;
  algorithms: readonly string[];
  client: IssuerClient;
  clock: Clock;
  /** Told of each try to ask the issuer for its keys: no words where it answered. */
  tried?(issuer: string, fault?: string): void;
}

const BY = 'jwt';

/** One issuer: verifies its tokens and makes users of them (apiserver plugin/pkg/authenticator/token/oidc/oidc.go). */
export class JwtAuthenticator {
  readonly issuer: string;
  readonly #client: IssuerClient;
  readonly #verifier: IssuerVerifier;
  readonly #distributed: DistributedClaims | undefined;
  readonly #mapping: UserMapping;

  constructor(options: JwtAuthenticatorOptions) {
    const { config, compiled, algorithms, client, clock, tried } = options;
    const { url, discoveryUrl } = config.issuer;
    const audiences = [...new Set(config.issuer.audiences)].sort();
    this.issuer = url;
    this.#client = client;
    this.#verifier = new IssuerVerifier({
      issuer: url,
      discoveryUrl,
      audiences,
      algorithms,
      client,
      clock,
      ...(tried ? { tried: (fault?: string) => tried(url, fault) } : {}),
    });
    const claim = config.claimMappings.groups.claim;
    if (claim !== '')
      this.#distributed = new DistributedClaims({ claim, audiences, algorithms, client, clock });
    this.#mapping = new UserMapping(config, compiled);
  }

  /** Begins to ask the issuer for its keys. */
  start(): void {
    this.#verifier.start();
  }

  /** Asks nobody any more but for tokens on their way. */
  stop(): void {
    this.#verifier.stop();
    this.#distributed?.stop();
  }

  /** Closes its connections. */
  close(): void {
    this.stop();
    this.#client.close();
  }

  /** Why tokens cannot be verified yet; undefined once they can. */
  get fault(): string | undefined {
    return this.#verifier.fault;
  }

  /** Judges a token that says it is of this issuer. */
  authenticate(token: PresentedToken, now: number): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    const verifier = this.#verifier.current;
    if (!verifier) return this.#refused(new Fault('OIDC_NOT_READY'));
    const { jwt } = token;
    const verified = verifier.verify(jwt, now);
    return isPromise(verified)
      ? verified.then((settled) => this.#expand(jwt!, settled, now))
      : this.#expand(jwt!, verified, now);
  }

  #expand(
    jwt: CompactJwt,
    verified: IdToken | Fault,
    now: number,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (verified instanceof Fault) return this.#refused(verified);
    const claims = this.#distributed?.expand(jwt.claims, verified, now) ?? jwt.claims;
    return isPromise(claims) ? claims.then((settled) => this.#user(settled)) : this.#user(claims);
  }

  #user(claims: Claims | Fault): AuthenticationVerdict {
    const user = claims instanceof Fault ? claims : this.#mapping.userOf(claims);
    if (user instanceof Fault) return this.#refused(user);
    return this.#authenticated(user, claims as Claims);
  }

  #authenticated(user: UserInfo, { iat, exp }: Claims): AuthenticationVerdict {
    const issued = typeof iat === 'number' && Number.isFinite(iat) ? { issuedAt: iat * 1000 } : {};
    const facts = { issuer: this.issuer, ...(typeof exp === 'number' ? { expiry: exp } : {}) };
    return { verdict: 'authenticated', by: BY, code: 'OIDC', facts, user, ...issued };
  }

  #refused({ code, facts }: Fault): AuthenticationVerdict {
    return { verdict: 'refused', by: BY, code, facts: { issuer: this.issuer, ...facts } };
  }
}
