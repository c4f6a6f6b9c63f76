import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { KubeObject } from '../meta/object.ts';
import { StatusError } from '../meta/status.ts';
import type { VirtualContext } from '../registry/virtual.ts';
import { AnonymousAuthenticator } from './anonymous.ts';
import { BearerAuthenticator } from './bearer.ts';
import { AuthenticationChain } from './chain.ts';
import { SelfSubjectReviewResource } from './self-subject-review.ts';
import { TokenChain } from './token-chain.ts';
import { TokenReviewResource } from './token-review.ts';

const API = ['api-one', 'api-two'];
const context: VirtualContext = {
  user: { name: 'jane', uid: '1', groups: ['dev', 'system:authenticated'], extra: { k: ['v'] } },
  namespace: '',
  name: '',
  now: Date.parse('2026-06-01T00:00:00Z'),
  dryRun: false,
  warn: () => {},
  annotate: () => {},
  admit: async () => {},
};

const verdicts: Record<string, AuthenticationVerdict> = {
  good: {
    verdict: 'authenticated',
    by: 't',
    code: 'YES',
    facts: {},
    user: { name: 'bot', groups: ['g'] },
    audiences: ['api-two'],
  },
  elsewhere: {
    verdict: 'authenticated',
    by: 't',
    code: 'YES',
    facts: {},
    user: { name: 'bot', groups: [] },
    audiences: ['vault'],
  },
  expired: { verdict: 'refused', by: 't', code: 'SA_EXPIRED', facts: {} },
};
const tokens = new TokenChain([
  {
    name: 't',
    authenticateToken: (token) => verdicts[token] ?? { verdict: 'notMine', by: 't', code: 'NO', facts: {} },
  },
]);
const chain = new AuthenticationChain([new BearerAuthenticator(tokens)], new AnonymousAuthenticator());

const review = (spec: object | undefined, more: object = {}): Promise<KubeObject> =>
  new TokenReviewResource(() => chain, API).create(
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      ...(spec ? { spec } : {}),
      ...more,
    } as KubeObject,
    context,
  );

describe('TokenReview', () => {
  it('answers who a token is, and for which of the wanted audiences', async () => {
    expect((await review({ token: 'good' })).status).toEqual({
      authenticated: true,
      user: { username: 'bot', groups: ['g', 'system:authenticated'] },
      audiences: ['api-two'],
    });
  });

  it('answers why not with the words of every refusal', async () => {
    expect((await review({ token: 'nope' })).status).toEqual({ error: 'invalid bearer token', user: {} });
    expect((await review({ token: 'expired' })).status).toEqual({
      error: '[invalid bearer token, service account token has expired]',
      user: {},
    });
    await expect(review({ token: 'elsewhere' })).rejects.toThrow('error validating audiences');
  });

  it('needs a token', async () => {
    for (const spec of [{ token: '' }, {}, undefined]) {
      const error = await review(spec).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StatusError);
      expect((error as StatusError).status).toMatchObject({
        code: 400,
        message: 'token is required for TokenReview in authentication',
      });
    }
  });

  it('takes a token with a blank before it for none, and its bearer for anonymous', async () => {
    expect((await review({ token: '  good' })).status).toEqual({
      authenticated: true,
      user: { username: 'system:anonymous', groups: ['system:unauthenticated'] },
      audiences: API,
    });
  });

  it('gives back what was sent, of a status the user after a failure', async () => {
    const sent = { metadata: { name: 'mine' }, status: { authenticated: true, user: { username: 'root' } } };
    expect(await review({ token: 'zzz' }, sent)).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: { name: 'mine' },
      spec: { token: 'zzz' },
      status: { error: 'invalid bearer token', user: { username: 'root' } },
    });
  });

  it('says nothing of a token that is none where anonymous is off', async () => {
    const strict = new AuthenticationChain([new BearerAuthenticator(tokens)]);
    const answer = await new TokenReviewResource(() => strict, API).create(
      { metadata: {}, spec: { token: ' x' } },
      context,
    );
    expect(answer.status).toEqual({ user: {} });
  });
});

describe('SelfSubjectReview', () => {
  it('tells callers who they are, and drops what they sent', async () => {
    const sent = { metadata: { name: 'x', labels: { a: 'b' } }, status: { userInfo: { username: 'root' } } };
    expect(await new SelfSubjectReviewResource().create(sent, context)).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { creationTimestamp: '2026-06-01T00:00:00Z' },
      status: {
        userInfo: {
          username: 'jane',
          uid: '1',
          groups: ['dev', 'system:authenticated'],
          extra: { k: ['v'] },
        },
      },
    });
  });
});
