import type { AuditBackend, LossReport } from './backend.ts';
import type { AuditEvent } from './event.ts';
import type { AuditTruncateOptions } from './options.ts';

/** Takes the objects out of events that are too large, and splits batches that are (plugin/pkg/audit/truncate). */
export class TruncatingBackend implements AuditBackend {
  readonly #inner: AuditBackend;
  readonly #options: AuditTruncateOptions;
  readonly #lost: LossReport;

  constructor(inner: AuditBackend, options: AuditTruncateOptions, lost: LossReport) {
    this.#inner = inner;
    this.#options = options;
    this.#lost = lost;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    const { maxBatchBytes, maxEventBytes } = this.#options;
    let batch: AuditEvent[] = [];
    let size = 0;
    let good = true;
    for (const event of events) {
      const { level } = event.fields;
      const cut = event.bytes > maxEventBytes && (level === 'Request' || level === 'RequestResponse');
      const kept = cut ? event.truncated() : event;
      if (kept.bytes > maxEventBytes) {
        this.#lost('event is too large even after truncating', 1);
        continue;
      }
      if (batch.length && size + kept.bytes > maxBatchBytes) {
        good = (await this.#inner.process(batch)) && good;
        batch = [];
        size = 0;
      }
      batch.push(kept);
      size += kept.bytes;
    }
    if (batch.length) good = (await this.#inner.process(batch)) && good;
    return good;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
