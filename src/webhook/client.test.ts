import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { withBackoff } from './backoff.ts';
import { WebhookClient } from './client.ts';

const servers: Server[] = [];
const clients: WebhookClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close();
});

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  never?: boolean;
}

async function serve(
  answers: Answer[],
): Promise<{ client: WebhookClient; seen: { url: string; body: string }[]; url: string; waits: number[] }> {
  const seen: { url: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const {
        status = 200,
        headers = {},
        body: text = '{}',
        never,
      } = answers[Math.min(seen.length, answers.length - 1)]!;
      seen.push({ url: request.url!, body });
      if (never) return;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const waits: number[] = [];
  const client = new WebhookClient({ url }, async (ms) => void waits.push(ms));
  clients.push(client);
  return { client, seen, url, waits };
}

const options = { timeoutMs: 5000 };

describe('WebhookClient', () => {
  it('posts to the exact path and tells its time limit', async () => {
    const { client, seen } = await serve([{ body: '{"a":1}' }]);
    expect(await client.post('{"x":1}', options)).toMatchObject({ ok: true, status: 200, body: '{"a":1}' });
    expect(seen).toEqual([{ url: '/hook?timeout=5s', body: '{"x":1}' }]);
  });

  it.each([
    [400, 'the server rejected our request for an unknown reason'],
    [403, 'unknown'],
    [500, 'an error on the server ("unknown") has prevented the request from succeeding'],
    [302, 'the server responded with the status code 302 but did not return more information'],
  ])('words a %i', async (status, message) => {
    const { client } = await serve([{ status }]);
    expect(await client.post('{}', options)).toMatchObject({ ok: false, failure: { message, status } });
  });

  it('takes the words of a Status that answers', async () => {
    const body = JSON.stringify({
      kind: 'Status',
      status: 'Failure',
      reason: 'InternalError',
      message: 'in my own words',
    });
    const { client } = await serve([{ status: 400, body }]);
    expect(await client.post('{}', options)).toMatchObject({
      failure: { message: 'in my own words', retriable: true },
    });
  });

  it('waits as long as Retry-After says', async () => {
    const { client, seen, waits } = await serve([{ status: 503, headers: { 'retry-after': '2' } }, {}]);
    expect(await client.post('{}', options)).toMatchObject({ ok: true });
    expect(seen).toHaveLength(2);
    expect(waits).toEqual([2000]);
  });

  it('is not misled by a kept connection that the other end has closed', async () => {
    const seen: number[] = [];
    const server = createNetServer((socket) => {
      let requests = 0;
      socket.on('error', () => {});
      socket.on('data', () => {
        seen.push(++requests);
        // The second request on each connection finds it closed.
        if (requests > 1) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      });
    });
    servers.push(server as unknown as Server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new WebhookClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    clients.push(client);
    for (let i = 0; i < 3; i++) {
      expect(await client.post('{}', options)).toMatchObject({ ok: true });
      // The connection goes back to those that are kept.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toEqual([1, 2, 1, 2, 1]);
  });

  it('words a connection that is refused, and a time-out', async () => {
    const client = new WebhookClient({ url: 'http://127.0.0.1:1/none' });
    expect(await client.post('{}', options)).toMatchObject({
      failure: {
        message:
          'Post "http://127.0.0.1:1/none?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused',
      },
    });
    const { client: slow, url } = await serve([{ never: true }]);
    expect(await slow.post('{}', { timeoutMs: 50, timeoutWords: 'context deadline exceeded' })).toMatchObject(
      {
        failure: {
          message: `Post "${url}?timeout=50ms": context deadline exceeded`,
          timedOut: true,
          retriable: false,
        },
      },
    );
  });
});

describe('withBackoff', () => {
  it('tries five times in all, waiting longer each time', async () => {
    const { client, seen } = await serve([{ status: 500 }]);
    const waits: number[] = [];
    const pause = async (ms: number): Promise<void> => void waits.push(ms);
    const reply = await withBackoff(() => client.post('{}', options), { sleep: pause, random: () => 0 });
    expect(reply.ok).toBe(false);
    expect(seen).toHaveLength(5);
    expect(waits).toEqual([500, 750, 1125, 1687.5]);
  });

  it('does not repeat what is refused', async () => {
    const { client, seen } = await serve([{ status: 404 }]);
    await withBackoff(() => client.post('{}', options));
    expect(seen).toHaveLength(1);
  });
});
