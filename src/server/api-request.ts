import type { UserInfo } from '../meta/user.ts';
import type { RequestInfo } from '../request/request-info.ts';
import { RequestPlaces } from '../request/request-places.ts';
import type { AuditedExchange } from './audit.ts';
import { makeAuditId } from './audit-id.ts';
import { DecisionNote } from './decision-note.ts';
import type { Exchange, ResponseHeaders } from './exchange.ts';
import { isLongRunning } from './long-running.ts';
import { warningHeaders } from './warnings.ts';

/** Most requests have no query; this one is only ever read. */
const NO_QUERY = new URLSearchParams();
const places = new RequestPlaces();
const NO_USER: UserInfo = { name: '', groups: [] };

/** The right to run, given by flow control. */
export interface Seat {
  /** Gives it to others while the request goes on: a watch that has begun. */
  release(): void;
}

/** One request on its way through the doors: what is known of it so far, and what its answer has to carry. */
export class ApiRequest {
  exchange: Exchange;
  /** Set where events of this request are written. */
  audit: AuditedExchange | undefined;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  /** Whether its answer may take as long as it likes. */
  readonly isLongRunning: boolean;
  /** The caller's own Audit-ID, or one made here. */
  readonly auditId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Monotonic milliseconds. */
  readonly arrivedAt: number;
  /** When the door before was done with it, in the same: the clock is looked at once between two doors. */
  stepAt: number;
  /** Among those with a deadline. */
  place = -1;
  /** Who asks; after impersonation, whom the request is made as. */
  user: UserInfo = NO_USER;
  /** Ends an answer that goes on as its time-out would; absent where it can only be cut. */
  end: (() => void) | undefined;
  readonly record: DecisionNote;
  /** What flow control has put it into, which its answer tells. */
  flow: { schema: { uid: string }; level: { uid: string } } | undefined;
  /** What the caller says its answer may take at most; undefined: as long as the server allows. */
  timeoutMs: number | undefined;
  /** What flow control lets it run in; undefined where nothing bounds it. */
  seat: Seat | undefined;
  #annotations: Map<string, string> | undefined;
  #warnings: string[] | undefined;

  constructor(exchange: Exchange, now: number, arrivedAt: number) {
    this.exchange = exchange;
    this.now = now;
    this.arrivedAt = arrivedAt;
    this.stepAt = arrivedAt;
    this.query = exchange.query === '' ? NO_QUERY : new URLSearchParams(exchange.query);
    this.info = places.info(exchange.method, exchange.path, this.query);
    this.isLongRunning = isLongRunning(this.info);
    const own = exchange.header('audit-id');
    this.auditId = own || makeAuditId();
    this.record = new DecisionNote(this.auditId, now, exchange, this.info);
  }

  /** From here on, answers wait for their events. */
  audited(exchange: AuditedExchange): void {
    this.audit = exchange;
    this.exchange = exchange;
  }

  /** What was sent, decoded: for the audit event. */
  set requestObject(object: Record<string, unknown>) {
    this.audit?.events.requestObject(object);
  }

  /** A patch as it was sent: for the audit event. */
  set requestPatch(patch: Buffer) {
    this.audit?.events.requestPatch(patch);
  }

  /** Adds a `Warning: 299` header to the answer; the same text once. */
  warn = (text: string): void => {
    this.#warnings ??= [];
    if (!this.#warnings.includes(text)) this.#warnings.push(text);
  };

  /** Of the audit event. */
  get annotations(): Map<string, string> {
    this.#annotations ??= new Map();
    return this.#annotations;
  }

  annotate = (key: string, value: string): void => {
    if (!this.annotations.has(key)) this.annotations.set(key, value);
  };

  /** What every answer carries besides its own fields. */
  answerHeaders(own: ResponseHeaders): ResponseHeaders {
    const { flow } = this;
    const headers: ResponseHeaders = flow
      ? {
          'audit-id': this.auditId,
          'cache-control': 'no-cache, private',
          'x-kubernetes-pf-flowschema-uid': flow.schema.uid,
          'x-kubernetes-pf-prioritylevel-uid': flow.level.uid,
        }
      : { 'audit-id': this.auditId, 'cache-control': 'no-cache, private' };
    for (const name in own) headers[name] = own[name]!;
    if (this.#warnings) headers['warning'] = warningHeaders(this.#warnings);
    return headers;
  }
}
