import { type Clock, systemClock } from '../meta/clock.ts';
import { type Sleep, sleep } from '../webhook/client.ts';
import type { AuditBackend, LossReport } from './backend.ts';
import type { AuditEvent } from './event.ts';
import type { AuditBatchOptions } from './options.ts';

/** Batches that are on their way at once; beyond it, events wait in the buffer. */
const MAX_UNDER_WAY = 8;

export interface BatchParts {
  lost: LossReport;
  /** Batches may be sent while others still are; else one after the other. */
  concurrent: boolean;
  clock?: Clock;
  sleep?: Sleep;
}

/**
 * Gathers events behind the requests and hands them on in batches: full, or after some time. A buffer that is full
 * loses events, and says so (plugin/pkg/audit/buffered).
 */
export class BatchingBackend implements AuditBackend {
  readonly #inner: AuditBackend;
  readonly #options: AuditBatchOptions;
  readonly #parts: BatchParts;
  readonly #clock: Clock;
  #buffer: AuditEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing = false;
  #tokens: number;
  #refilledAt: number;

  constructor(inner: AuditBackend, options: AuditBatchOptions, parts: BatchParts) {
    this.#inner = inner;
    this.#options = options;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#tokens = options.burst;
    this.#refilledAt = this.#clock.monotonic();
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    let lost = 0;
    for (const event of events) {
      if (this.#closing || this.#buffer.length >= this.#options.bufferSize) lost++;
      else this.#buffer.push(event);
    }
    if (lost)
      this.#parts.lost(this.#closing ? 'audit backend shut down' : 'audit buffer queue blocked', lost);
    if (this.#buffer.length >= this.#options.maxSize) this.#run();
    else if (this.#buffer.length && !this.#timer) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#run();
      }, this.#options.maxWaitMs);
    }
    return true;
  }

  #run(): void {
    if (this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
    });
  }

  /** What is held now goes, however few the last ones are. */
  async #drain(): Promise<void> {
    while (this.#buffer.length) {
      await this.#throttled();
      const batch = this.#buffer.splice(0, this.#options.maxSize);
      const sending = this.#inner.process(batch);
      if (!this.#parts.concurrent) {
        await sending;
        continue;
      }
      this.#underWay.add(sending);
      void sending.finally(() => this.#underWay.delete(sending));
      if (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
    }
  }

  async #throttled(): Promise<void> {
    const { throttle, qps, burst } = this.#options;
    if (!throttle || this.#closing) return;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1000) * qps);
    this.#refilledAt = now;
    this.#tokens -= 1;
    if (this.#tokens < 0) await (this.#parts.sleep ?? sleep)((-this.#tokens / qps) * 1000);
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    while (this.#running || this.#buffer.length) {
      this.#run();
      await this.#running;
    }
    await Promise.allSettled(this.#underWay);
    await this.#inner.close();
  }
}
