import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from './support/apiserver.ts';

type Manner = 'allows' | 'hangs' | 'garbage' | 'halfway' | 'resets' | 'slams' | 'lies';

/** A webhook with manners that a test chooses; `stop` and `listen` let it die and come back. */
class Webhook {
  manner: Manner = 'allows';
  calls = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(cert: Buffer, key: Buffer) {
    this.#server = createServer({ cert, key }, (request, response) => {
      this.calls++;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { uid } = JSON.parse(Buffer.concat(chunks).toString()).request;
        const review = {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid, allowed: true },
        };
        switch (this.manner) {
          case 'hangs':
            return;
          case 'garbage':
            return response.end('\u0000\u0001 not even wrong');
          case 'halfway':
            response.writeHead(200, { 'content-length': '4096' });
            response.write('{"apiVersion":"admission.k8s.io/v1"');
            return;
          case 'resets':
            return request.socket.destroy();
          case 'slams':
            return response.writeHead(429, { 'retry-after': '1' }).end();
          case 'lies':
            return response.end(JSON.stringify({ ...review, response: { uid: 'another', allowed: true } }));
          default:
            return response.end(JSON.stringify(review));
        }
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.#server.on('tlsClientError', () => {});
  }

  listen(): Promise<void> {
    return new Promise((done) => {
      this.#server.listen(this.port, '127.0.0.1', () => {
        this.port = (this.#server.address() as AddressInfo).port;
        done();
      });
    });
  }

  stop(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }
}

describe('an admission webhook that fails in all ways', () => {
  let server: Apiserver;
  let webhook: Webhook;

  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run([]);
    // The API server's own certificate is good for 127.0.0.1, and will do for the webhook.
    const { certFile, keyFile } = server.paths.apiserver;
    webhook = new Webhook(readFileSync(certFile), readFileSync(keyFile));
    await webhook.listen();
    const hook = (name: string, failurePolicy: string) => ({
      name: `${name}.hooks.test`,
      clientConfig: {
        url: `https://127.0.0.1:${webhook.port}/${name}`,
        caBundle: readFileSync(server.paths.ca.certFile).toString('base64'),
      },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      namespaceSelector: { matchLabels: { policy: name } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 1,
      failurePolicy,
    });
    for (const kind of ['Validating', 'Mutating']) {
      const made = await server.ask(
        `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`,
        {
          method: 'POST',
          body: { metadata: { name: 'hooks' }, webhooks: [hook('closed', 'Fail'), hook('open', 'Ignore')] },
        },
      );
      expect(made.status).toBe(201);
    }
    for (const name of ['closed', 'open']) {
      const made = await server.ask('/api/v1/namespaces', {
        method: 'POST',
        body: { metadata: { name, labels: { policy: name } } },
      });
      expect(made.status).toBe(201);
    }
  });
  afterAll(async () => {
    await webhook?.stop();
    await server?.remove();
  });

  const create = (namespace: string) =>
    server.ask(`/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, {
      method: 'POST',
      body: { metadata: { name: 'x' } },
    });

  const MANNERS: [Manner, RegExp][] = [
    ['hangs', /context deadline exceeded/],
    ['garbage', /failed to call webhook/],
    ['halfway', /failed to call webhook/],
    ['resets', /failed to call webhook/],
    ['slams', /failed to call webhook/],
    ['lies', /received invalid webhook response: expected response\.uid/],
  ];

  it.each(MANNERS)(
    'one that %s: Fail refuses, Ignore goes on, and it is well again afterwards',
    async (manner, words) => {
      webhook.manner = manner;
      const [closed, open] = await Promise.all([create('closed'), create('open')]);
      expect(closed.status).toBe(500);
      expect(JSON.parse(closed.body).message).toMatch(
        /^Internal error occurred: failed calling webhook "closed\.hooks\.test": /,
      );
      expect(JSON.parse(closed.body).message).toMatch(words);
      expect(open.status).toBe(201);
      webhook.manner = 'allows';
      expect((await create('closed')).status).toBe(201);
    },
  );

  it('one that dies and comes back', async () => {
    await webhook.stop();
    const dead = await create('closed');
    expect(dead.status).toBe(500);
    expect(JSON.parse(dead.body).message).toContain('connection refused');
    expect((await create('open')).status).toBe(201);
    await webhook.listen();
    const before = webhook.calls;
    expect((await create('closed')).status).toBe(201);
    expect(webhook.calls).toBe(before + 2);
  });

  it('many requests at once, while it hangs: every one is answered', async () => {
    webhook.manner = 'hangs';
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => create(i % 2 ? 'open' : 'closed')),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, i) => (i % 2 ? 201 : 500)));
    webhook.manner = 'allows';
    expect((await create('closed')).status).toBe(201);
  });

  it('does not keep a bad webhook from being taken away', async () => {
    webhook.manner = 'hangs';
    const gone = await server.ask(
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks',
      { method: 'DELETE' },
    );
    expect(gone.status).toBe(200);
  });
});
