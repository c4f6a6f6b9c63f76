import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { TokenAuthenticator, TokenContext } from './authenticator.ts';

/** What of the wanted audiences is among the accepted ones: in the order wanted, repeats kept (Audiences.Intersect). */
export function intersectAudiences(
  accepted: readonly string[],
  wanted: readonly string[],
): readonly string[] {
  if (accepted === wanted) return wanted;
  return wanted.filter((audience) => accepted.includes(audience));
}

/**
 * Limits a token authenticator that knows nothing of audiences to those of this API: where none of them is wanted the
 * token is not even looked at (apiserver pkg/authentication/authenticator/audagnostic.go).
 */
export function forApiAudiences(
  apiAudiences: readonly string[],
  inner: TokenAuthenticator,
): TokenAuthenticator {
  return {
    name: inner.name,
    authenticateToken(token: string, context: TokenContext, asked?: AuthenticationVerdict[]) {
      const audiences = intersectAudiences(apiAudiences, context.audiences);
      if (audiences.length === 0 && context.audiences.length > 0) {
        return {
          verdict: 'notMine',
          by: inner.name,
          code: 'TOKEN_OTHER_AUDIENCE',
          facts: { wanted: context.audiences },
        };
      }
      const verdict = inner.authenticateToken(token, context, asked);
      return verdict instanceof Promise
        ? verdict.then((v) => withAudiences(v, audiences))
        : withAudiences(verdict, audiences);
    },
  };
}

function withAudiences(verdict: AuthenticationVerdict, audiences: readonly string[]): AuthenticationVerdict {
  return verdict.verdict === 'authenticated' ? { ...verdict, audiences } : verdict;
}
