import { refusalsText } from '../explain/words/authentication.ts';
import { cloneJson } from '../meta/clone.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import { badRequestError, internalError } from '../meta/status.ts';
import { userInfoJson } from '../meta/user.ts';
import type { VirtualContext, VirtualResource } from '../registry/virtual.ts';
import { intersectAudiences } from './audiences.ts';
import type { AuthenticationRequest, CertificateDer } from './authenticator.ts';
import { isWholeToken } from './bearer.ts';
import type { AuthenticationChain } from './chain.ts';

/** Stands first in every failed review, whatever else is wrong with the token. */
const INVALID = 'invalid bearer token';

/** POST tokenreviews: asks the whole chain about a bearer token alone (pkg/registry/authentication/tokenreview/storage.go). */
export class TokenReviewResource implements VirtualResource {
  readonly #chain: () => AuthenticationChain;
  readonly #apiAudiences: readonly string[];

  /** @param chain a function, as the chain is made after the resources that it is asked through */
  constructor(chain: () => AuthenticationChain, apiAudiences: readonly string[]) {
    this.#chain = chain;
    this.#apiAudiences = apiAudiences;
  }

  async create(review: KubeObject, context: VirtualContext): Promise<KubeObject> {
    const token: string = review.spec?.token ?? '';
    if (token === '') throw badRequestError('token is required for TokenReview in authentication');
    const admitting = context.admit(cloneJson(review));
    if (admitting) await admitting;
    const audiences: readonly string[] = review.spec.audiences?.length
      ? review.spec.audiences
      : this.#apiAudiences;
    const answered = this.#chain().authenticate(new TokenQuestion(token, audiences, context.now));
    const { verdict, asked } = answered instanceof Promise ? await answered : answered;
    const { authenticated: _, ...sent } = review['status'] ?? {};
    if (verdict.code === 'AUDIENCE_MISMATCH') throw internalError('error validating audiences');
    if (verdict.verdict !== 'authenticated') {
      // With anonymous off, a token that is no credential at all is refused without a word.
      const error = asked.some((v) => v.verdict === 'refused')
        ? { error: refusalsText([INVALID], asked) }
        : {};
      review['status'] = { user: {}, ...sent, ...error };
      return review;
    }
    const granted = verdict.audiences ?? [];
    if (audiences.length && intersectAudiences(audiences, granted).length === 0) {
      throw internalError('error validating audiences');
    }
    const status: Fields = {};
    if (sent.error) status['error'] = sent.error;
    status['authenticated'] = true;
    status['user'] = userInfoJson(verdict.user);
    if (granted.length) status['audiences'] = granted;
    review['status'] = status;
    return review;
  }
}

/** A request that holds nothing but the token. */
class TokenQuestion implements AuthenticationRequest {
  readonly method = 'GET';
  readonly path = '';
  readonly certificates: readonly CertificateDer[] = [];
  readonly audiences: readonly string[];
  readonly now: number;
  readonly token: string | undefined;
  readonly #token: string;

  constructor(token: string, audiences: readonly string[], now: number) {
    this.audiences = audiences;
    this.now = now;
    this.token = isWholeToken(token) ? token : undefined;
    this.#token = token;
  }

  header(name: string): string | undefined {
    return name === 'authorization' ? `Bearer ${this.#token}` : undefined;
  }

  headerValues(name: string): readonly string[] {
    return name === 'authorization' ? [`Bearer ${this.#token}`] : [];
  }

  headerNames(): readonly string[] {
    return ['authorization'];
  }

  /** The warnings of a token are for its bearer, not for who has it reviewed. */
  warn(): void {}
}
