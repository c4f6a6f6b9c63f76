import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Up } from './support/up.ts';

const KILLS = 20;
const WRITERS = 8;

/** A kubeconfig's user as options of a request. */
function credentials(file: string) {
  const config = parse(readFileSync(file, 'utf8'));
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  return {
    ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    cert: decode(config.users[0].user['client-certificate-data']),
    key: decode(config.users[0].user['client-key-data']),
  };
}

describe('a server that is killed amid writes', () => {
  let up: Up;
  beforeAll(async () => {
    up = await Up.start();
  });
  afterAll(() => up?.remove());

  it(`has every write that it answered, ${KILLS} times over`, async () => {
    const agent = new Agent({ ...credentials(up.kubeconfig), keepAlive: true, maxSockets: WRITERS });
    const call = (method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> =>
      new Promise((done, fail) => {
        const sent = request(
          `${up.url}${path}`,
          { method, agent, headers: { 'content-type': 'application/json' } },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
            answer.on('end', () =>
              done({
                status: answer.statusCode!,
                body: JSON.parse(Buffer.concat(chunks).toString() || 'null'),
              }),
            );
          },
        );
        sent.on('error', fail);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      });
    const answered = new Map<string, string>();
    for (let round = 0; round < KILLS; round++) {
      let killed = false;
      const writer = async (id: number): Promise<void> => {
        for (let i = 0; !killed && i < 10_000; i++) {
          const name = `r${round}-w${id}-${i}`;
          const value = `${round}:${i}`;
          const answer = await call('POST', '/api/v1/namespaces/default/configmaps', {
            metadata: { name },
            data: { value },
          }).catch(() => undefined);
          if (answer?.status === 201) answered.set(name, value);
          else if (!answer) return;
        }
      };
      const writers = Array.from({ length: WRITERS }, (_, id) => writer(id));
      await new Promise((done) => setTimeout(done, 50 + Math.random() * 150));
      await up.end('SIGKILL');
      killed = true;
      await Promise.all(writers);
      await up.run();
    }
    const { body } = await call('GET', '/api/v1/namespaces/default/configmaps');
    const there = new Map<string, string>(
      body.items.map((item: any) => [item.metadata.name, item.data?.value]),
    );
    expect(answered.size).toBeGreaterThan(KILLS);
    const lost = [...answered].filter(([name, value]) => there.get(name) !== value);
    expect(lost).toEqual([]);
    agent.destroy();
  });
});
