import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import { type Backoff, DEFAULT_BACKOFF, withBackoff } from '../../webhook/backoff.ts';
import type { WebhookClient } from '../../webhook/client.ts';
import { decodeReply } from '../../webhook/reply.ts';
import { intersectAudiences } from '../audiences.ts';
import type { TokenAuthenticator, TokenContext } from '../authenticator.ts';
import { ReviewCache } from './cache.ts';
import {
  REVIEW_SHAPE,
  type ReviewStatus,
  reviewBody,
  type TokenReviewVersion,
  textsOf,
  userOf,
} from './review.ts';

/** For one question, with all its tries. */
const TIMEOUT_MS = 30_000;

export interface TokenWebhookOptionsResolved {
  client: WebhookClient;
  version: TokenReviewVersion;
  /** What a token is good for that the webhook says nothing of. */
  apiAudiences: readonly string[];
  /** How long answers hold, in milliseconds. */
  cacheTtlMs: number;
  backoff?: Backoff;
}

/** Has tokens reviewed by a webhook (apiserver plugin/pkg/authenticator/token/webhook/webhook.go). */
export class TokenWebhook implements TokenAuthenticator {
  readonly name = 'webhook';
  readonly #options: TokenWebhookOptionsResolved;
  readonly #cache: ReviewCache;

  constructor(options: TokenWebhookOptionsResolved) {
    this.#options = options;
    this.#cache = new ReviewCache(options.cacheTtlMs);
  }

  close(): void {
    this.#options.client.close();
  }

  authenticateToken(
    token: string,
    { audiences, now }: TokenContext,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    return this.#cache.answer(token, audiences, now, () => this.#ask(token, audiences));
  }

  async #ask(token: string, audiences: readonly string[]): Promise<AuthenticationVerdict> {
    const { client, version, backoff = DEFAULT_BACKOFF } = this.#options;
    const body = reviewBody(token, audiences, version);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const options = { timeoutMs: TIMEOUT_MS, signal };
    const reply = await withBackoff(() => client.post(body, options), { backoff, signal });
    if (!reply.ok) return this.#refused('TOKEN_WEBHOOK_FAILED', reply.failure.message);
    const wanted = { group: 'authentication.k8s.io', version, kind: 'TokenReview' };
    const decoded = decodeReply(reply, wanted, REVIEW_SHAPE);
    if (!decoded.ok) return this.#refused('TOKEN_WEBHOOK_FAILED', decoded.message);
    return this.#judge((decoded.object['status'] ?? {}) as ReviewStatus, audiences);
  }

  #judge(status: ReviewStatus, wanted: readonly string[]): AuthenticationVerdict {
    const said = textsOf(status.audiences);
    const audiences = intersectAudiences(wanted, said.length ? said : this.#options.apiAudiences);
    if (wanted.length > 0 && audiences.length === 0)
      return this.#notMine('TOKEN_WEBHOOK_AUDIENCE', { wanted });
    if (status.authenticated) {
      const user = userOf(status);
      return { verdict: 'authenticated', by: this.name, code: 'TOKEN_WEBHOOK', facts: {}, user, audiences };
    }
    if (status.error) return this.#refused('TOKEN_WEBHOOK_REFUSED', status.error);
    return this.#notMine('TOKEN_WEBHOOK_UNKNOWN');
  }

  #refused(code: string, reason: string): AuthenticationVerdict {
    return { verdict: 'refused', by: this.name, code, facts: { reason } };
  }

  #notMine(code: string, facts = {}): AuthenticationVerdict {
    return { verdict: 'notMine', by: this.name, code, facts };
  }
}
