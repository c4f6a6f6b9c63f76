import type { AuthorizationVerdict, Facts } from '../../explain/verdict.ts';
import { type Clock, systemClock } from '../../meta/clock.ts';
import { type Backoff, DEFAULT_BACKOFF, withBackoff } from '../../webhook/backoff.ts';
import type { WebhookClient } from '../../webhook/client.ts';
import { decodeReply, type GoStruct } from '../../webhook/reply.ts';
import type { AuthorizationAttributes, Authorizer, RuleResolver } from '../authorizer.ts';
import { ExpiringCache } from './cache.ts';
import type { MatchConditions, TracedCondition } from './match-conditions.ts';
import { type ReviewVersion, reviewBody, type SentSpec, sentSpec } from './review.ts';

/** Requests with longer names and paths are not remembered: a caller could fill the cache with them. */
const MAX_REMEMBERED_LENGTH = 10_000;

const STATUS: GoStruct = {
  name: 'SubjectAccessReview',
  fields: {
    status: {
      name: 'SubjectAccessReviewStatus',
      fields: { allowed: 'bool', denied: 'bool', reason: 'string', evaluationError: 'string' },
    },
  },
};

export interface WebhookAuthorizerOptions {
  /** Tells webhooks apart in records; `webhook` by flags. */
  name: string;
  client: WebhookClient;
  version: ReviewVersion;
  timeoutMs: number;
  /** 0: not remembered. */
  authorizedTtlMs: number;
  unauthorizedTtlMs: number;
  onError: 'noOpinion' | 'deny';
  /** Absent: every request is asked about. */
  matchConditions?: MatchConditions | undefined;
  backoff?: Backoff;
  clock?: Clock;
}

interface Answer {
  allowed?: boolean;
  denied?: boolean;
  reason?: string;
}

/** Asks a webhook by SubjectAccessReview (apiserver plugin/pkg/authorizer/webhook). */
export class WebhookAuthorizer implements Authorizer, RuleResolver {
  readonly name: string;
  readonly #options: WebhookAuthorizerOptions;
  readonly #answers: ExpiringCache<Answer>;
  readonly #asking = new Map<string, Promise<Answer | Error>>();
  readonly #waiting = new Set<Promise<Answer | Error>>();

  constructor(options: WebhookAuthorizerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#answers = new ExpiringCache(options.clock ?? systemClock);
  }

  /** Closes its connections once nobody waits for an answer any more. */
  retire(): void {
    void Promise.allSettled(this.#waiting).then(() => this.#options.client.close());
  }

  authorize(asked: AuthorizationAttributes): AuthorizationVerdict | Promise<AuthorizationVerdict> {
    const spec = sentSpec(asked);
    const matches = this.#options.matchConditions?.matches(spec) ?? true;
    if (matches === false) return this.#verdict('noOpinion', 'WEBHOOK_NOT_MATCHED');
    if (matches !== true) return this.#failed('WEBHOOK_CONDITION_FAILED', matches.error);
    const key = JSON.stringify(spec);
    const known = this.#answers.get(key);
    if (known) return this.#judge(known, true);
    return this.#ask(key, spec, asked).then((answer) =>
      answer instanceof Error ? this.#failed('WEBHOOK_FAILED', answer.message) : this.#judge(answer, false),
    );
  }

  /** What each of its matchConditions makes of a request. */
  traceConditions(asked: AuthorizationAttributes): TracedCondition[] {
    return this.#options.matchConditions?.trace(sentSpec(asked)) ?? [];
  }

  rulesFor(): ReturnType<RuleResolver['rulesFor']> {
    const error = 'webhook authorizer does not support user rule resolution';
    return { resourceRules: [], nonResourceRules: [], incomplete: true, error };
  }

  /** Where answers are remembered, requests alike that come while one is being asked about wait for its answer. */
  #ask(key: string, spec: SentSpec, asked: AuthorizationAttributes): Promise<Answer | Error> {
    const { authorizedTtlMs, unauthorizedTtlMs } = this.#options;
    const remembers = authorizedTtlMs > 0 || unauthorizedTtlMs > 0;
    const asking = remembers ? this.#asking.get(key) : undefined;
    if (asking) return asking;
    const answer = this.#post(spec).then((settled) => {
      this.#asking.delete(key);
      this.#waiting.delete(answer);
      if (!(settled instanceof Error) && mayRemember(asked)) {
        this.#answers.set(key, settled, settled.allowed ? authorizedTtlMs : unauthorizedTtlMs);
      }
      return settled;
    });
    this.#waiting.add(answer);
    if (remembers) this.#asking.set(key, answer);
    return answer;
  }

  async #post(spec: SentSpec): Promise<Answer | Error> {
    const { client, version, timeoutMs, backoff = DEFAULT_BACKOFF } = this.#options;
    const body = reviewBody(spec, version);
    const reply = await withBackoff(() => client.post(body, { timeoutMs }), { backoff });
    if (!reply.ok) return new Error(reply.failure.message);
    const decoded = decodeReply(
      reply,
      { group: 'authorization.k8s.io', version, kind: 'SubjectAccessReview' },
      STATUS,
    );
    return decoded.ok ? ((decoded.object['status'] ?? {}) as Answer) : new Error(decoded.message);
  }

  #judge(
    { allowed = false, denied = false, reason = '' }: Answer,
    remembered: boolean,
  ): AuthorizationVerdict {
    const facts = { remembered };
    if (denied && allowed) {
      const error = 'webhook subject access review returned both allow and deny response';
      return { ...this.#verdict('deny', 'WEBHOOK_CONTRADICTION', reason, facts), error };
    }
    if (denied) return this.#verdict('deny', 'WEBHOOK_DENIED', reason, facts);
    if (allowed) return this.#verdict('allow', 'WEBHOOK_ALLOWED', reason, facts);
    return this.#verdict('noOpinion', 'WEBHOOK_NO_OPINION', reason, facts);
  }

  #failed(code: string, error: string): AuthorizationVerdict {
    return { ...this.#verdict(this.#options.onError, code, '', { error }), error };
  }

  #verdict(
    decision: AuthorizationVerdict['decision'],
    code: string,
    reason = '',
    facts: Facts = {},
  ): AuthorizationVerdict {
    return { decision, by: 'Webhook', code, facts: { webhook: this.name, ...facts }, reason };
  }
}

function mayRemember({
  namespace,
  verb,
  apiGroup,
  apiVersion,
  resource,
  subresource,
  name,
  path,
}: AuthorizationAttributes): boolean {
  const parts = [namespace, verb, apiGroup, apiVersion, resource, subresource, name, path];
  return parts.reduce((length, part) => length + part.length, 0) < MAX_REMEMBERED_LENGTH;
}
