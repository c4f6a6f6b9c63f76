import { type Sleep, sleep, type WebhookReply } from './client.ts';

/** How long to wait between tries: `firstMs`, each later one longer by `factor`, and up to `jitter` of itself more. */
export interface Backoff {
  firstMs: number;
  factor: number;
  jitter: number;
  /** In all. */
  tries: number;
}

/** apiserver pkg/util/webhook, DefaultRetryBackoffWithInitialDelay at half a second. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 500, factor: 1.5, jitter: 0.2, tries: 5 };

/** Tries until an answer, or a failure that another try would not mend. The last failure is the reply. */
export async function withBackoff(
  post: () => Promise<WebhookReply>,
  options: { backoff?: Backoff; sleep?: Sleep; random?: () => number; signal?: AbortSignal | undefined } = {},
): Promise<WebhookReply> {
  const { backoff = DEFAULT_BACKOFF, sleep: pause = sleep, random = Math.random, signal } = options;
  let waitMs = backoff.firstMs;
  for (let tries = 1; ; tries++) {
    const reply = await post();
    if (reply.ok || !reply.failure.retriable || tries >= backoff.tries || signal?.aborted) return reply;
    await pause(waitMs * (1 + backoff.jitter * random()), signal);
    waitMs *= backoff.factor;
  }
}
