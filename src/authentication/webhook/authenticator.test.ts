import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { refusalWords } from '../../explain/words/authentication.ts';
import { WebhookClient } from '../../webhook/client.ts';
import { TokenWebhook } from './authenticator.ts';

interface Review {
  apiVersion: string;
  spec: { token: string; audiences?: string[] };
}
type Reply = { status?: number; body: unknown };

const open: { server: Server; webhook: TokenWebhook }[] = [];
afterEach(() => {
  for (const { server, webhook } of open.splice(0)) {
    webhook.close();
    server.closeAllConnections();
    server.close();
  }
});

async function webhookOf(
  answer: (review: Review) => Reply | Promise<Reply>,
  options: { version?: 'v1' | 'v1beta1'; cacheTtlMs?: number } = {},
) {
  const seen: Review[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const review = JSON.parse(text) as Review;
    seen.push(review);
    const { status = 200, body } = await answer(review);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebhookClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  const webhook = new TokenWebhook({
    client,
    version: 'v1',
    apiAudiences: ['api'],
    cacheTtlMs: 120_000,
    backoff: { firstMs: 1, factor: 1, jitter: 0, tries: 5 },
    ...options,
  });
  open.push({ server, webhook });
  const ask = async (token: string, audiences: readonly string[] = ['api'], now = 0) =>
    webhook.authenticateToken(token, { audiences, now, warn: () => {} });
  return { ask, seen };
}

const reply = (status: unknown, version = 'v1'): Reply => ({
  body: { apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', status },
});

describe('TokenWebhook', () => {
  it('sends the token and the audiences wanted, and takes whom it is told', async () => {
    const user = { username: 'w', uid: 'u', groups: ['a', null, 'a'], extra: { 'X/y': ['1'], none: null } };
    const { ask, seen } = await webhookOf(() => reply({ authenticated: true, user, error: 'ignored' }));
    expect(await ask('t', ['api', 'b'])).toEqual({
      verdict: 'authenticated',
      by: 'webhook',
      code: 'TOKEN_WEBHOOK',
      facts: {},
      user: { name: 'w', uid: 'u', groups: ['a', '', 'a'], extra: { 'X/y': ['1'], none: [] } },
      audiences: ['api'],
    });
    expect(seen).toEqual([
      {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        spec: { token: 't', audiences: ['api', 'b'] },
        status: { user: {} },
      },
    ]);
  });

  it('speaks v1beta1', async () => {
    const { ask, seen } = await webhookOf(({ spec }) => reply({ authenticated: true }, spec.token), {
      version: 'v1beta1',
    });
    expect(await ask('v1beta1')).toMatchObject({ verdict: 'authenticated', user: { name: '', groups: [] } });
    expect(seen[0]?.apiVersion).toBe('authentication.k8s.io/v1beta1');
    expect(refusalWords(await ask('v1'))).toBe(
      'converting (v1.TokenReview) to (v1beta1.TokenReview): unknown conversion',
    );
  });

  it.each([
    [
      ['one', 'two'],
      ['two', 'three', 'one'],
      ['one', 'two'],
    ],
    [['one'], ['three'], undefined],
    [[], ['one'], undefined],
    [[], ['one', 'api'], ['api']],
    [undefined, [], []],
  ])('a reply for %j to a question for %j is good for %j', async (said, wanted, audiences) => {
    const { ask } = await webhookOf(() => reply({ authenticated: true, audiences: said }));
    const verdict = await ask('t', wanted);
    if (audiences) expect(verdict).toMatchObject({ verdict: 'authenticated', audiences });
    else expect(verdict).toMatchObject({ verdict: 'notMine', code: 'TOKEN_WEBHOOK_AUDIENCE' });
  });

  it('remembers yes and no, by token and audiences, and no failures', async () => {
    const { ask, seen } = await webhookOf(({ spec }) => {
      if (spec.token === 'words') return reply({ authenticated: false, error: 'later' });
      if (spec.token === 'broken') return { status: 400, body: 'no' };
      return reply({ authenticated: spec.token === 'yes', user: { username: 'y' } });
    });
    for (const token of ['yes', 'no', 'words', 'broken']) for (let i = 0; i < 2; i++) await ask(token);
    expect(seen.map(({ spec }) => spec.token)).toEqual(['yes', 'no', 'words', 'words', 'broken', 'broken']);
    await ask('yes', ['api', 'b']);
    await ask('yes', ['api'], 119_999);
    expect(seen).toHaveLength(7);
    await ask('yes', ['api'], 120_000);
    expect(seen).toHaveLength(8);
    expect(refusalWords(await ask('words'))).toBe('later');
  });

  it('is asked once by all who wait for the same', async () => {
    const { ask, seen } = await webhookOf(() => reply({ authenticated: true }), { cacheTtlMs: 0 });
    await Promise.all([ask('t'), ask('t'), ask('t')]);
    expect(seen).toHaveLength(1);
    await ask('t');
    expect(seen).toHaveLength(2);
  });

  it.each([
    [500, 5],
    [429, 5],
    [504, 5],
    [503, 1],
    [403, 1],
  ])('asks again where that may help: %i, %i times', async (status, times) => {
    const { ask, seen } = await webhookOf(() => ({ status, body: 'no' }));
    expect(await ask('t')).toMatchObject({ verdict: 'refused', code: 'TOKEN_WEBHOOK_FAILED' });
    expect(seen).toHaveLength(times);
  });

  it.each([
    ['authenticated that is a text', { authenticated: 'yes', user: { username: 'x' } }],
    ['a user that is a list', { authenticated: true, user: [] }],
    ['groups that are a text', { authenticated: true, user: { groups: 'system:masters' } }],
    ['extra with a text', { authenticated: true, user: { extra: { a: 'b' } } }],
  ])('refuses %s', async (_, status) => {
    const { ask } = await webhookOf(() => reply(status));
    expect(await ask('t')).toMatchObject({ verdict: 'refused', code: 'TOKEN_WEBHOOK_FAILED' });
  });
});
