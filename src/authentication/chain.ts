import { type AuthenticationVerdict, countsAgainst } from '../explain/verdict.ts';
import { isSame } from '../explain/verdict-lists.ts';
import { intersectAudiences } from './audiences.ts';
import { withAuthenticatedGroup } from './authenticated-group.ts';
import type { AuthenticationOutcome, AuthenticationRequest, RequestAuthenticator } from './authenticator.ts';
import type { DenyList } from './revocation/deny-list.ts';
import { broken } from './token-chain.ts';

/**
 * The first door: request authenticators in Kubernetes' order, and the anonymous one behind them.
 *
 * The first that recognises the caller settles it and hides what others refused. Where nobody does, one refusal is
 * enough for 401; anonymous is asked only when all had no opinion. Whoever is recognised by anybody but anonymous is
 * also in `system:authenticated` (pkg/kubeapiserver/authenticator/config.go, apiserver pkg/authentication/request/union).
 * Beyond kube-apiserver a credential that was revoked is refused, whoever vouches for it, as if its authenticator had.
 */
export class AuthenticationChain {
  readonly #steps: readonly RequestAuthenticator[];
  readonly #anonymous: RequestAuthenticator | undefined;
  readonly #revoked: DenyList | undefined;

  constructor(steps: readonly RequestAuthenticator[], anonymous?: RequestAuthenticator, revoked?: DenyList) {
    this.#steps = steps;
    this.#anonymous = anonymous;
    this.#revoked = revoked;
  }

  /**
   * Never throws. The answer is a promise only if one of the authenticators asked gives one. `outcome.verdict` is
   * `authenticated`, or else the request is to be answered with 401.
   */
  authenticate(request: AuthenticationRequest): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    return this.#from(0, request, [], undefined);
  }

  #from(
    start: number,
    request: AuthenticationRequest,
    asked: AuthenticationVerdict[],
    refused: AuthenticationVerdict | undefined,
  ): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    let first = refused;
    for (let i = start; i < this.#steps.length; i++) {
      const step = this.#steps[i]!;
      let verdict: AuthenticationVerdict | Promise<AuthenticationVerdict>;
      try {
        verdict = step.authenticate(request, asked);
      } catch (error) {
        verdict = broken(step.name, error);
      }
      if (verdict instanceof Promise) {
        return verdict
          .catch((error: unknown) => broken(step.name, error))
          .then((settled) => {
            note(asked, settled);
            const judged = this.#judged(settled, request, asked);
            if (judged.verdict === 'authenticated') return accepted(judged, request, asked);
            const earliest = first ?? (countsAgainst(judged) ? judged : undefined);
            return this.#from(i + 1, request, asked, earliest);
          });
      }
      note(asked, verdict);
      const judged = this.#judged(verdict, request, asked);
      if (judged.verdict === 'authenticated') return accepted(judged, request, asked);
      if (countsAgainst(judged)) first ??= judged;
    }
    if (first) return { verdict: first, asked };
    return this.#askAnonymous(request, asked);
  }

  #judged(
    verdict: AuthenticationVerdict,
    request: AuthenticationRequest,
    asked: AuthenticationVerdict[],
  ): AuthenticationVerdict {
    const refused = this.#revoked?.judge(verdict, request);
    if (refused) asked.push(refused);
    return refused ?? verdict;
  }

  #askAnonymous(
    request: AuthenticationRequest,
    asked: AuthenticationVerdict[],
  ): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    if (!this.#anonymous) {
      const verdict: AuthenticationVerdict = {
        verdict: 'refused',
        by: 'chain',
        code: 'NO_CREDENTIALS',
        facts: {},
      };
      return { verdict, asked };
    }
    const settle = (verdict: AuthenticationVerdict): AuthenticationOutcome => {
      asked.push(verdict);
      return { verdict, asked };
    };
    try {
      const verdict = this.#anonymous.authenticate(request);
      if (!(verdict instanceof Promise)) return settle(verdict);
      return verdict.then(settle, (error: unknown) => settle(broken('anonymous', error)));
    } catch (error) {
      return settle(broken('anonymous', error));
    }
  }
}

/** An authenticator made of others hands on the verdict of the one that settled it, which stands there already. */
function note(asked: AuthenticationVerdict[], verdict: AuthenticationVerdict): void {
  if (asked[asked.length - 1] !== verdict) asked.push(verdict);
}

/** A verdict for audiences that nobody asked for does not count, whatever authenticator gave it. */
function accepted(
  verdict: AuthenticationVerdict & { verdict: 'authenticated' },
  request: AuthenticationRequest,
  asked: readonly AuthenticationVerdict[],
): AuthenticationOutcome {
  const { audiences } = verdict;
  if (
    audiences?.length &&
    request.audiences.length &&
    audiences !== request.audiences &&
    intersectAudiences(request.audiences, audiences).length === 0
  ) {
    return {
      verdict: {
        verdict: 'refused',
        by: verdict.by,
        code: 'AUDIENCE_MISMATCH',
        facts: { audiences, wanted: request.audiences },
      },
      asked,
    };
  }
  const before = outcomes.get(verdict);
  if (before && isSame(before.asked, asked)) return before;
  const outcome = { verdict: withAuthenticatedGroup(verdict), asked };
  outcomes.set(verdict, outcome);
  return outcome;
}

/**
 * Callers come again and again with the same credentials: who is recognised by the same verdict after the same others has the same
 * outcome, so that the records of a thousand requests hold one list together. What records hold is what the collector has to move.
 */
const outcomes = new WeakMap<AuthenticationVerdict, AuthenticationOutcome>();
