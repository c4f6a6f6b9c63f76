import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { TokenAuthenticator, TokenContext } from './authenticator.ts';

/**
 * Asks token authenticators one after the other; the first that recognises the token settles it, and a refusal by one
 * does not keep the next from being asked (apiserver pkg/authentication/token/union/union.go). Makes no promise as
 * long as none of them does. Where nobody recognises the token the first refusal is the answer, else `notMine`.
 */
export class TokenChain implements TokenAuthenticator {
  readonly name = 'tokens';
  readonly #steps: readonly TokenAuthenticator[];

  constructor(steps: readonly TokenAuthenticator[]) {
    this.#steps = steps;
  }

  authenticateToken(
    token: string,
    context: TokenContext,
    asked?: AuthenticationVerdict[],
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    return this.#from(0, token, context, asked, undefined);
  }

  #from(
    start: number,
    token: string,
    context: TokenContext,
    asked: AuthenticationVerdict[] | undefined,
    refused: AuthenticationVerdict | undefined,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    let first = refused;
    for (let i = start; i < this.#steps.length; i++) {
      const step = this.#steps[i]!;
      let verdict: AuthenticationVerdict | Promise<AuthenticationVerdict>;
      try {
        verdict = step.authenticateToken(token, context);
      } catch (error) {
        verdict = broken(step.name, error);
      }
      if (verdict instanceof Promise) {
        return verdict
          .catch((error: unknown) => broken(step.name, error))
          .then((settled) => {
            asked?.push(settled);
            if (settled.verdict === 'authenticated') return settled;
            const earliest = first ?? (settled.verdict === 'refused' ? settled : undefined);
            return this.#from(i + 1, token, context, asked, earliest);
          });
      }
      asked?.push(verdict);
      if (verdict.verdict === 'authenticated') return verdict;
      if (verdict.verdict === 'refused') first ??= verdict;
    }
    return first ?? { verdict: 'notMine', by: this.name, code: 'TOKEN_UNKNOWN', facts: {} };
  }
}

/** An authenticator that broke lets nobody in. Its error's class is kept, not its words: they might hold the credential. */
export function broken(by: string, error: unknown): AuthenticationVerdict {
  const kind = error instanceof Error ? error.name : typeof error;
  return { verdict: 'refused', by, code: 'AUTHENTICATOR_BROKE', facts: { kind } };
}
