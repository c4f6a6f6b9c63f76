import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { ConsoleSessions, LINK_MS, SESSION_MS, SESSIONS_PATH } from './sessions.ts';

const START = Date.UTC(2026, 10, 21, 11, 20);
const jane = { name: 'jane', groups: ['developers', 'system:authenticated'] };

function sessionsAt(judge: () => AuthenticationVerdict | undefined = () => undefined) {
  const time = { now: START };
  const clock = { now: () => time.now, monotonic: () => 0 };
  const sessions = new ConsoleSessions({ clock, judge });
  const ask = (token: string | undefined, method = 'GET', path = '/sallyport/v1/decisions') =>
    sessions.authenticate({
      method,
      path,
      now: time.now,
      certificates: [],
      header: (name) => (name === 'authorization' && token !== undefined ? `Bearer ${token}` : undefined),
    });
  const codeOf = (...asked: Parameters<typeof ask>) => ask(...asked)?.verdict.code;
  /** As the page turns in a link. */
  const enter = (link: string) => {
    const verdict = ask(link, 'POST', SESSIONS_PATH)?.verdict;
    return verdict?.verdict === 'authenticated' ? sessions.makeSession(verdict.user) : undefined;
  };
  return { time, sessions, ask, codeOf, enter };
}

describe('links to the console', () => {
  it('open once', () => {
    const { sessions, codeOf, enter } = sessionsAt();
    const { secret, expires } = sessions.makeLink(jane, { by: 'x509' });
    expect(expires).toBe(START + LINK_MS);
    expect(enter(secret)).toBeDefined();
    expect(codeOf(secret, 'POST', SESSIONS_PATH)).toBe('CONSOLE_LINK_UNKNOWN');
  });

  it('are good for no other request, and not used up by one', () => {
    const { sessions, codeOf, enter } = sessionsAt();
    const { secret } = sessions.makeLink(jane, { by: 'x509' });
    expect(codeOf(secret)).toBe('CONSOLE_SESSION_SCOPE');
    expect(codeOf(secret, 'POST', '/api/v1/namespaces')).toBe('CONSOLE_SESSION_SCOPE');
    expect(enter(secret)).toBeDefined();
  });

  it('end after ten minutes, and with the credential they were asked with', () => {
    const { time, sessions, codeOf } = sessionsAt();
    const late = sessions.makeLink(jane, { by: 'x509' });
    const short = sessions.makeLink(jane, { by: 'x509', expires: START + 1000 });
    time.now += 1000;
    expect(codeOf(short.secret, 'POST', SESSIONS_PATH)).toBe('CONSOLE_LINK_EXPIRED');
    time.now = START + LINK_MS;
    expect(codeOf(late.secret, 'POST', SESSIONS_PATH)).toBe('CONSOLE_LINK_EXPIRED');
  });

  it('give one session each', () => {
    const { sessions, ask } = sessionsAt();
    const { secret } = sessions.makeLink(jane, { by: 'x509' });
    const verdict = ask(secret, 'POST', SESSIONS_PATH)!.verdict as unknown as { user: typeof jane };
    expect(sessions.makeSession(jane)).toBeUndefined();
    expect(sessions.makeSession(verdict.user)).toBeDefined();
    expect(sessions.makeSession(verdict.user)).toBeUndefined();
  });
});

describe('sessions of the console', () => {
  it('stand for whom the link was made, and read what the console shows alone', () => {
    const { sessions, ask, codeOf, enter } = sessionsAt();
    const { secret } = enter(sessions.makeLink(jane, { by: 'x509', issuedAt: 7 }).secret)!;
    expect(ask(secret)?.verdict).toMatchObject({ code: 'CONSOLE_SESSION', user: jane, issuedAt: 7 });
    expect(codeOf(secret, 'GET', '/api/v1/namespaces/kube-system/secrets')).toBe('CONSOLE_SESSION_SCOPE');
    expect(codeOf(secret, 'POST', '/sallyport/v1/console/links')).toBe('CONSOLE_SESSION_SCOPE');
    expect(codeOf(secret, 'DELETE', '/sallyport/v1/decisions')).toBe('CONSOLE_SESSION_SCOPE');
  });

  it('end by themselves, with the credential, when told, and when trust changes', () => {
    const { time, sessions, codeOf, enter } = sessionsAt();
    const make = (credential: { by: string; expires?: number }) =>
      enter(sessions.makeLink(jane, credential).secret)!.secret;
    const [long, short, left, trusted] = [
      make({ by: 'x509' }),
      make({ by: 'x509', expires: START + 1000 }),
      make({ by: 'x509' }),
      make({ by: 'service-account' }),
    ];
    expect(sessions.end(`Bearer ${left}`)).toBe(true);
    expect(codeOf(left)).toBe('CONSOLE_SESSION_UNKNOWN');
    sessions.trustChanged(['service-account']);
    expect(codeOf(trusted)).toBe('CONSOLE_SESSION_UNKNOWN');
    time.now += 1000;
    expect([codeOf(long), codeOf(short)]).toEqual(['CONSOLE_SESSION', 'CONSOLE_SESSION_EXPIRED']);
    time.now = START + SESSION_MS;
    expect(codeOf(long)).toBe('CONSOLE_SESSION_EXPIRED');
  });

  it('are refused where the credential behind them was taken back', () => {
    const revoked: AuthenticationVerdict = {
      verdict: 'refused',
      by: 'revocations',
      code: 'CREDENTIAL_REVOKED',
      facts: {},
    };
    let isRevoked = false;
    const { sessions, codeOf, enter } = sessionsAt(() => (isRevoked ? revoked : undefined));
    const { secret } = enter(sessions.makeLink(jane, { by: 'x509' }).secret)!;
    expect(codeOf(secret)).toBe('CONSOLE_SESSION');
    isRevoked = true;
    expect(codeOf(secret)).toBe('CREDENTIAL_REVOKED');
  });

  it('leave all other credentials to the authenticators', () => {
    const { codeOf } = sessionsAt();
    expect(codeOf(undefined)).toBeUndefined();
    expect(codeOf('eyJhbGciOiJSUzI1NiJ9.e30.c2ln')).toBeUndefined();
    expect(codeOf('sallyport-console-made-up')).toBe('CONSOLE_SESSION_UNKNOWN');
  });

  it('are kept in bounded number', () => {
    const { sessions, codeOf } = sessionsAt();
    const first = sessions.makeLink(jane, { by: 'x509' }).secret;
    for (let i = 0; i < 1000; i++) sessions.makeLink(jane, { by: 'x509' });
    expect(codeOf(first, 'POST', SESSIONS_PATH)).toBe('CONSOLE_LINK_UNKNOWN');
  });
});
