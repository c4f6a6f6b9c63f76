import type { Clock } from '../meta/clock.ts';
import { timeoutError } from '../meta/status.ts';
import { answerStatus } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { UnderWay } from './under-way.ts';

const SWEEP_MS = 1000;
/** So long a client that does not stop sending may take to read that it is too late. */
const CUT_MS = 1000;

/**
 * Ends requests that take longer than they may: 504 where nothing has been answered yet, and an answer that is still on its way
 * is cut (filters/request_deadline.go, timeout.go). What such a request has begun goes on.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #mostMs: number;
  readonly #running = new UnderWay<ApiRequest>();
  readonly #own = new Map<ApiRequest, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;

  /** @param mostMs --request-timeout; 0: none */
  constructor(clock: Clock, mostMs: number) {
    this.#clock = clock;
    this.#mostMs = mostMs;
  }

  /** Takes note of a request that has just arrived. */
  add(request: ApiRequest): void {
    if (this.#mostMs <= 0) return;
    this.#running.add(request);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** The caller asks for less time, in milliseconds. */
  shorten(request: ApiRequest, ms: number): void {
    if (ms <= 0 || (this.#mostMs > 0 && ms >= this.#mostMs)) return;
    request.timeoutMs = ms;
    this.#own.set(
      request,
      setTimeout(() => this.#expire(request), ms),
    );
  }

  remove(request: ApiRequest): void {
    this.#running.delete(request);
    if (this.#own.size === 0) return;
    clearTimeout(this.#own.get(request));
    this.#own.delete(request);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const due = this.#clock.monotonic() - this.#mostMs;
    for (const request of this.#running) if (request.arrivedAt <= due) this.#expire(request);
  }

  #expire(request: ApiRequest): void {
    this.remove(request);
    const { exchange } = request;
    if (exchange.closed) return;
    if (request.record.status !== undefined) {
      exchange.cut();
      return;
    }
    request.record.timedOut = true;
    answerStatus(request, timeoutError('request did not complete within the allotted timeout', 0));
    // What its client may still be sending is not waited for.
    const cut = setTimeout(() => exchange.cut(), CUT_MS).unref();
    exchange.onClose(() => clearTimeout(cut));
  }
}
