import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { StaticLister } from '../registry/lister.ts';
import type { TokenAuthenticator, TokenContext } from './authenticator.ts';
import { TokenCache } from './token-cache.ts';

const AUDIENCES = ['api'];
const yes = (name: string): AuthenticationVerdict => ({
  verdict: 'authenticated',
  by: 'inner',
  code: 'YES',
  facts: {},
  user: { name, groups: [] },
});
const no: AuthenticationVerdict = { verdict: 'refused', by: 'inner', code: 'NO', facts: {} };

function counted(
  answer: (token: string, context: TokenContext) => AuthenticationVerdict | Promise<AuthenticationVerdict>,
) {
  const inner: TokenAuthenticator & { calls: number } = {
    name: 'inner',
    calls: 0,
    authenticateToken(token, context) {
      inner.calls++;
      return answer(token, context);
    },
  };
  return inner;
}

const at = (now: number, audiences: readonly string[] = AUDIENCES) => {
  const warnings: string[] = [];
  const annotations: string[] = [];
  return {
    audiences,
    now,
    warn: (text: string) => warnings.push(text),
    annotate: (key: string, value: string) => annotations.push(`${key}=${value}`),
    warnings,
    annotations,
  };
};

describe('the cache of tokens', () => {
  it('remembers successes for 10 s, not prolonged by use', () => {
    const inner = counted((token) => yes(token));
    const cache = new TokenCache(inner);
    const first = cache.authenticateToken('t', at(0));
    expect(cache.authenticateToken('t', at(6000))).toBe(first);
    expect(cache.authenticateToken('t', at(9999))).toBe(first);
    expect(inner.calls).toBe(1);
    cache.authenticateToken('t', at(10_000));
    expect(inner.calls).toBe(2);
  });

  it('does not remember refusals', () => {
    const inner = counted(() => no);
    const cache = new TokenCache(inner);
    cache.authenticateToken('t', at(0));
    cache.authenticateToken('t', at(0));
    expect([inner.calls, cache.size]).toEqual([2, 0]);
  });

  it('keeps audiences apart, however they are spelled', () => {
    const inner = counted((token) => yes(token));
    const cache = new TokenCache(inner);
    for (const audiences of [['a', 'b'], ['a,b'], ['b', 'a'], []])
      cache.authenticateToken('t', at(0, audiences));
    cache.authenticateToken('t', at(0, ['a', 'b']));
    expect(inner.calls).toBe(4);
  });

  it('gives warnings and annotations again', () => {
    const cache = new TokenCache(
      counted((_, context) => {
        context.warn('w');
        context.annotate?.('k', 'v');
        return yes('x');
      }),
    );
    for (let i = 0; i < 2; i++) {
      const context = at(i);
      cache.authenticateToken('t', context);
      expect([context.warnings, context.annotations]).toEqual([['w'], ['k=v']]);
    }
  });

  it('asks once for many who wait', async () => {
    let answer = (_: AuthenticationVerdict): void => {};
    const inner = counted(() => new Promise((done) => (answer = done)));
    const cache = new TokenCache(inner);
    const waiting = [cache.authenticateToken('t', at(0)), cache.authenticateToken('t', at(0))];
    answer(yes('jane'));
    expect((await Promise.all(waiting)).map((v) => v.code)).toEqual(['YES', 'YES']);
    expect(inner.calls).toBe(1);
    expect(cache.authenticateToken('t', at(1))).not.toBeInstanceOf(Promise);
  });

  it('forgets at once what rests on an object that went or changed', () => {
    const pods = new StaticLister([{ metadata: { name: 'p', namespace: 'a', uid: '1' } }]);
    const inner = counted((token, context) => {
      context.restsOn?.('pods', 'a', 'p');
      return yes(token);
    });
    const cache = new TokenCache(inner);
    const stop = cache.follow({ group: '', resource: 'pods' }, pods);
    const ask = () => cache.authenticateToken('t', at(0));
    ask();
    pods.set({ metadata: { name: 'p', namespace: 'a', uid: '1', labels: { a: 'b' } } });
    pods.set({ metadata: { name: 'q', namespace: 'a', uid: '9' } });
    ask();
    expect(inner.calls).toBe(1);
    pods.set({
      metadata: { name: 'p', namespace: 'a', uid: '1', deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    ask();
    expect(inner.calls).toBe(2);
    pods.remove('a', 'p');
    expect(cache.size).toBe(0);
    stop();
  });

  it('does not remember an answer whose object went while it was on its way', async () => {
    let answer = (_: AuthenticationVerdict): void => {};
    const cache = new TokenCache(
      counted((_, context) => {
        context.restsOn?.('secrets', 'a', 's');
        return new Promise((done) => (answer = done));
      }),
    );
    const waiting = cache.authenticateToken('t', at(0));
    cache.invalidate('secrets', 'a', 's');
    answer(yes('jane'));
    await waiting;
    expect(cache.size).toBe(0);
  });

  it('is bounded, and lets go of what it kept beside an answer', () => {
    const cache = new TokenCache(
      counted((token, context) => {
        context.restsOn?.('secrets', 'a', token);
        return yes(token);
      }),
      { capacity: 10 },
    );
    for (let i = 0; i < 100; i++) cache.authenticateToken(`t${i}`, at(i));
    expect(cache.size).toBe(10);
    cache.clear();
    expect(cache.size).toBe(0);
  });

  it('neither remembers nor shares what was on its way when it was cleared', async () => {
    const answers: ((verdict: AuthenticationVerdict) => void)[] = [];
    const inner = counted(() => new Promise<AuthenticationVerdict>((resolve) => answers.push(resolve)));
    const cache = new TokenCache(inner);
    const before = cache.authenticateToken('t', at(0));
    cache.clear();
    const after = cache.authenticateToken('t', at(0));
    answers[1]!(yes('new'));
    answers[0]!(yes('old'));
    expect(await before).toMatchObject({ user: { name: 'old' } });
    expect(await after).toMatchObject({ user: { name: 'new' } });
    expect(cache.authenticateToken('t', at(1))).toMatchObject({ user: { name: 'new' } });
    expect(inner.calls).toBe(2);
  });

  it('keeps no token', () => {
    const cache = new TokenCache(counted((token) => yes(token)));
    cache.authenticateToken('hunter2', at(0));
    expect(cache.size).toBe(1);
    expect(JSON.stringify([...Object.values(cache)])).not.toContain('hunter2');
  });
});
