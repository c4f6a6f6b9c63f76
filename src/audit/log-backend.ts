import type { AuditBackend, LossReport } from './backend.ts';
import { type AuditEvent, legacyLine } from './event.ts';

/** Where lines go. `append` resolves once they are written. */
export interface LineSink {
  append(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  text: string;
  events: number;
  done(taken: boolean): void;
}

/**
 * Writes a line an event, in the order in which they came. While one write runs, what comes meanwhile is gathered for
 * the next: requests that wait for their events share writes, and none is answered before its line is written.
 */
export class LogBackend implements AuditBackend {
  readonly #sink: LineSink;
  readonly #line: (event: AuditEvent) => string;
  readonly #lost: LossReport;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(sink: LineSink, format: string, lost: LossReport) {
    this.#sink = sink;
    this.#line = format === 'legacy' ? legacyLine : (event) => event.text;
    this.#lost = lost;
  }

  process(events: readonly AuditEvent[]): Promise<boolean> {
    let text = '';
    for (const event of events) text += `${this.#line(event)}\n`;
    return new Promise((done) => {
      this.#waiting.push({ text, events: events.length, done });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    while (this.#waiting.length) {
      const batch = this.#waiting;
      this.#waiting = [];
      let taken = true;
      try {
        await this.#sink.append(Buffer.from(batch.map((one) => one.text).join('')));
      } catch (error) {
        taken = false;
        this.#lost(
          error instanceof Error ? error.message : String(error),
          batch.reduce((sum, one) => sum + one.events, 0),
        );
      }
      for (const one of batch) one.done(taken);
    }
    this.#writing = undefined;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#sink.close();
  }
}

/** Standard output. */
export const stdoutSink: LineSink = {
  append: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  close: async () => {},
};
