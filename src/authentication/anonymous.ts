import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { ANONYMOUS, UNAUTHENTICATED } from '../meta/user.ts';
import type { AuthenticationRequest, RequestAuthenticator } from './authenticator.ts';

/**
 * Takes whoever brings no credentials for `system:anonymous`: everywhere, or on the paths listed in
 * AuthenticationConfiguration's `anonymous.conditions`, compared with the decoded path as they stand
 * (apiserver pkg/authentication/request/anonymous/anonymous.go).
 */
export class AnonymousAuthenticator implements RequestAuthenticator {
  readonly name = 'anonymous';
  readonly #paths: ReadonlySet<string> | undefined;

  /** @param paths the only paths on which anonymous is let in; none: everywhere. */
  constructor(paths: readonly string[] = []) {
    this.#paths = paths.length ? new Set(paths) : undefined;
  }

  authenticate(request: AuthenticationRequest): AuthenticationVerdict {
    if (this.#paths && !this.#paths.has(request.path)) {
      return {
        verdict: 'notMine',
        by: this.name,
        code: 'ANONYMOUS_OTHER_PATH',
        facts: { path: request.path },
      };
    }
    return {
      verdict: 'authenticated',
      by: this.name,
      code: 'ANONYMOUS',
      facts: {},
      user: USER,
      audiences: request.audiences,
    };
  }
}

const USER = { name: ANONYMOUS, groups: [UNAUTHENTICATED] } as const;
