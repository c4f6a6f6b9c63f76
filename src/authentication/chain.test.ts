import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { AnonymousAuthenticator } from './anonymous.ts';
import type { RequestAuthenticator, TokenAuthenticator } from './authenticator.ts';
import { BearerAuthenticator } from './bearer.ts';
import { AuthenticationChain } from './chain.ts';
import { requestOf } from './fixtures/requests.ts';
import { TokenChain } from './token-chain.ts';

const yes = (name: string, groups: string[] = []): AuthenticationVerdict => ({
  verdict: 'authenticated',
  by: name,
  code: 'YES',
  facts: {},
  user: { name, groups },
});
const no: AuthenticationVerdict = { verdict: 'refused', by: 'no', code: 'NO', facts: {} };
const pass: AuthenticationVerdict = { verdict: 'notMine', by: 'pass', code: 'PASS', facts: {} };

const step = (verdict: AuthenticationVerdict): RequestAuthenticator => ({
  name: verdict.by,
  authenticate: () => verdict,
});
const later = (verdict: AuthenticationVerdict): RequestAuthenticator => ({
  name: verdict.by,
  authenticate: async () => verdict,
});
const anonymous = new AnonymousAuthenticator();

describe('the chain', () => {
  it('lets the first success hide refusals, and keeps every verdict', () => {
    const outcome = new AuthenticationChain(
      [step(no), step(pass), step(yes('jane')), step(no)],
      anonymous,
    ).authenticate(requestOf());
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(outcome).toMatchObject({
      verdict: { verdict: 'authenticated', user: { name: 'jane', groups: ['system:authenticated'] } },
      asked: [no, pass, { by: 'jane' }],
    });
  });

  it('answers the same with promises on the way', async () => {
    const outcome = new AuthenticationChain(
      [later(no), step(pass), later(yes('jane'))],
      anonymous,
    ).authenticate(requestOf());
    expect(outcome).toBeInstanceOf(Promise);
    expect((await outcome).verdict).toMatchObject({ user: { name: 'jane' } });
    expect((await outcome).asked).toHaveLength(3);
  });

  it('asks anonymous only where nobody refused', async () => {
    const all = new AuthenticationChain([step(pass), later(pass)], anonymous);
    expect((await all.authenticate(requestOf())).verdict).toMatchObject({
      user: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    });
    const refused = new AuthenticationChain([step(pass), step(no)], anonymous);
    expect(refused.authenticate(requestOf())).toMatchObject({ verdict: no });
    const foreign: AuthenticationVerdict = { ...pass, unlessAnother: 'refused' };
    expect(new AuthenticationChain([step(foreign)], anonymous).authenticate(requestOf())).toMatchObject({
      verdict: foreign,
    });
    await expect(
      Promise.resolve(new AuthenticationChain([later(foreign), step(yes('jane'))]).authenticate(requestOf())),
    ).resolves.toMatchObject({ verdict: { user: { name: 'jane' } } });
    const off = new AuthenticationChain([step(pass)]);
    expect(off.authenticate(requestOf())).toMatchObject({
      verdict: { verdict: 'refused', code: 'NO_CREDENTIALS' },
    });
  });

  it('keeps anonymous to the paths it was given', () => {
    const chain = new AuthenticationChain([], new AnonymousAuthenticator(['/livez']));
    expect(chain.authenticate(requestOf({}, { path: '/livez' }))).toMatchObject({
      verdict: { verdict: 'authenticated' },
    });
    expect(chain.authenticate(requestOf({}, { path: '/livez/ping' }))).toMatchObject({
      verdict: { verdict: 'notMine', code: 'ANONYMOUS_OTHER_PATH' },
    });
  });

  it('adds system:authenticated unless the name or the groups settle it', () => {
    const groupsOf = (verdict: AuthenticationVerdict) => {
      const outcome = new AuthenticationChain([step(verdict)]).authenticate(requestOf());
      return outcome instanceof Promise || outcome.verdict.verdict !== 'authenticated'
        ? []
        : outcome.verdict.user.groups;
    };
    expect(groupsOf(yes('a', ['x', 'x']))).toEqual(['x', 'x', 'system:authenticated']);
    expect(groupsOf(yes('a', ['system:authenticated', 'x']))).toEqual(['system:authenticated', 'x']);
    expect(groupsOf(yes('a', ['system:unauthenticated']))).toEqual(['system:unauthenticated']);
    expect(groupsOf(yes('system:anonymous', ['x']))).toEqual(['x']);
  });

  it('lets nobody in whose authenticator breaks, now or later', async () => {
    const breaks: RequestAuthenticator = {
      name: 'breaks',
      authenticate: () => {
        throw new TypeError('the secret is hunter2');
      },
    };
    const rejects: RequestAuthenticator = {
      name: 'rejects',
      authenticate: () => Promise.reject(new Error('hunter2')),
    };
    for (const bad of [breaks, rejects]) {
      const outcome = await new AuthenticationChain([bad, step(pass)], anonymous).authenticate(requestOf());
      expect(outcome.verdict).toMatchObject({ verdict: 'refused', code: 'AUTHENTICATOR_BROKE' });
      expect(JSON.stringify(outcome)).not.toContain('hunter2');
    }
  });

  it('does not take a verdict for audiences that nobody asked for', () => {
    const foreign = { ...yes('jane'), audiences: ['vault'] } as AuthenticationVerdict;
    expect(new AuthenticationChain([step(foreign)], anonymous).authenticate(requestOf())).toMatchObject({
      verdict: { verdict: 'refused', code: 'AUDIENCE_MISMATCH' },
    });
  });

  it('shows what each token authenticator said', async () => {
    const token = (verdict: AuthenticationVerdict, wait = false): TokenAuthenticator => ({
      name: verdict.by,
      authenticateToken: () => (wait ? Promise.resolve(verdict) : verdict),
    });
    const tokens = new TokenChain([token(pass), token(no, true), token(yes('jane'))]);
    const chain = new AuthenticationChain([new BearerAuthenticator(tokens)], anonymous);
    const outcome = await chain.authenticate(requestOf({ authorization: 'Bearer x' }));
    expect(outcome.asked.map((v) => v.code)).toEqual(['PASS', 'NO', 'YES']);
    expect(outcome.verdict).toMatchObject({ user: { name: 'jane' } });
  });
});
