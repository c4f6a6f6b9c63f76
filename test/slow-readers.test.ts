import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Up } from './support/up.ts';

const OBJECTS = 3000;
const PATH = '/api/v1/namespaces/default/configmaps';

describe('clients that do not read', () => {
  let up: Up;
  const sessions: ClientHttp2Session[] = [];

  function open(): ClientHttp2Session {
    const { users } = parse(readFileSync(up.kubeconfig, 'utf8'));
    const decode = (name: string): Buffer => Buffer.from(users[0].user[name], 'base64');
    const session = connect(up.url, {
      rejectUnauthorized: false,
      cert: decode('client-certificate-data'),
      key: decode('client-key-data'),
    });
    session.on('error', () => {});
    sessions.push(session);
    return session;
  }

  function ask(session: ClientHttp2Session, method: string, path: string, body?: object): ClientHttp2Stream {
    const stream = session.request({
      ':method': method,
      ':path': path,
      ...(body ? { 'content-type': 'application/json' } : {}),
    });
    stream.on('error', () => {});
    stream.end(body && JSON.stringify(body));
    return stream;
  }

  const read = (stream: ClientHttp2Stream): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('close', () => resolve(text));
    });

  const residentMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${up.pid}/status`, 'utf8'))![1]) / 1024;

  beforeAll(async () => {
    up = await Up.start();
    const session = open();
    let made = 0;
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (made < OBJECTS)
          await read(
            ask(session, 'POST', PATH, {
              metadata: { name: `c${made++}` },
              data: { text: 'x'.repeat(2000) },
            }),
          );
      }),
    );
  });
  afterAll(async () => {
    for (const session of sessions) session.destroy();
    await up?.remove();
  });

  it('hold no copy of the list they asked for', async () => {
    const before = residentMiB();
    // Together they asked for 600 MB.
    for (let i = 0; i < 80; i++) {
      const stream = ask(open(), 'GET', PATH);
      stream.once('response', () => stream.pause());
      stream.pause();
    }
    await new Promise((done) => setTimeout(done, 3000));
    expect(residentMiB() - before).toBeLessThan(200);
    const { items } = JSON.parse(await read(ask(open(), 'GET', PATH)));
    expect(items.length).toBeGreaterThanOrEqual(OBJECTS);
  });

  it('are dropped as watchers once they are far behind, and others miss nothing', async () => {
    const { metadata } = JSON.parse(await read(ask(open(), 'GET', `${PATH}?limit=1`)));
    const from = `${PATH}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    const slow = ask(open(), 'GET', from);
    slow.pause();
    let seen = 0;
    const quick = ask(open(), 'GET', from);
    quick.setEncoding('utf8');
    quick.on('data', (chunk: string) => {
      for (const at of chunk) if (at === '\n') seen++;
    });
    await new Promise((resolve) => quick.once('response', resolve));
    const writer = open();
    const writes = 60;
    for (let i = 0; i < writes; i++)
      await read(
        ask(writer, 'POST', PATH, { metadata: { name: `big${i}` }, data: { text: 'y'.repeat(900_000) } }),
      );
    for (const deadline = Date.now() + 20_000; seen < writes; ) {
      if (Date.now() > deadline) throw new Error(`the quick watcher saw ${seen} events`);
      await new Promise((done) => setTimeout(done, 50));
    }
    const metrics = await read(ask(open(), 'GET', '/metrics'));
    expect(metrics).toContain('apiserver_terminated_watchers_total{group="",resource="configmaps"} 1\n');
    slow.close();
    quick.close();
  });
});
