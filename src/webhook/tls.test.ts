import { webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLIENT_AUTH,
  type Issued,
  issue,
  SERVER_AUTH,
  x509,
} from '../authentication/fixtures/certificates.ts';
import { WebhookClient, type WebhookReply } from './client.ts';
import type { WebhookTarget } from './target.ts';

const servers: Server[] = [];
let ca: Issued;

async function keyOf({ keys }: Issued): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
}

async function serve(
  names: x509.JsonGeneralName[],
  more: { notAfter?: Date } = {},
): Promise<{ url: string; seen: string[] }> {
  const extensions = names.length ? [new x509.SubjectAlternativeNameExtension(names)] : [];
  const issued = await issue({ subject: 'CN=hook', issuer: ca, usages: [SERVER_AUTH], extensions, ...more });
  const seen: string[] = [];
  const options = {
    cert: issued.pem,
    key: await keyOf(issued),
    ca: ca.pem,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(options, (request, response) => {
    seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? ''));
    response.end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, seen };
}

async function post(target: WebhookTarget): Promise<string> {
  const client = new WebhookClient(target);
  const reply: WebhookReply = await client.post('{}', { timeoutMs: 5000 });
  client.close();
  return reply.ok ? 'ok' : reply.failure.message.replace(/^Post ".*?": /, '');
}

beforeAll(async () => {
  ca = await issue({ subject: 'CN=ca', ca: true });
});
afterAll(() => {
  for (const server of servers) server.close();
});

const LOOPBACK: x509.JsonGeneralName = { type: 'ip', value: '127.0.0.1' };

describe('WebhookClient over TLS', () => {
  it('trusts the authority it is told, and no other', async () => {
    const { url } = await serve([LOOPBACK]);
    const other = await issue({ subject: 'CN=other', ca: true });
    const unknown = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    expect(await post({ url, ca: ca.pem })).toBe('ok');
    expect(await post({ url })).toBe(unknown);
    expect(await post({ url, ca: other.pem })).toBe(unknown);
    expect(await post({ url, insecure: true })).toBe('ok');
  });

  it('shows its own certificate', async () => {
    const { url, seen } = await serve([LOOPBACK]);
    const me = await issue({ subject: 'CN=me', issuer: ca, usages: [CLIENT_AUTH] });
    const certificate = { certificate: me.pem, key: await keyOf(me) };
    expect(await post({ url, ca: ca.pem, credentials: () => ({ certificate }) })).toBe('ok');
    expect(seen).toEqual(['me']);
  });

  it('says whose certificate it is when it is not the one of the name asked for', async () => {
    const { url } = await serve([
      { type: 'dns', value: 'hook.example' },
      { type: 'ip', value: '127.0.0.2' },
    ]);
    const head = 'tls: failed to verify certificate: x509: certificate is valid for';
    expect(await post({ url, ca: ca.pem })).toBe(`${head} 127.0.0.2, not 127.0.0.1`);
    expect(await post({ url, ca: ca.pem, serverName: 'hook.example' })).toBe('ok');
    expect(await post({ url, ca: ca.pem, serverName: 'other.example' })).toBe(
      `${head} hook.example, not other.example`,
    );
  });

  it('refuses a certificate that has run out', async () => {
    const { url } = await serve([LOOPBACK], { notAfter: new Date('2020-01-02T03:04:05Z') });
    expect(await post({ url, ca: ca.pem })).toBe(
      'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    );
  });
});
