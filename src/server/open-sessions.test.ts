import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../authentication/fixtures/requests.ts';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { type OpenSession, OpenSessions } from './open-sessions.ts';

const known = (by: string, name: string): AuthenticationVerdict => ({
  verdict: 'authenticated',
  by,
  code: 'X',
  facts: {},
  user: { name, groups: [] },
});
const refused: AuthenticationVerdict = { verdict: 'refused', by: 'x509', code: 'NO', facts: {} };
const nameOf = ({ verdict }: OpenSession): string =>
  verdict.verdict === 'authenticated' ? verdict.user.name : '';

function open(names: readonly (readonly [by: string, name: string])[]) {
  const bad = new Set<string>();
  const ended: string[] = [];
  const told: string[] = [];
  let asked = 0;
  const byQuestion = new Map<object, OpenSession>();
  const sessions = new OpenSessions({
    authenticate: async (question) => {
      asked++;
      const session = byQuestion.get(question)!;
      return { verdict: bad.has(nameOf(session)) ? refused : session.verdict, asked: [] };
    },
    judge: (session) => (bad.has(nameOf(session)) ? refused : undefined),
    ended: (session) => told.push(nameOf(session)),
  });
  const forget = names.map(([by, name]) => {
    const session: OpenSession = {
      verdict: known(by, name),
      question: requestOf(),
      end: () => ended.push(name),
    };
    byQuestion.set(session.question, session);
    return sessions.add(session);
  });
  return { sessions, bad, ended, told, forget, asked: () => asked };
}

describe('requests that run on', () => {
  it('are ended when their credential is revoked, and no others', async () => {
    const { sessions, bad, ended, told } = open([
      ['x509', 'jane'],
      ['x509', 'kim'],
    ]);
    bad.add('jane');
    sessions.revoked();
    sessions.revoked();
    expect(ended).toEqual([]);
    await turn();
    expect([ended, told, sessions.size]).toEqual([['jane'], ['jane'], 1]);
  });

  it('are judged anew by the authenticators that a change is of', async () => {
    const { sessions, bad, ended, asked } = open([
      ['x509', 'jane'],
      ['service-account', 'app'],
      ['x509', 'kim'],
    ]);
    bad.add('jane').add('app');
    const before = sessions.generation;
    sessions.trustChanged(['x509']);
    await sessions.settled();
    expect([ended, asked(), sessions.generation - before]).toEqual([['jane'], 2, 1]);
    sessions.trustChanged(['x509', 'service-account']);
    sessions.trustChanged(['token-file']);
    await sessions.settled();
    expect(ended).toEqual(['jane', 'app']);
  });

  it('are forgotten when they have ended by themselves', async () => {
    const { sessions, bad, ended, forget } = open([['x509', 'jane']]);
    forget[0]!();
    bad.add('jane');
    sessions.revoked();
    await turn();
    expect(ended).toEqual([]);
  });
});
