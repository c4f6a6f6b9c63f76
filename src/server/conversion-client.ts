import { type ClientConfig, resolveTarget } from '../admission/webhook/target.ts';
import { quote } from '../meta/go-quote.ts';
import type { ConversionReply } from '../registry/custom-resources/conversion-webhook.ts';
import type { Lister } from '../registry/lister.ts';
import { WebhookClient } from '../webhook/client.ts';
import type { WebhookTarget } from '../webhook/target.ts';

/** client-go's for webhooks that name none. */
const TIMEOUT_MS = 30_000;

/** Posts to a definition's conversion webhook. A Service is looked up for each request: its address may change. */
export class ConversionClient {
  readonly #config: ClientConfig;
  readonly #services: () => Lister | undefined;
  #client: { key: string; client: WebhookClient } | undefined;

  /** `config` is spec.conversion.webhook.clientConfig. */
  constructor(config: ClientConfig, services: () => Lister | undefined) {
    const blank = config.caBundle && Buffer.from(config.caBundle, 'base64').toString('latin1').trim() === '';
    this.#config = blank ? { ...config, caBundle: null } : config;
    this.#services = services;
  }

  post = async (body: string): Promise<ConversionReply> => {
    const resolved = resolveTarget(this.#config, this.#services());
    if (!resolved.ok)
      return { ok: false, why: `Post ${quote(`${resolved.url}?timeout=30s`)}: ${resolved.why}` };
    const reply = await this.#clientFor(resolved.target).post(body, { timeoutMs: TIMEOUT_MS });
    return reply.ok ? reply : { ok: false, why: reply.failure.message };
  };

  close(): void {
    this.#client?.client.close();
    this.#client = undefined;
  }

  #clientFor(target: WebhookTarget): WebhookClient {
    const key = JSON.stringify(target);
    if (this.#client?.key === key) return this.#client.client;
    this.close();
    const client = new WebhookClient(target);
    this.#client = { key, client };
    return client;
  }
}
