import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from './support/apiserver.ts';

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('a server with short limits', () => {
  let server: Apiserver;
  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run(['--request-timeout=2s', '--min-request-timeout=1', '--goaway-chance=0.02']);
  });
  afterAll(() => server?.remove());

  /** Sends a text over a connection of its own, and answers with what came back once the server ends it. */
  function send(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const paths = server.paths;
      const socket = connectTls({
        port: server.port,
        host: '127.0.0.1',
        ca: readFileSync(paths.ca.certFile),
        ALPNProtocols: ['http/1.1'],
      });
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
      socket.write(text);
    });
  }

  it('does not wait for a body that does not come', async () => {
    await server.ask('/api/v1/namespaces/default/serviceaccounts', {
      method: 'POST',
      body: { metadata: { name: 'slow' } },
    });
    const token = (
      await server.ask('/api/v1/namespaces/default/serviceaccounts/slow/token', {
        method: 'POST',
        body: { spec: {} },
      })
    ).body;
    const bearer: string = JSON.parse(token).status.token;
    const answer = await send(
      `POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bearer}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"spec"`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 504 Gateway Timeout\r\n/);
    const status = JSON.parse(/\{"kind.*\}/.exec(answer)![0]);
    expect(status).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'Timeout',
      code: 504,
      message: 'Timeout: request did not complete within the allotted timeout',
    });
    const { body } = await server.ask('/metrics');
    expect(body).toMatch(
      /^apiserver_request_terminations_total\{verb="POST",group="authorization.k8s.io",version="v1",resource="selfsubjectaccessreviews",subresource="",scope="resource",component="apiserver",code="504"\} 1$/m,
    );
  });

  it('ends a connection whose body goes on behind the answer', async () => {
    const began = Date.now();
    const answer = await send(
      'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  it('ends watches that have no limit of their own', async () => {
    const began = Date.now();
    const { status } = await server.ask('/api/v1/namespaces?watch=1');
    expect(status).toBe(200);
    expect(Date.now() - began).toBeLessThan(8000);
  });

  it('counts watches while they run, by what they are of', async () => {
    const watching = server.ask('/api/v1/namespaces?watch=1&timeoutSeconds=2');
    await pause(500);
    const { body } = await server.ask('/metrics');
    expect(body).toContain(
      'apiserver_longrunning_requests{verb="WATCH",group="",version="v1",resource="namespaces",subresource="",scope="cluster",component="apiserver"} 1\n',
    );
    expect(body).toMatch(/^sallyport_event_loop_delay_seconds_count \d+$/m);
    expect(body).toMatch(
      /^apiserver_request_total\{verb="GET",group="",version="",resource="",subresource="\/readyz",scope="",component="apiserver",dry_run="",code="200"\} \d+$/m,
    );
    await watching;
  });

  it('has clients make a new connection now and then, and answers what is under way', async () => {
    const session = connectHttp2(server.url, { rejectUnauthorized: false });
    const left = new Promise<void>((resolve) => session.once('goaway', () => resolve()));
    let answered = 0;
    const ask = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': '/livez' });
        stream.on('response', (headers) => {
          if (headers[':status'] === 200) answered++;
        });
        stream.on('error', reject);
        stream.on('close', resolve).resume();
      });
    let sent = 0;
    // Nobody is that lucky: 0.98 to the power of 2000.
    while (sent < 2000 && !session.closed && !session.destroyed) {
      sent++;
      await ask();
    }
    await left;
    expect(answered).toBe(sent);
    expect(sent).toBeLessThan(2000);
  });
});

describe('a server that is told to stop', () => {
  it('says that it is not ready, and serves on until its delay is over', async () => {
    const server = await Apiserver.prepare();
    try {
      await server.run(['--shutdown-delay-duration=3s']);
      const watching = server.ask('/api/v1/namespaces?watch=1');
      const ended = server.end('SIGTERM');
      await pause(500);
      expect((await server.ask('/readyz')).status).toBe(500);
      expect((await server.ask('/livez')).status).toBe(200);
      expect((await server.ask('/api/v1/namespaces')).status).toBe(200);
      await ended;
      expect((await watching).status).toBe(200);
      await expect(server.ask('/livez')).rejects.toThrow();
    } finally {
      await server.remove();
    }
  });
});
