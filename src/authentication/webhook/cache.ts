import { hash, randomBytes } from 'node:crypto';
import type { AuthenticationVerdict } from '../../explain/verdict.ts';

const CAPACITY = 32_768;

/**
 * Remembers what a webhook said of tokens, yes and no alike, and lets askers of the same share one question. What went
 * wrong, and refusals with words, are never remembered (apiserver pkg/authentication/token/cache, cacheErrs off). Tokens
 * are kept as keyed hashes only.
 */
export class ReviewCache {
  readonly #ttlMs: number;
  readonly #secret = randomBytes(32).toString('base64');
  /** Answers run out in the order in which they were given. */
  readonly #answers = new Map<string, { verdict: AuthenticationVerdict; until: number }>();
  readonly #asking = new Map<string, Promise<AuthenticationVerdict>>();

  /** @param ttlMs 0: nothing is remembered */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** What is remembered of a token for these audiences, or what `ask` answers. @param now milliseconds since 1970 */
  answer(
    token: string,
    audiences: readonly string[],
    now: number,
    ask: () => Promise<AuthenticationVerdict>,
  ): AuthenticationVerdict | Promise<AuthenticationVerdict> {
    const key = hash('sha256', `${this.#secret}${JSON.stringify(audiences)}\n${token}`, 'base64');
    const known = this.#answers.get(key);
    if (known && now < known.until) return known.verdict;
    const asking = this.#asking.get(key);
    if (asking) return asking;
    const answer = ask()
      .then((verdict) => {
        if (verdict.verdict !== 'refused') this.#keep(key, verdict, now);
        return verdict;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, answer);
    return answer;
  }

  #keep(key: string, verdict: AuthenticationVerdict, now: number): void {
    if (this.#ttlMs <= 0) return;
    for (const [old, { until }] of this.#answers) {
      if (until > now && this.#answers.size < CAPACITY) break;
      this.#answers.delete(old);
    }
    this.#answers.delete(key);
    this.#answers.set(key, { verdict, until: now + this.#ttlMs });
  }
}
