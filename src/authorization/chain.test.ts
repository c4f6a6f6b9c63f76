import { describe, expect, it } from 'vitest';
import type { AuthorizationVerdict } from '../explain/verdict.ts';
import type { AuthorizationAttributes, Authorizer } from './authorizer.ts';
import { AuthorizationChain } from './chain.ts';

const verdict = (
  decision: AuthorizationVerdict['decision'],
  reason = '',
  error?: string,
): AuthorizationVerdict => ({
  decision,
  by: 'test',
  code: 'TEST',
  facts: {},
  reason,
  ...(error === undefined ? {} : { error }),
});
const says = (v: AuthorizationVerdict): Authorizer => ({ name: 'test', authorize: () => v });
const later = (v: AuthorizationVerdict): Authorizer => ({ name: 'test', authorize: async () => v });
const attributes = (groups: string[] = []): AuthorizationAttributes => ({
  user: { name: 'jane', groups },
  verb: 'get',
  isResourceRequest: true,
  namespace: '',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  name: '',
  path: '/api/v1/pods',
});

describe('AuthorizationChain', () => {
  it('allows system:masters before asking anybody', () => {
    const chain = new AuthorizationChain([says(verdict('deny', 'no'))]);
    expect(chain.authorize(attributes(['system:masters']))).toMatchObject({ decision: 'allow', reason: '' });
  });

  it('answers at once where every authorizer does', () => {
    const chain = new AuthorizationChain([
      says(verdict('noOpinion', 'shrug')),
      says(verdict('allow', 'yes')),
    ]);
    const outcome = chain.authorize(attributes());
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(outcome).toMatchObject({
      decision: 'allow',
      reason: 'yes',
      asked: [{ reason: 'shrug' }, { reason: 'yes' }],
    });
  });

  it('joins reasons and errors of those without an opinion', async () => {
    const chain = new AuthorizationChain([
      says(verdict('noOpinion', 'a', 'e1')),
      later(verdict('noOpinion', 'b', 'e2')),
      says(verdict('noOpinion')),
    ]);
    expect(await chain.authorize(attributes())).toMatchObject({
      decision: 'noOpinion',
      reason: 'a\nb',
      error: '[e1, e2]',
    });
  });

  it('forgets errors once somebody decides', async () => {
    const chain = new AuthorizationChain([
      later(verdict('noOpinion', 'a', 'e1')),
      says(verdict('deny', 'no')),
    ]);
    const outcome = await chain.authorize(attributes());
    expect(outcome).toMatchObject({ decision: 'deny', reason: 'no' });
    expect(outcome.error).toBeUndefined();
  });

  it('lets nobody in through an authorizer that throws', async () => {
    const broken: Authorizer = {
      name: 'broken',
      authorize: () => {
        throw new Error('boom');
      },
    };
    const rejecting: Authorizer = { name: 'broken', authorize: () => Promise.reject(new Error('bang')) };
    expect(await new AuthorizationChain([broken, rejecting]).authorize(attributes())).toMatchObject({
      decision: 'noOpinion',
      error: '[boom, bang]',
    });
  });
});
