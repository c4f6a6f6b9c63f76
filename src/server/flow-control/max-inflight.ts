import type { Clock } from '../../meta/clock.ts';
import { MASTERS } from '../../meta/user.ts';
import { answerText } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { Inflight, isMutating } from './inflight.ts';
import { type FlowControl, isProbe, type Run } from './priority-and-fairness.ts';

/**
 * Two numbers bound the requests that run at once, one for reads and one for the rest (server/filters/maxinflight.go): what is
 * in force with --enable-priority-and-fairness=false. system:masters are never turned away, nor is who asks whether the server
 * is well.
 */
export class MaxInflight implements FlowControl {
  readonly #most: { readOnly: number; mutating: number };
  readonly #clock: Clock;
  readonly #running = new Inflight();

  /** 0: no bound. */
  constructor(most: { readOnly: number; mutating: number }, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  enter(request: ApiRequest, run: Run): void | Promise<void> {
    const { info } = request;
    if (request.isLongRunning) return run(request);
    const mutating = isMutating(info);
    const [running, most] = mutating
      ? [this.#running.mutating, this.#most.mutating]
      : [this.#running.readOnly, this.#most.readOnly];
    if (most > 0 && running >= most && !request.user.groups.includes(MASTERS) && !isProbe(info)) {
      request.record.flowControl = { refused: 'concurrency-limit' };
      answerText(request, 429, 'Too many requests, please try again later.\n', { 'retry-after': '1' });
      return;
    }
    this.#running.begin(mutating, this.#clock.monotonic());
    let done: void | Promise<void>;
    try {
      done = run(request);
    } catch (error) {
      this.#running.end(mutating);
      throw error;
    }
    if (done) return done.finally(() => this.#running.end(mutating));
    this.#running.end(mutating);
  }

  metricsText(): string {
    return this.#running.text(
      'apiserver_current_inflight_requests',
      'The most requests that ran at once in the last second.',
      this.#clock.monotonic(),
    );
  }

  stop(): void {}
}
