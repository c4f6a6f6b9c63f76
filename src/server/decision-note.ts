import type { AuthenticationOutcome } from '../authentication/authenticator.ts';
import type { AuthorizationOutcome } from '../authorization/authorizer.ts';
import type { DecisionRecord, KeptDecision } from '../explain/record.ts';
import type { RequestSummary } from '../explain/request-summary.ts';
import type { UserInfo } from '../meta/user.ts';
import { type RequestInfo, requestInfo } from '../request/request-info.ts';
import type { Exchange } from './exchange.ts';

const NO_QUERY = new URLSearchParams();

/**
 * What is noted of a request on its way, of which a decision record is made when somebody reads it. Thousands of these are
 * kept, each for a while, which is what a collector of young garbage is worst at: so a note is one object, and what it holds
 * is either its own few strings or shared with other notes.
 */
export class DecisionNote implements KeptDecision {
  readonly id: string;
  readonly at: number;
  impersonation: DecisionRecord['impersonation'] = undefined;
  flowControl: DecisionRecord['flowControl'] = undefined;
  admission: DecisionRecord['admission'] = undefined;
  status: number | undefined = undefined;
  micros: number | undefined = undefined;
  /** Whether it took longer than it may. */
  timedOut = false;
  /** Whom authentication recognised. */
  caller: UserInfo | undefined = undefined;
  /** What authorization decided; undefined where it was not asked. */
  decision: AuthorizationOutcome['decision'] | undefined = undefined;
  readonly #method: string;
  readonly #target: string;
  readonly #verb: string;
  /** Where a query may have made another one of the path's. */
  readonly #name: string | undefined;
  readonly #remoteAddress: string;
  readonly #userAgent: string;
  #authenticators: AuthenticationOutcome['asked'] | undefined = undefined;
  #authenticationMicros = 0;
  #authorizers: AuthorizationOutcome['asked'] | undefined = undefined;
  #authorizationMicros = 0;

  constructor(id: string, at: number, exchange: Exchange, info: RequestInfo) {
    this.id = id;
    this.at = at;
    this.#method = exchange.method;
    this.#target = exchange.path;
    this.#verb = info.verb;
    this.#name = exchange.query === '' ? undefined : info.name;
    this.#remoteAddress = exchange.remoteAddress;
    this.#userAgent = exchange.header('user-agent') ?? '';
  }

  /** @param caller undefined: nobody that is known */
  authenticated(asked: AuthenticationOutcome['asked'], micros: number, caller: UserInfo | undefined): void {
    this.#authenticators = asked;
    this.#authenticationMicros = micros;
    this.caller = caller;
  }

  authorized({ decision, asked }: AuthorizationOutcome, micros: number): void {
    this.decision = decision;
    this.#authorizers = asked;
    this.#authorizationMicros = micros;
  }

  get isRefused(): boolean {
    const { status, admission } = this;
    const isDenied = admission?.some(({ outcome }) => outcome === 'denied') ?? false;
    return status === 401 || status === 403 || isDenied || this.flowControl !== undefined;
  }

  /** The authorizer asked last, which decided or was the last without an opinion. */
  get decidedBy(): string | undefined {
    return this.#authorizers?.at(-1)?.by;
  }

  record(): DecisionRecord {
    const { id, at, impersonation, flowControl, admission, status, micros, caller, decision } = this;
    return {
      id,
      at,
      request: this.#summary(),
      ...(this.#authenticators
        ? {
            authentication: {
              micros: this.#authenticationMicros,
              asked: this.#authenticators,
              ...(caller ? { user: caller } : {}),
            },
          }
        : {}),
      ...(impersonation ? { impersonation } : {}),
      ...(flowControl ? { flowControl } : {}),
      ...(this.#authorizers && decision !== undefined
        ? { authorization: { micros: this.#authorizationMicros, decision, asked: this.#authorizers } }
        : {}),
      ...(admission ? { admission } : {}),
      ...(status === undefined ? {} : { status }),
      ...(micros === undefined ? {} : { micros }),
    };
  }

  #summary(): RequestSummary {
    const info = requestInfo(this.#method, this.#target, NO_QUERY);
    return {
      method: this.#method,
      path: info.path,
      verb: this.#verb,
      apiGroup: info.apiGroup,
      apiVersion: info.apiVersion,
      namespace: info.namespace,
      resource: info.resource,
      subresource: info.subresource,
      name: this.#name ?? info.name,
      remoteAddress: this.#remoteAddress,
      userAgent: this.#userAgent,
    };
  }
}
