import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate, type KeyPairPem } from '../pki/authority.ts';
import { kubeconfigText } from '../pki/kubeconfig.ts';
import type { Inspection } from './page/inspect/finding.ts';
import { inspect, inspectBytes } from './page/inspect/inspect.ts';

// What runs in the browser is tested here, where Node's types are at hand.

const NOW = Date.UTC(2026, 10, 21, 11, 20);
const DAY = 86_400_000;
let ca: KeyPairPem;
let admin: KeyPairPem;

beforeAll(async () => {
  ca = await createAuthority('kubernetes', 3650, NOW - DAY);
  admin = await issueCertificate(
    { commonName: 'jane', organizations: ['developers', 'system:masters'], usages: ['client'], days: 10 },
    NOW,
    ca,
  );
});

const jwt = (claims: object, header: object = { alg: 'RS256' }): string =>
  [JSON.stringify(header), JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const look = async (text: string, now = NOW): Promise<Inspection> => (await inspect(text, now))!;
const texts = ({ findings }: Inspection): string =>
  findings.map(({ level, text }) => `${level}: ${text}`).join('\n');

describe('a pasted certificate', () => {
  it('says who its holder is to Kubernetes, as node:crypto reads it', async () => {
    const found = await look(admin.certificate);
    const real = new X509Certificate(admin.certificate);
    expect(found.title).toBe('A client certificate');
    expect(found.user).toEqual({
      name: 'jane',
      groups: ['developers', 'system:masters', 'system:authenticated'],
    });
    const rows = Object.fromEntries(found.rows);
    expect(rows['SHA-256']).toBe(real.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(rows['Serial number']).toBe(real.serialNumber.toLowerCase());
    expect(rows['Key']).toBe('ECDSA, P-256');
    expect(rows['Issuer']).toBe('CN=kubernetes');
    expect(texts(found)).toContain('system:masters');
    expect(texts(found)).toContain('care: It expires in 10 days');
  });

  it('says that it expired, or is not good yet', async () => {
    expect(texts(await look(admin.certificate, NOW + 30 * DAY))).toContain('bad: It expired');
    expect(texts(await look(admin.certificate, NOW - 30 * DAY))).toContain('bad: It is good only in');
  });

  it('is the same in PEM, in base64 of PEM, in base64 of DER, and as a file', async () => {
    const der = new X509Certificate(admin.certificate).raw;
    const asText = JSON.stringify(await look(admin.certificate));
    expect(JSON.stringify(await look(Buffer.from(admin.certificate).toString('base64')))).toBe(asText);
    expect(JSON.stringify(await look(der.toString('base64')))).toBe(asText);
    expect(JSON.stringify(await inspectBytes(der, NOW))).toBe(asText);
  });

  it('shows names of a server', async () => {
    const server = await issueCertificate(
      {
        commonName: 'api',
        usages: ['server'],
        days: 300,
        dnsNames: ['localhost'],
        ipAddresses: ['127.0.0.1', '::1'],
      },
      NOW,
      ca,
    );
    const found = await look(server.certificate);
    expect(found).toMatchObject({ title: 'A server certificate' });
    expect(found.user).toBeUndefined();
    expect(Object.fromEntries(found.rows)['Names']).toBe('localhost, 127.0.0.1, ::1');
  });

  it('that is broken is said to be', async () => {
    const cut = admin.certificate.split('\n');
    cut.splice(3, 2);
    expect(texts(await look(cut.join('\n')))).toMatch(/^bad: As certificate it is broken/);
    expect(texts(await look('-----BEGIN CERTIFICATE-----\nMIIB'))).toContain('END line is missing');
  });

  it.each([
    [Buffer.from([0x30])],
    [Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
    [Buffer.from('30800000', 'hex')],
  ])('of made-up bytes breaks nothing', async (bytes) => {
    expect((await inspectBytes(bytes, NOW))?.title).toBeDefined();
  });
});

describe('a pasted token', () => {
  const account = {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:dev:deployer',
    aud: ['https://kubernetes.default.svc'],
    exp: NOW / 1000 + 3600,
    'kubernetes.io': { namespace: 'dev', pod: { name: 'web' }, serviceaccount: { name: 'deployer' } },
  };

  it('of a ServiceAccount names it, and what it is bound to', async () => {
    const found = await look(`Authorization: Bearer ${jwt(account)}`);
    expect(found.title).toBe('A ServiceAccount token, bound to pod web');
    expect(found.user?.groups).toContain('system:serviceaccounts:dev');
    expect(texts(found)).toContain('fine: It is good for another 1 hour');
  });

  it.each([
    [{ ...account, exp: NOW / 1000 - 7200 }, { alg: 'RS256' }, 'bad: It expired 2 hours ago'],
    [{ ...account, aud: ['vault'] }, { alg: 'RS256' }, 'care: It is for vault'],
    [account, { alg: 'none' }, 'bad: It is not signed'],
    [account, { alg: 'HS256' }, 'bad: HS256 is not taken'],
    [{ iss: 'http://idp', sub: 'x', aud: 'me' }, { alg: 'ES256' }, 'bad: Its issuer is no https URL'],
    [{ iss: 'https://idp', sub: 'x', aud: 'me' }, { alg: 'ES256' }, 'bad: It does not say when it expires'],
    [
      { ...account, iss: 'kubernetes/serviceaccount', exp: undefined },
      { alg: 'RS256' },
      'care: It never expires',
    ],
  ])('with a fault says which (%#)', async (claims, header, words) => {
    expect(texts(await look(jwt(claims, header)))).toContain(words);
  });

  it('that is no JWT is not guessed at', async () => {
    expect((await look('abcdef.0123456789abcdef')).title).toBe('A bootstrap token');
    expect((await look('s3cr3t-token')).title).toBe('Nothing that is known here');
    expect(await inspect('  \n', NOW)).toBeUndefined();
  });
});

describe('a pasted kubeconfig', () => {
  const config = (): string =>
    kubeconfigText({
      cluster: 'here',
      user: 'jane',
      server: 'https://127.0.0.1:6443',
      ca: ca.certificate,
      ...admin,
    });

  it('is taken apart, and its secrets are named but not shown', async () => {
    const found = await look(config());
    expect(found.title).toBe('A kubeconfig');
    expect(found.parts.map(({ title }) => title)).toEqual(['Cluster here', 'User jane']);
    expect(texts(found.parts[1]!)).toContain('care: It holds a private key');
    expect(found.parts[1]!.parts[0]?.user?.name).toBe('jane');
    const key = admin.key.split('\n')[1]!;
    expect(JSON.stringify(found)).not.toContain(key.slice(0, 20));
    expect(JSON.stringify(found)).not.toContain(Buffer.from(admin.key).toString('base64').slice(40, 60));
  });

  it('says what is dangerous or missing', async () => {
    const found = await look(
      'apiVersion: v1\nkind: Config\ncurrent-context: gone\nclusters: [{name: a, cluster: {server: "http://x", insecure-skip-tls-verify: true}}]\nusers: [{name: u, user: {token: abc, exec: {command: helper}}}]\ncontexts: [{name: c, context: {cluster: b, user: u}}]\n',
    );
    expect(texts(found)).toContain('bad: Its current context gone is not in it.');
    expect(texts(found)).toContain('bad: Context c names cluster b');
    expect(texts(found.parts[0]!)).toMatch(/without TLS[\s\S]*insecure-skip-tls-verify/);
    expect(texts(found.parts[1]!)).toMatch(/a token[\s\S]*A command gives the credentials/);
    expect(JSON.stringify(found)).not.toContain('abc');
  });
});
