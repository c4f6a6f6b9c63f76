import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import { StatusError, unknownError } from '../meta/status.ts';
import { type Impersonated, LastModes } from './caches.ts';
import { checkWith, type ImpersonationAuthorizer } from './checks.ts';
import { legacyDump, type RequestHeaders, readImpersonation } from './headers.ts';
import { type Attempt, allModes, legacyMode, type Mode } from './modes.ts';

export interface ImpersonationOptions {
  authorizer: ImpersonationAuthorizer;
  /** The feature gate ConstrainedImpersonation; default on, as in v1.36. Off: the legacy mode alone. */
  constrained?: boolean;
}

/** The caller as he wants to be, or the answer he gets instead. */
export type ImpersonationResult = Impersonated | { error: StatusError };

/**
 * Lets callers act as somebody else by Impersonate-* headers (apiserver pkg/endpoints/filters/impersonation; KEP-5284).
 *
 * Modes are tried from the most to the least constrained, the one that last worked for the caller first. The first
 * success counts; where there is none the first 403 is the answer.
 */
export class Impersonation {
  readonly #authorizer: ImpersonationAuthorizer;
  readonly #modes: readonly Mode[];
  readonly #constrained: boolean;
  readonly #lastModes = new LastModes();

  constructor(options: ImpersonationOptions) {
    this.#authorizer = options.authorizer;
    this.#constrained = options.constrained ?? true;
    this.#modes = this.#constrained ? allModes() : [legacyMode()];
  }

  /**
   * Undefined where the request does not ask to be somebody else, which is found out without a promise.
   *
   * @param attributes the request's, with its caller as the user
   * @param now milliseconds since 1970
   */
  impersonate(
    headers: RequestHeaders,
    attributes: AuthorizationAttributes,
    now: number,
  ): ImpersonationResult | Promise<ImpersonationResult> | undefined {
    const read = readImpersonation(headers, this.#constrained ? undefined : legacyDump);
    if (!read || 'error' in read) return read;
    return this.#become({ wanted: read.wanted, attributes, check: checkWith(this.#authorizer), now });
  }

  async #become(attempt: Attempt): Promise<ImpersonationResult> {
    const caller = attempt.attributes.user.name;
    const last = this.#lastModes.get(caller);
    const order = this.#modes.map((_, i) => i);
    if (last !== undefined) order.unshift(...order.splice(last, 1));
    let first: StatusError | undefined;
    for (const i of order) {
      try {
        const impersonated = await this.#modes[i]!.try(attempt);
        if (!impersonated) continue;
        if (i !== last) this.#lastModes.set(caller, i);
        return impersonated;
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        first ??= error;
      }
    }
    return { error: first ?? unknownError('all impersonation modes failed') };
  }
}
