import type { AuthenticationOutcome } from '../authentication/authenticator.ts';
import type { AuthorizationOutcome } from '../authorization/authorizer.ts';
import { countsAgainst } from '../explain/verdict.ts';
import { refusalsText } from '../explain/words/authentication.ts';

/** The line that tells the operator why a request was turned away. */
export function refusalWords(
  door: 'authentication' | 'impersonation' | 'authorization',
  outcome: unknown,
): string {
  if (door === 'authentication') {
    const { asked } = outcome as AuthenticationOutcome;
    const refused = asked.some(countsAgainst);
    return `Unable to authenticate the request: ${refused ? refusalsText([], asked) : 'no credentials, and anonymous requests are off'}`;
  }
  if (door === 'impersonation') return `Impersonation refused: ${(outcome as Error).message}`;
  const { reason, error, asked } = outcome as AuthorizationOutcome;
  const codes = asked.map((verdict) => `${verdict.by} ${verdict.code}`).join(', ');
  return `Forbidden: ${error ?? (reason || 'no authorizer allows it')} (${codes})`;
}
