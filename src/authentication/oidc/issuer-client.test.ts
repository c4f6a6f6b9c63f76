import { webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Issued, issue, SERVER_AUTH, x509 } from '../fixtures/certificates.ts';
import { HttpsIssuerClient } from './issuer-client.ts';

let ca: Issued;
let intermediate: Issued;
let server: Server;
let base: string;
let seen: { url: string; authorization: string | undefined }[];
const clients: HttpsIssuerClient[] = [];

function clientOf(pem: string): HttpsIssuerClient {
  const client = new HttpsIssuerClient(pem);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  ca = await issue({ subject: 'CN=ca', ca: true });
  intermediate = await issue({ subject: 'CN=intermediate', issuer: ca, ca: true });
  const extensions = [
    new x509.SubjectAlternativeNameExtension([
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
    ]),
  ];
  const issued = await issue({ subject: 'CN=idp', issuer: intermediate, usages: [SERVER_AUTH], extensions });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', issued.keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  seen = [];
  server = createServer({ key, cert: `${issued.pem}\n${intermediate.pem}` }, (request, response) => {
    seen.push({ url: request.url!, authorization: request.headers.authorization });
    const to = new URL(request.url!, base).searchParams.get('to');
    if (to !== null) response.writeHead(302, { location: to }).end();
    else if (request.url === '/large') response.end(Buffer.alloc(2 * 1024 * 1024));
    else response.writeHead(418, 'Short and stout', { 'x-a': 'b' }).end('é');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const client of clients) client.close();
  server.closeAllConnections();
  server.close();
});

const failure = (url: string, pem = ca.pem): Promise<string> =>
  clientOf(pem)
    .get(url)
    .then(
      () => 'no failure',
      (error: Error) => error.message,
    );

describe('HttpsIssuerClient', () => {
  it('hands over the answer, whatever its status', async () => {
    const answer = await clientOf(ca.pem).get(`${base}/x`, { authorization: 'Bearer t' });
    expect(answer).toMatchObject({ status: 418, statusLine: '418 Short and stout', body: 'é' });
    expect(answer.headers).toMatchObject({ 'x-a': 'b' });
    expect(seen.at(-1)).toEqual({ url: '/x', authorization: 'Bearer t' });
  });

  it('trusts the authority given, be it no root, and no other', async () => {
    expect((await clientOf(intermediate.pem).get(`${base}/x`)).status).toBe(418);
    const stranger = await issue({ subject: 'CN=ca', ca: true });
    const words = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    expect(await failure(`${base}/x`, stranger.pem)).toBe(`Get "${base}/x": ${words}`);
    expect(await failure(`${base}/x`, '')).toBe(`Get "${base}/x": ${words}`);
  });

  it('follows redirects, ten at most, and takes credentials to no other host', async () => {
    await clientOf(ca.pem).get(`${base}/a?to=/b`, { authorization: 'Bearer t' });
    expect(seen.at(-1)).toEqual({ url: '/b', authorization: 'Bearer t' });
    const elsewhere = base.replace('127.0.0.1', 'localhost');
    await clientOf(ca.pem).get(`${base}/a?to=${elsewhere}/c`, { authorization: 'Bearer t' });
    expect(seen.at(-1)).toEqual({ url: '/c', authorization: undefined });
    expect(await failure(`${base}/a?to=`)).toMatch(/stopped after 10 redirects$/);
  });

  it.each([
    ['http://127.0.0.1:1/', 'Get "http://127.0.0.1:1/": unsupported protocol scheme "http"'],
    ['nonsense', 'Get "nonsense": invalid URL'],
    ['https://127.0.0.1:1/', 'Get "https://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused'],
  ])('asks nobody at %s', async (url, words) => {
    expect(await failure(url)).toBe(words);
  });

  it('neither goes down to plain HTTP nor reads without end', async () => {
    expect(await failure(`${base}/a?to=http://127.0.0.1:1/`)).toContain('unsupported protocol scheme "http"');
    expect(await failure(`${base}/large`)).toContain('the answer is too large');
  });
});
