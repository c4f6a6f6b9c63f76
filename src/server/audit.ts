import type { Readable, Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { type Audit, type AuditReport, createAudit } from '../audit/create.ts';
import type { AuditOptions } from '../audit/options.ts';
import { RequestEvents } from '../audit/request-events.ts';
import { sourceIps } from '../audit/source-ips.ts';
import { requestAttributes } from '../authorization/attributes.ts';
import type { Clock } from '../meta/clock.ts';
import { answerText } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import type { RequestAudit } from './chain.ts';
import type { Exchange, ResponseHeaders } from './exchange.ts';
import type { Log } from './log.ts';
import { isLongRunning } from './long-running.ts';

/** The audit that the flags ask for, hooked into the chain, and the way to end it. Undefined where they ask for none. */
export function serverAudit(
  options: AuditOptions,
  log: Log,
  clock: Clock,
): { requests: RequestAudit; close(): Promise<void> } | undefined {
  const report: AuditReport = {
    warn: (text) => log.warn({ path: options.policyFile }, text),
    reloaded: (path) => log.info({ path }, 'reloaded'),
    bad: (path, error) =>
      log.error(
        { path, error: error instanceof Error ? error.message : String(error) },
        'not reloaded; the audit policy before stays in force',
      ),
    lost: (error, events) => log.error({ error, events }, 'audit events are lost'),
  };
  const audit = createAudit(options, report, clock);
  return audit && { requests: new AuditDoor(audit, clock), close: () => audit.close() };
}

class AuditDoor implements RequestAudit {
  readonly #audit: Audit;
  readonly #clock: Clock;

  constructor(audit: Audit, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  received(request: ApiRequest, known: boolean): boolean | Promise<boolean> {
    const attributes = requestAttributes(request.info, request.user);
    const config = this.#audit.evaluate(attributes);
    if (config.level === 'None') return true;
    const { exchange } = request;
    const header = (name: string): string | undefined => exchange.header(name);
    const events = new RequestEvents(config, this.#audit.backend, this.#clock, {
      auditId: request.auditId,
      requestUri: exchange.query ? `${exchange.path}?${exchange.query}` : exchange.path,
      attributes,
      sourceIps: sourceIps(header, exchange.remoteAddress),
      userAgent: header('user-agent') ?? '',
      receivedAt: request.now,
      annotations: request.annotations,
    });
    const audited = new AuditedExchange(
      exchange,
      events,
      known ? (isLongRunning(request.info) ? 'long' : 'short') : 'unknown',
    );
    if (!known || !events.writes('RequestReceived')) {
      request.audited(audited);
      return true;
    }
    return events.process('RequestReceived').then((stored) => {
      if (stored) request.audited(audited);
      else
        answerText(
          request,
          500,
          `Internal Server Error: ${JSON.stringify(exchange.path)}: failed to store audit event\n`,
        );
      return stored;
    });
  }
}

/**
 * An exchange whose answer waits for its event: where the backend blocks, nobody has an answer that is not written.
 * Callers that nobody knows have the stage ResponseStarted alone.
 */
export class AuditedExchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly httpVersion: Exchange['httpVersion'];
  readonly host: string;
  readonly remoteAddress: string;
  readonly certificates: Exchange['certificates'];
  readonly events: RequestEvents;
  readonly #inner: Exchange;
  readonly #kind: 'short' | 'long' | 'unknown';
  #started: Promise<unknown> | undefined;
  #completed: Promise<unknown> | undefined;
  #panicked = false;

  constructor(inner: Exchange, events: RequestEvents, kind: 'short' | 'long' | 'unknown') {
    this.#inner = inner;
    this.events = events;
    this.#kind = kind;
    ({
      method: this.method,
      path: this.path,
      query: this.query,
      httpVersion: this.httpVersion,
      host: this.host,
      remoteAddress: this.remoteAddress,
      certificates: this.certificates,
    } = inner);
    inner.onClose(() => void this.#goneEarly());
  }

  header(name: string): string | undefined {
    return this.#inner.header(name);
  }

  headerValues(name: string): readonly string[] {
    return this.#inner.headerValues(name);
  }

  headerNames(): readonly string[] {
    return this.#inner.headerNames();
  }

  body(limit: number): Promise<Buffer | undefined> {
    return this.#inner.body(limit);
  }

  source(): Readable {
    return this.#inner.source();
  }

  get upgrade(): Exchange['upgrade'] {
    return this.#inner.upgrade;
  }

  onClose(listener: () => void): void {
    this.#inner.onClose(listener);
  }

  get closed(): boolean {
    return this.#completed !== undefined || this.#inner.closed;
  }

  cut(): void {
    this.#inner.cut();
  }

  panicked(): void {
    this.#panicked = true;
  }

  respond(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    if (this.closed) return;
    if (this.#panicked) this.events.panicked();
    else this.#note(status, headers, body);
    void this.#complete(status).then(() => this.#inner.respond(status, headers, body));
  }

  #note(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    this.events.status({ code: status });
    if (!this.events.wantsResponse || this.events.hasResponse) return;
    // Lists go out as bytes that nobody had as an object.
    const object = jsonObject(headers, body);
    if (object) this.events.responseObject(object);
    if (object?.['kind'] === 'Status') this.events.status({ code: status });
  }

  /** An answer that goes on begins. */
  started(status: number): Promise<unknown> {
    this.events.status({ code: status });
    this.#started ??= this.events.process('ResponseStarted');
    return this.#started;
  }

  stream(status: number, headers: ResponseHeaders): Writable {
    // An answer in pieces has one event, as one that goes out whole.
    if (this.#kind === 'short') this.events.status({ code: status });
    else void this.started(status);
    const stream = this.#inner.stream(status, headers);
    const end = stream.end.bind(stream) as (...args: unknown[]) => Writable;
    stream.end = ((...args: unknown[]) => {
      void this.#complete(status).then(() => end(...args));
      return stream;
    }) as never;
    return stream;
  }

  #complete(status: number): Promise<unknown> {
    this.#completed ??= this.#write(status);
    return this.#completed;
  }

  async #write(status: number): Promise<void> {
    if (this.#kind !== 'short') await this.started(status);
    if (this.#kind !== 'unknown') await this.events.process(this.#panicked ? 'Panic' : 'ResponseComplete');
  }

  async #goneEarly(): Promise<void> {
    if (this.#completed) return;
    if (this.#started === undefined)
      this.events.status({ code: 200, status: 'Success', message: 'Connection closed early' });
    await this.#complete(200);
  }
}

function jsonObject(
  headers: ResponseHeaders,
  body: Uint8Array | string,
): Record<string, unknown> | undefined {
  if (!String(headers['content-type'] ?? '').startsWith('application/json')) return undefined;
  try {
    const text =
      headers['content-encoding'] === 'gzip'
        ? gunzipSync(body).toString('utf8')
        : Buffer.from(body as never).toString('utf8');
    const value: unknown = JSON.parse(text);
    const { kind } = (value ?? {}) as { kind?: unknown };
    return typeof kind === 'string' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
