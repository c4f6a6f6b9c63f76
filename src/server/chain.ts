import type { AuthenticationOutcome, AuthenticationRequest } from '../authentication/authenticator.ts';
import type { AuthenticationChain } from '../authentication/chain.ts';
import { requestAttributes } from '../authorization/attributes.ts';
import type { AuthorizationAttributes, AuthorizationOutcome } from '../authorization/authorizer.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { authorizationErrorText, forbiddenStatus } from '../authorization/forbidden.ts';
import type { DecisionRing } from '../explain/record.ts';
import { MissingImpersonationRight } from '../impersonation/checks.ts';
import type { Clock } from '../meta/clock.ts';
import { parseDuration } from '../meta/duration.ts';
import { internalError, type StatusError, unauthorizedError } from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import { deadlineFault } from '../request/deadline.ts';
import { answerBytes, answerStatus } from './answer.ts';
import { ApiRequest } from './api-request.ts';
import { AuthenticationQuestion } from './authentication-question.ts';
import type { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { RefusalExplainer } from './explain-refusal.ts';
import type { FlowControl } from './flow-control/priority-and-fairness.ts';
import { knownFailure } from './known-failure.ts';
import type { OpenSessions } from './open-sessions.ts';

/** What an impersonating request becomes: somebody else, or an answer. */
export type ImpersonationOutcome =
  | { outcome: 'none' }
  | { outcome: 'as'; user: UserInfo; constraint?: string }
  | { outcome: 'refused'; error: StatusError };

/** Watches a request from when its caller is known to when its answer is out. */
export interface RequestAudit {
  /** Called once the caller is known, or known not to be; before impersonation. False: the request is answered already. */
  received(request: ApiRequest, known: boolean): boolean | Promise<boolean>;
}

export interface ChainParts {
  clock: Clock;
  authentication: Pick<AuthenticationChain, 'authenticate'>;
  /** The audiences of this server. */
  audiences: readonly string[];
  /** Headers that carry identities, taken off a request once its caller is known. */
  impersonate(
    request: ApiRequest,
    authorize: AuthorizationChain,
  ): ImpersonationOutcome | Promise<ImpersonationOutcome>;
  authorization: AuthorizationChain;
  /** Reasons of AlwaysAllow mode and the like may hold from the first request; true once the policy is loaded. */
  audit?: RequestAudit;
  decisions: DecisionRing;
  /** Told of each request that has its answer, or whose client has gone. */
  observe?(request: ApiRequest, micros: number): void;
  /** Requests that go on, to be ended when their credential is taken back. */
  sessions?: OpenSessions;
  /** Whether a request goes on: watches, proxied ones and those that change their protocol. */
  goesOn?(request: ApiRequest): boolean;
  /** One line for the operator about a request that was turned away. */
  logRefusal(
    request: ApiRequest,
    door: 'authentication' | 'impersonation' | 'authorization',
    outcome: unknown,
  ): void;
  logFailure(request: ApiRequest, error: unknown): void;
  /** Tells those who may know why a request is refused; absent where nobody is told. */
  explain?: RefusalExplainer;
  /** Bounds the requests that run at once. */
  flowControl?: FlowControl;
  /** Ends requests that take too long. */
  deadlines?: Deadlines;
  /** Whether a client is to go to another server with its next requests. */
  sendAway?(): boolean;
  /** The API behind the doors. */
  handle(request: ApiRequest): void | Promise<void>;
}

/** Whoever is unlucky to come at each of so many changes of keys has an answer by the last but one. */
const MAX_TRIES = 5;

/** Goes on with a request that a door lets through; nothing is left to be done for one that it does not. */
function through(
  isThrough: boolean | Promise<boolean>,
  request: ApiRequest,
  next: (request: ApiRequest) => void | Promise<void>,
): void | Promise<void> {
  if (isThrough === true) return next(request);
  if (isThrough === false) return;
  return isThrough.then((is) => (is ? next(request) : undefined));
}

/**
 * The way of a request through the doors, in Kubernetes' order (apiserver pkg/server/config.go, DefaultBuildHandlerChain):
 * audit id and RequestInfo, authentication, audit, impersonation, flow control, authorization, the API.
 */
export class RequestChain {
  readonly #parts: ChainParts;
  #running = 0;
  readonly #longRunning = new Set<ApiRequest>();
  #idle: (() => void)[] = [];

  constructor(parts: ChainParts) {
    this.#parts = parts;
  }

  /** Requests under way whose answers may take as long as they like. */
  get longRunning(): Iterable<ApiRequest> {
    return this.#longRunning;
  }

  /** Requests under way, watches included. */
  get running(): number {
    return this.#running;
  }

  serve = (exchange: Exchange): void => {
    const { clock, decisions, deadlines, sendAway } = this.#parts;
    const request = new ApiRequest(exchange, clock.now(), clock.monotonic());
    decisions.add(request.record);
    this.#running++;
    if (request.isLongRunning) this.#longRunning.add(request);
    else deadlines?.add(request);
    if (exchange.goAway && sendAway?.()) exchange.goAway();
    exchange.onClose(() => this.#over(request));
    try {
      const passing = this.#pass(request);
      if (passing) passing.catch((error: unknown) => this.#failed(request, error));
    } catch (error) {
      this.#failed(request, error);
    }
  };

  #over(request: ApiRequest): void {
    const { clock, decisions, observe, deadlines } = this.#parts;
    this.#running--;
    if (request.isLongRunning) this.#longRunning.delete(request);
    else deadlines?.remove(request);
    const micros = Math.round((clock.monotonic() - request.arrivedAt) * 1000);
    request.record.micros = micros;
    observe?.(request, micros);
    decisions.finished(request.record);
    if (this.#running === 0 && this.#idle.length) for (const tell of this.#idle.splice(0)) tell();
  }

  /** Resolves once no request runs. */
  whenIdle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The doors one after the other; a promise only where one of them makes one. */
  #pass(request: ApiRequest): void | Promise<void> {
    if (request.exchange.query.includes('timeout=')) {
      const fault = deadlineFault(request.info, request.query.get('timeout'));
      if (fault) return this.#refuseUnknown(request, fault).then(() => {});
      const nanos = parseDuration(request.query.get('timeout') ?? '');
      if (typeof nanos === 'bigint' && !request.isLongRunning)
        this.#parts.deadlines?.shorten(request, Number(nanos / 1_000_000n));
    }
    return through(this.#authenticate(request), request, this.#known);
  }

  readonly #known = (request: ApiRequest): void | Promise<void> => {
    const { audit } = this.#parts;
    return audit ? through(audit.received(request, true), request, this.#heard) : this.#heard(request);
  };

  readonly #heard = (request: ApiRequest): void | Promise<void> => {
    if (request.audit) request.stepAt = this.#parts.clock.monotonic();
    return through(this.#impersonate(request), request, this.#settled);
  };

  readonly #settled = (request: ApiRequest): void | Promise<void> => {
    const { flowControl } = this.#parts;
    return flowControl ? flowControl.enter(request, this.#serve) : this.#serve(request);
  };

  readonly #serve = (request: ApiRequest): void | Promise<void> => {
    const { authorization, handle } = this.#parts;
    const attributes = requestAttributes(request.info, request.user);
    const asked = authorization.authorize(attributes);
    if (asked instanceof Promise)
      return asked.then((outcome) =>
        through(this.#authorized(request, attributes, outcome), request, handle),
      );
    return through(this.#authorized(request, attributes, asked), request, handle);
  };

  #authenticate(request: ApiRequest): boolean | Promise<boolean> {
    const { authentication, sessions } = this.#parts;
    const question = new AuthenticationQuestion(request, this.#parts.audiences);
    const generation = sessions?.generation;
    const asked = authentication.authenticate(question);
    if (!(asked instanceof Promise)) return this.#recognized(request, question, asked);
    return this.#recognizedLater(request, question, asked, generation);
  }

  async #recognizedLater(
    request: ApiRequest,
    question: AuthenticationRequest,
    asked: Promise<AuthenticationOutcome>,
    before: number | undefined,
  ): Promise<boolean> {
    const { authentication, sessions } = this.#parts;
    let [outcome, generation] = [await asked, before];
    // Keys and authorities that changed while somebody was asked: the answer may be by the old ones.
    for (let tries = 0; generation !== sessions?.generation && tries < MAX_TRIES; tries++) {
      generation = sessions?.generation;
      outcome = await authentication.authenticate(question);
    }
    return this.#recognized(request, question, outcome);
  }

  #recognized(
    request: ApiRequest,
    question: AuthenticationRequest,
    outcome: AuthenticationOutcome,
  ): boolean | Promise<boolean> {
    const { sessions } = this.#parts;
    const micros = this.#step(request);
    if (outcome.verdict.verdict === 'authenticated') {
      request.user = outcome.verdict.user;
      request.record.authenticated(outcome.asked, micros, request.user);
      if (sessions && this.#parts.goesOn?.(request)) {
        const end = (): void => (request.end ? request.end() : request.exchange.cut());
        request.exchange.onClose(sessions.add({ verdict: outcome.verdict, question, end }));
      }
      return true;
    }
    // A verdict of the chain's own stands in no authenticator's list.
    const all = outcome.asked.includes(outcome.verdict) ? outcome.asked : [...outcome.asked, outcome.verdict];
    request.record.authenticated(all, micros, undefined);
    this.#parts.logRefusal(request, 'authentication', outcome);
    return this.#refuseUnknown(request, unauthorizedError());
  }

  /** An answer to somebody who is not known. */
  async #refuseUnknown(request: ApiRequest, error: StatusError): Promise<boolean> {
    const { audit } = this.#parts;
    if (audit && !(await audit.received(request, false))) return false;
    await this.#refuse(request, error);
    return false;
  }

  #impersonate(request: ApiRequest): boolean | Promise<boolean> {
    const asked = this.#parts.impersonate(request, this.#parts.authorization);
    if (!(asked instanceof Promise) && asked.outcome === 'none') return true;
    return this.#impersonated(request, asked);
  }

  async #impersonated(
    request: ApiRequest,
    asked: ImpersonationOutcome | Promise<ImpersonationOutcome>,
  ): Promise<boolean> {
    const result = await asked;
    const micros = this.#step(request);
    if (result.outcome === 'none') return true;
    if (result.outcome === 'refused') {
      const { error } = result;
      const missing = error instanceof MissingImpersonationRight ? { missing: error.missing } : {};
      request.record.impersonation = { micros, refused: error.message, ...missing };
      this.#parts.logRefusal(request, 'impersonation', result.error);
      await this.#refuse(request, result.error, { 'x-content-type-options': 'nosniff' });
      return false;
    }
    const { user, constraint } = result;
    request.user = user;
    request.audit?.events.impersonated(user, constraint);
    request.record.impersonation = { micros, user, ...(constraint ? { constraint } : {}) };
    return true;
  }

  /** Microseconds since the door before was done; from now on those of the next. */
  #step(request: ApiRequest): number {
    const now = this.#parts.clock.monotonic();
    const micros = Math.round((now - request.stepAt) * 1000);
    request.stepAt = now;
    return micros;
  }

  #authorized(
    request: ApiRequest,
    attributes: AuthorizationAttributes,
    outcome: AuthorizationOutcome,
  ): boolean | Promise<boolean> {
    request.record.authorized(outcome, this.#step(request));
    if (request.audit) {
      request.annotate('authorization.k8s.io/decision', outcome.decision === 'allow' ? 'allow' : 'forbid');
      request.annotate('authorization.k8s.io/reason', outcome.reason);
    }
    if (outcome.decision === 'allow') return true;
    this.#parts.logRefusal(request, 'authorization', outcome);
    if (outcome.error !== undefined) {
      const target = request.exchange.query
        ? `${request.exchange.path}?${request.exchange.query}`
        : request.exchange.path;
      const text = authorizationErrorText(target, outcome.error);
      answerBytes(
        request,
        500,
        { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
        text,
      );
      return false;
    }
    return this.#refuse(request, forbiddenStatus(attributes, outcome.reason), {
      'x-content-type-options': 'nosniff',
    }).then(() => false);
  }

  async #refuse(
    request: ApiRequest,
    error: StatusError,
    headers: Record<string, string> = {},
  ): Promise<void> {
    if (this.#parts.explain) await this.#parts.explain(request);
    answerStatus(request, error, headers);
  }

  /** What nobody foresaw: the client gets a 500 that says nothing, the operator the error. */
  #failed(request: ApiRequest, error: unknown): void {
    if (request.exchange.closed) return;
    const known = knownFailure(error);
    if (known) {
      answerStatus(request, known);
      return;
    }
    this.#parts.logFailure(request, error);
    request.audit?.panicked();
    try {
      answerStatus(request, internalError('an unexpected error; the log has it'));
    } catch (second) {
      this.#parts.logFailure(request, second);
      request.exchange.respond(500, {}, '');
    }
  }
}
