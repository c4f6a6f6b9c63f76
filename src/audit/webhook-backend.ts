import { type Backoff, withBackoff } from '../webhook/backoff.ts';
import { type Sleep, sleep, type WebhookClient } from '../webhook/client.ts';
import type { AuditBackend, LossReport } from './backend.ts';
import type { AuditEvent } from './event.ts';

const TIMEOUT_MS = 30_000;

/** Sends events as EventLists; any failure is tried again, with longer pauses (plugin/pkg/audit/webhook). */
export class WebhookBackend implements AuditBackend {
  readonly #client: WebhookClient;
  readonly #backoff: Backoff;
  readonly #lost: LossReport;
  readonly #sleep: Sleep;
  readonly #stop = new AbortController();

  constructor(client: WebhookClient, options: { initialBackoffMs: number; lost: LossReport; sleep?: Sleep }) {
    this.#client = client;
    this.#backoff = { firstMs: options.initialBackoffMs, factor: 1.5, jitter: 0.2, tries: 5 };
    this.#lost = options.lost;
    this.#sleep = options.sleep ?? sleep;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.map((event) => event.item).join(',')}]}`;
    const post = async () => {
      const reply = await this.#client.post(body, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal });
      return reply.ok ? reply : { ...reply, failure: { ...reply.failure, retriable: true } };
    };
    const reply = await withBackoff(post, {
      backoff: this.#backoff,
      sleep: this.#sleep,
      signal: this.#stop.signal,
    });
    if (!reply.ok) this.#lost(reply.failure.message, events.length);
    return reply.ok;
  }

  /** What could not be sent by now is given up. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#client.close();
  }
}
