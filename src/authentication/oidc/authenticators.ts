import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import type { TokenAuthenticator, TokenContext } from '../authenticator.ts';
import type { JwtAuthenticator } from './authenticator.ts';
import { presentedToken } from './presented-token.ts';

/** Connections of issuers that are gone stay this long, for tokens on their way. */
const RETIRE_MS = 60_000;

/**
 * The JWT authenticators of a configuration. Issuers are told apart by `iss`, so one of them at most has a say in a token.
 */
export class JwtAuthenticators {
  readonly #byIssuer: ReadonlyMap<string, JwtAuthenticator>;

  constructor(authenticators: readonly JwtAuthenticator[]) {
    this.#byIssuer = new Map(authenticators.map((one) => [one.issuer, one]));
  }

  start(): void {
    for (const one of this.#byIssuer.values()) one.start();
  }

  close(): void {
    for (const one of this.#byIssuer.values()) one.close();
  }

  /** Asks no issuer any more, and closes connections once tokens on their way have had their time. */
  retire(): void {
    for (const one of this.#byIssuer.values()) one.stop();
    setTimeout(() => this.close(), RETIRE_MS).unref();
  }

  /** Why an issuer's tokens cannot be verified yet, one text for each such issuer. */
  faults(): string[] {
    return [...this.#byIssuer.values()]
      .filter(({ fault }) => fault !== undefined)
      .map(({ issuer, fault }) => `oidc: authenticator for issuer "${issuer}" is not healthy: ${fault}`);
  }

  authenticateToken(
    token: string,
    context: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    if (this.#byIssuer.size === 0) return NO_ISSUERS;
    const presented = presentedToken(token);
    if (!presented) return NOT_A_JWT;
    const authenticator = this.#byIssuer.get(presented.issuer);
    return authenticator ? authenticator.authenticate(presented, context.now) : OTHER_ISSUER;
  }
}

const notMine = (code: string): AuthenticationVerdict => ({ verdict: 'notMine', by: 'jwt', code, facts: {} });
const NO_ISSUERS = notMine('OIDC_NO_ISSUERS');
const NOT_A_JWT = notMine('OIDC_NOT_A_JWT');
const OTHER_ISSUER = notMine('OIDC_OTHER_ISSUER');

/** JWT authenticators that a new configuration may replace. */
export class ReplaceableJwtAuthenticators implements TokenAuthenticator {
  readonly name = 'jwt';
  #current: JwtAuthenticators;

  constructor(current: JwtAuthenticators) {
    this.#current = current;
  }

  get current(): JwtAuthenticators {
    return this.#current;
  }

  replace(next: JwtAuthenticators): void {
    this.#current.retire();
    this.#current = next;
  }

  authenticateToken(
    token: string,
    context: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    return this.#current.authenticateToken(token, context);
  }
}
