import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createAuthority, issueCertificate } from '../src/pki/authority.ts';
import { clients, run } from './support/kubectl.ts';
import { freePort, Up } from './support/up.ts';

const { kubectl } = clients();

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** The common name of the certificate that came with the connection. */
  proxy: string;
}

const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'metrics.example.com/v1',
  resources: [
    {
      name: 'readings',
      singularName: 'reading',
      namespaced: true,
      kind: 'Reading',
      verbs: ['get', 'list'],
      shortNames: ['rd'],
    },
  ],
};
const readings = {
  kind: 'ReadingList',
  apiVersion: 'metrics.example.com/v1',
  metadata: {},
  items: [{ metadata: { name: 'outside', namespace: 'default' } }],
};

describe('an APIService with a server behind it', () => {
  const seen: Seen[] = [];
  let up: Up;
  let backend: Server;
  let port: number;
  let ca: string;

  const kube = (args: string[], stdin = '') => run(kubectl, up.kubeconfig, args, stdin);
  const apply = async (object: unknown): Promise<void> => {
    const { exit, stderr } = await kube(['apply', '-f', '-'], JSON.stringify(object));
    expect(stderr).toBe('');
    expect(exit).toBe(0);
  };
  const available = async (): Promise<{ status: string; reason: string; message: string }> => {
    const { stdout } = await kube(['get', 'apiservice', 'v1.metrics.example.com', '-o', 'json']);
    const conditions = JSON.parse(stdout).status?.conditions ?? [];
    return conditions.find(({ type }: { type: string }) => type === 'Available') ?? {};
  };
  const settles = async (reason: string) => {
    for (let tries = 0; tries < 200; tries++) {
      const condition = await available();
      if (condition.reason === reason) return condition;
      await sleep(100);
    }
    throw new Error(`not ${reason}: ${JSON.stringify(await available())}`);
  };
  const apiService = (spec: Record<string, unknown>) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.metrics.example.com' },
    spec: {
      group: 'metrics.example.com',
      version: 'v1',
      groupPriorityMinimum: 2000,
      versionPriority: 10,
      service: { namespace: 'default', name: 'readings', port: 443 },
      ...spec,
    },
  });

  beforeAll(async () => {
    up = await Up.start();
    port = await freePort();
    const authority = await createAuthority('readings-ca', 1, Date.now());
    ca = authority.certificate;
    const leaf = await issueCertificate(
      { commonName: 'readings', usages: ['server'], dnsNames: ['readings.default.svc'], days: 1 },
      Date.now(),
      authority,
    );
    backend = createServer(
      {
        cert: leaf.certificate,
        key: leaf.key,
        requestCert: true,
        ca: readFileSync(join(up.folder, 'pki', 'front-proxy-ca.crt')),
      },
      (incoming, answer) => {
        const { method = '', url = '', headers } = incoming;
        const proxy = String((incoming.socket as TLSSocket).getPeerCertificate().subject?.CN ?? '');
        seen.push({ method, url, headers, proxy });
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const respond = (status: number, body: unknown): void => {
            answer.writeHead(status, { 'content-type': 'application/json', 'x-made-by': 'readings' });
            answer.end(JSON.stringify(body));
          };
          if (url === '/apis/metrics.example.com/v1') respond(200, resourceList);
          else if (method === 'POST') respond(201, { got: Buffer.concat(chunks).toString() });
          else if (url.includes('/readings')) respond(200, readings);
          else respond(404, {});
        });
      },
    );
    backend.on('upgrade', (incoming, socket) => {
      seen.push({ method: 'UPGRADE', url: incoming.url!, headers: incoming.headers, proxy: '' });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    await new Promise<void>((done) => backend.listen(port, '127.0.0.1', done));
  });
  afterAll(async () => {
    await up?.remove();
    backend?.closeAllConnections();
    backend?.close();
  });

  it('is not available while its Service, port or endpoints are missing, and says which', async () => {
    await apply(apiService({ caBundle: Buffer.from(ca).toString('base64') }));
    expect(await settles('ServiceNotFound')).toMatchObject({
      status: 'False',
      message: 'service/readings in "default" is not present',
    });
    const service = (ports: unknown[]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'readings', namespace: 'default' },
      spec: { ports },
    });
    await apply(service([{ name: 'web', port: 80 }]));
    expect((await settles('ServicePortError')).message).toBe(
      'service/readings in "default" is not listening on port 443',
    );
    await apply(service([{ name: 'web', port: 443 }]));
    expect((await settles('EndpointsNotFound')).message).toBe(
      'cannot find endpointslices for service/readings in "default"',
    );
    const { exit, stderr } = await kube(['get', '--raw', '/apis/metrics.example.com/v1']);
    expect(exit).not.toBe(0);
    expect(stderr).toContain('unable to handle the request');
    const { stdout } = await kube(['get', '--raw', '/apis/metrics.example.com']);
    expect(JSON.parse(stdout).preferredVersion.version).toBe('v1');
  });

  it('is served by it, with the caller told by the front proxy', async () => {
    // Endpoints may not be on loopback (endpoints validation): a name that leads there may.
    await kube(['delete', 'service', 'readings']);
    await apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'readings', namespace: 'default' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    await apply(
      apiService({
        caBundle: Buffer.from(ca).toString('base64'),
        service: { namespace: 'default', name: 'readings', port },
      }),
    );
    expect(await settles('Passed')).toMatchObject({ status: 'True', message: 'all checks passed' });
    seen.length = 0;
    const listed = await kube(['get', 'rd', '-A', '-o', 'name', '--as=jane', '--as-group=readers']);
    // Whoever impersonates needs no rights here: the administrator's own are gone with the name.
    expect(listed.stderr).toContain('forbidden');
    const mine = await kube(['get', '--raw', '/apis/metrics.example.com/v1/namespaces/default/readings?x=1']);
    expect(JSON.parse(mine.stdout)).toEqual(readings);
    const last = seen.at(-1)!;
    expect(last.url).toBe('/apis/metrics.example.com/v1/namespaces/default/readings?x=1');
    expect(last.proxy).toBe('front-proxy-client');
    expect(last.headers['x-remote-user']).toBe('kubernetes-admin');
    expect(last.headers['x-remote-group']).toContain('system:authenticated');
    expect(last.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(last.headers['audit-id']).toBeTruthy();
  });

  it('is found by discovery, old and aggregated, and by kubectl', async () => {
    const rows = await kube(['api-resources', '--api-group=metrics.example.com', '--no-headers']);
    expect(rows.stdout.trim().split(/\s+/)).toEqual([
      'readings',
      'rd',
      'metrics.example.com/v1',
      'true',
      'Reading',
    ]);
    expect((await kube(['get', 'rd', '-o', 'name'])).stdout).toBe('reading.metrics.example.com/outside\n');
    const groups = JSON.parse((await kube(['get', '--raw', '/apis'])).stdout).groups;
    expect(groups.map(({ name }: { name: string }) => name)).toContain('metrics.example.com');
  });

  it('gets bodies as they were sent, forged headers not at all, and protocols that change', async () => {
    const { users, clusters } = parse(readFileSync(up.kubeconfig, 'utf8'));
    const data = (text: string): Buffer => Buffer.from(text, 'base64');
    const options = {
      host: '127.0.0.1',
      port: up.port,
      ca: data(clusters[0].cluster['certificate-authority-data']),
      cert: data(users[0].user['client-certificate-data']),
      key: data(users[0].user['client-key-data']),
      path: '/apis/metrics.example.com/v1/namespaces/default/readings',
    };
    const answer = await new Promise<{ status: number; body: string; by: unknown }>((done, fail) => {
      const headers = { 'x-remote-user': 'root', 'x-remote-extra-a': 'b', 'content-type': 'text/x' };
      const outgoing = request({ ...options, method: 'POST', headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () =>
          done({ status: response.statusCode!, body, by: response.headers['x-made-by'] }),
        );
      });
      outgoing.on('error', fail);
      outgoing.end('x'.repeat(100_000));
    });
    expect(answer).toMatchObject({ status: 201, by: 'readings' });
    expect(JSON.parse(answer.body).got).toHaveLength(100_000);
    expect(seen.at(-1)!.headers).toMatchObject({
      'x-remote-user': 'kubernetes-admin',
      'content-type': 'text/x',
    });
    expect(seen.at(-1)!.headers['x-remote-extra-a']).toBeUndefined();

    const echoed = await new Promise<string>((done, fail) => {
      const headers = { connection: 'Upgrade', upgrade: 'echo' };
      const outgoing = request({ ...options, headers });
      outgoing.on('error', fail);
      outgoing.on('response', ({ statusCode }) => fail(new Error(`answered with ${statusCode}`)));
      outgoing.on('upgrade', (_response, socket) => {
        socket.on('data', (chunk: Buffer) => {
          done(chunk.toString());
          socket.destroy();
        });
        socket.write('to and fro');
      });
      outgoing.end();
    });
    expect(echoed).toBe('to and fro');
    expect(seen.at(-1)).toMatchObject({
      method: 'UPGRADE',
      headers: { 'x-remote-user': 'kubernetes-admin' },
    });

    const plain = await new Promise<number>((done, fail) => {
      const headers = { connection: 'Upgrade', upgrade: 'echo' };
      const outgoing = request({ ...options, path: '/api/v1/namespaces/default', headers }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode!));
      });
      outgoing.on('error', fail);
      outgoing.end();
    });
    expect(plain).toBe(200);
  });

  it('is not trusted without its authority, and not available when it is gone', async () => {
    const service = { namespace: 'default', name: 'readings', port };
    const other = await createAuthority('somebody-else', 1, Date.now());
    await apply(apiService({ caBundle: Buffer.from(other.certificate).toString('base64'), service }));
    expect((await settles('FailedDiscoveryCheck')).message).toContain(
      'x509: certificate signed by unknown authority',
    );
    await apply({ ...apiService({ insecureSkipTLSVerify: true, caBundle: null, service }) });
    expect((await settles('Passed')).status).toBe('True');
    expect((await kube(['delete', 'apiservice', 'v1.metrics.example.com'])).exit).toBe(0);
    expect((await kube(['get', '--raw', '/apis/metrics.example.com'])).exit).not.toBe(0);
  });
});
