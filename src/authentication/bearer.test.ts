import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { BearerAuthenticator, isWholeToken, parseBearer } from './bearer.ts';
import { requestOf } from './fixtures/requests.ts';
import { TokenCache } from './token-cache.ts';
import { protocolsWithoutToken, WebSocketBearerAuthenticator } from './websocket-bearer.ts';

const AUDIENCES = ['api'];
const tokens: TokenAuthenticator = {
  name: 'tokens',
  authenticateToken: (token): AuthenticationVerdict =>
    token === 'good'
      ? { verdict: 'authenticated', by: 'tokens', code: 'YES', facts: {}, user: { name: 'jane', groups: [] } }
      : { verdict: 'notMine', by: 'tokens', code: 'NO', facts: {} },
};

describe('the Authorization header', () => {
  it.each([
    ['Bearer good', 'good'],
    ['bEaReR good', 'good'],
    ['  Bearer good  ', 'good'],
    ['Bearer good and more', 'good'],
    ['Bearer a.b-c_d~e+f/g=', 'a.b-c_d~e+f/g='],
    ['Bearer "good"', '"good"'],
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Bearer\tgood', ''],
    ['Bearer: good', ''],
    ['Basic amFuZQ==', ''],
    ['Token good', ''],
    ['good', ''],
    ['', ''],
  ])('%j holds the token %j', (header, token) => {
    expect(parseBearer(header)).toEqual({ token, extraSpace: false });
  });

  it.each(['good', 'a b', ' a', 'a ', '\ta', 'a\n', '', 'a\tb', '\u00a0a'])(
    'says of %j whether it is a whole token',
    (text) => {
      expect(isWholeToken(text)).toBe(text !== '' && parseBearer(`Bearer ${text}`).token === text);
    },
  );

  it('gets a warning for a blank too many', () => {
    const request = requestOf({ authorization: 'Bearer  good' });
    expect(new BearerAuthenticator(tokens).authenticate(request)).toMatchObject({ verdict: 'notMine' });
    expect(request.warnings).toEqual([
      'the provided Authorization header contains extra space before the bearer token, and is ignored',
    ]);
  });

  it('is refused where nobody knows its token, and only its first value counts', () => {
    const bearer = new BearerAuthenticator(tokens);
    expect(bearer.authenticate(requestOf({ authorization: ['Bearer nope', 'Bearer good'] }))).toMatchObject({
      verdict: 'refused',
      code: 'TOKEN_UNKNOWN',
    });
    expect(
      bearer.authenticate(requestOf({ authorization: ['Bearer good', 'Bearer nope'] })).constructor,
    ).toBe(Object);
    expect(bearer.authenticate(requestOf())).toMatchObject({ verdict: 'notMine', code: 'BEARER_NO_HEADER' });
  });

  it('is read anew where a connection shows another one', () => {
    const bearer = new BearerAuthenticator(tokens);
    const connection = {};
    const code = (authorization: string): string =>
      (bearer.authenticate(requestOf({ authorization }, { connection })) as AuthenticationVerdict).code;
    for (const [header, expected] of [
      ['Bearer good', 'YES'],
      ['Bearer good', 'YES'],
      ['Bearer nope', 'TOKEN_UNKNOWN'],
      ['Bearer  good', 'BEARER_EXTRA_SPACE'],
      ['Bearer nope', 'TOKEN_UNKNOWN'],
      ['Bearer good', 'YES'],
    ] as const)
      expect(code(header)).toBe(expected);
  });

  it('that a connection has shown before is forgotten as any other', () => {
    let calls = 0;
    let isGood = true;
    const cache = new TokenCache({
      name: 'counted',
      authenticateToken(_, context): AuthenticationVerdict {
        calls++;
        context.restsOn?.('serviceaccounts', 'default', 'jane');
        return isGood
          ? {
              verdict: 'authenticated',
              by: 'counted',
              code: 'YES',
              facts: {},
              user: { name: 'jane', groups: [] },
            }
          : { verdict: 'refused', by: 'counted', code: 'GONE', facts: {} };
      },
    });
    const bearer = new BearerAuthenticator(cache);
    const connection = {};
    const ask = (now: number, audiences = AUDIENCES): string => {
      const request = requestOf({ authorization: 'Bearer t' }, { connection, now, audiences });
      return (bearer.authenticate(request) as AuthenticationVerdict).code;
    };
    expect([ask(0), ask(1), calls]).toEqual(['YES', 'YES', 1]);
    expect([ask(2, ['other']), calls]).toEqual(['YES', 2]);
    expect([ask(3), calls]).toEqual(['YES', 2]);
    expect([ask(10_000), calls]).toEqual(['YES', 3]);
    isGood = false;
    cache.invalidate('serviceaccounts', 'default', 'jane');
    expect([ask(10_001), ask(10_002), calls]).toEqual(['GONE', 'GONE', 5]);
  });
});

describe('a token among the protocols of a WebSocket', () => {
  const P = 'base64url.bearer.authorization.k8s.io.';
  const good = `${P}${Buffer.from('good').toString('base64url')}`;
  const upgrade = { upgrade: 'WebSocket', connection: 'keep-alive, Upgrade' };
  const ask = (protocols: string | string[] | undefined, headers: Record<string, string> = upgrade) =>
    new WebSocketBearerAuthenticator(tokens).authenticate(
      requestOf({ ...headers, ...(protocols === undefined ? {} : { 'sec-websocket-protocol': protocols }) }),
    ) as AuthenticationVerdict;

  it.each([
    ['first', `${good}, v4.channel.k8s.io`, 'YES'],
    ['last', `v4.channel.k8s.io,${good}`, 'YES'],
    ['in a header of its own', [good, 'v4.channel.k8s.io'], 'YES'],
    ['alone', good, 'WEBSOCKET_TOKEN_ALONE'],
    ['twice', `${good}, ${good}, x`, 'WEBSOCKET_SEVERAL_TOKENS'],
    ['with padding', `${P}${Buffer.from('good').toString('base64')}, x`, 'WEBSOCKET_BAD_ENCODING'],
    ['cut off', `${P}abcde, x`, 'WEBSOCKET_BAD_ENCODING'],
    ['not UTF-8', `${P}_w, x`, 'WEBSOCKET_NOT_UTF8'],
    ['empty', `${P}, x`, 'WEBSOCKET_NO_TOKEN'],
    ['unknown', `${P}bm9wZQ, x`, 'TOKEN_UNKNOWN'],
    ['with another case of the prefix', `${good.replace('bearer', 'Bearer')}, x`, 'WEBSOCKET_NO_TOKEN'],
    ['not there', undefined, 'WEBSOCKET_NO_TOKEN'],
  ])('%s', (_, protocols, code) => {
    expect(ask(protocols).code).toBe(code);
  });

  it('is not taken for the token of the Authorization header beside it', () => {
    const cache = new TokenCache(tokens);
    const connection = {};
    const both = requestOf(
      { ...upgrade, authorization: 'Bearer nope', 'sec-websocket-protocol': `${good}, x` },
      { connection, audiences: AUDIENCES },
    );
    const bearer = new BearerAuthenticator(cache);
    const code = (verdict: unknown): string => (verdict as AuthenticationVerdict).code;
    expect(code(bearer.authenticate(both))).toBe('TOKEN_UNKNOWN');
    expect(code(new WebSocketBearerAuthenticator(cache).authenticate(both))).toBe('YES');
    const again = requestOf({ authorization: 'Bearer nope' }, { connection, audiences: AUDIENCES });
    expect(code(bearer.authenticate(again))).toBe('TOKEN_UNKNOWN');
  });

  it('is not looked at without an upgrade', () => {
    expect(ask(`${good}, x`, {}).code).toBe('WEBSOCKET_NONE');
    expect(ask(`${good}, x`, { upgrade: 'websocket' }).code).toBe('WEBSOCKET_NONE');
    expect(ask(`${good}, x`, { connection: 'upgrade', upgrade: 'h2c' }).code).toBe('WEBSOCKET_NONE');
  });

  it('is taken out of what may be answered', () => {
    expect(protocolsWithoutToken([`${good}, v4.channel.k8s.io`, 'v5'])).toEqual(['v4.channel.k8s.io', 'v5']);
  });
});
