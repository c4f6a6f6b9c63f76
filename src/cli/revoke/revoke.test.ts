import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OpensslAuthority } from '../../authentication/fixtures/openssl-authority.ts';
import { registerRevoke } from './command.ts';
import { certificateOf, tokenOf } from './credential.ts';
import { DEFINITION_NAME, DEFINITIONS_PATH, REVOCATIONS_PATH } from './definition.ts';
import { entryName } from './revocation-client.ts';

const NOW = Date.parse('2026-01-01T00:00:00.500Z');
const jwt = (claims: object): string =>
  `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2VjcmV0`;

describe('credentials to take back', () => {
  let ca: OpensslAuthority;
  let hex: string;

  beforeAll(() => {
    ca = new OpensslAuthority('ca');
    const { cert } = ca.issue('jane', '/O=dev/CN=jane');
    const der = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    hex = createHash('sha256').update(der).digest('hex');
    writeFileSync(ca.path('jane.der'), der);
    writeFileSync(
      ca.path('kubeconfig'),
      `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {user: u, cluster: k}}], clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {client-certificate: jane.crt, client-key: jane.key}}]}`,
    );
  });
  afterAll(() => ca.remove());

  it('are certificates out of PEM, DER and kubeconfigs, or by their id', () => {
    for (const file of ['jane.crt', 'jane.der', 'kubeconfig'])
      expect(certificateOf(ca.path(file))).toMatchObject({
        id: `X509SHA256=${hex}`,
        words: 'the certificate of CN=jane,O=dev',
        expires: expect.any(Number),
      });
    expect(certificateOf(`X509SHA256=${hex.toUpperCase()}`).id).toBe(`X509SHA256=${hex}`);
    expect(() => certificateOf('X509SHA256=ab')).toThrow('64 hex digits');
    expect(() => certificateOf(ca.path('jane.key'))).toThrow('holds no certificate');
    expect(() => certificateOf(ca.path('none'))).toThrow('ENOENT');
  });

  it('are tokens by their jti, never more of them', () => {
    const known = tokenOf(`Bearer ${jwt({ jti: 'one', exp: 1_800_000_000 })}\n`, NOW);
    expect(known).toEqual({
      id: 'JTI=one',
      words: 'the JWT, such as OIDC providers issue',
      expires: 1_800_000_300_000,
    });
    const secret = jwt({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/secret.name': 'app-token',
    });
    expect(() => tokenOf(secret, NOW)).toThrow('kept in the Secret shop/app-token');
    expect(() => tokenOf(jwt({ sub: 'x' }), NOW)).toThrow('no id (jti)');
    expect(() => tokenOf('opaque-secret', NOW)).toThrow(/^the token is no JWT/);
    expect(() => tokenOf('opaque-secret', NOW)).not.toThrow('opaque-secret');
    expect(() => tokenOf(' ', NOW)).toThrow('there is no token');
  });

  it('have names that the API takes, the same for the same', () => {
    expect(entryName({ credentialID: 'JTI=a.b-c' })).toBe('jti-a.b-c');
    expect(entryName({ credentialID: 'JTI=A b=c' })).toMatch(/^jti-[0-9a-f]{40}$/);
    const user = { user: 'Jane@Example.com', issuedBefore: '2026-01-01T00:00:00Z' };
    expect(entryName(user)).toMatch(/^user-jane-example-com-[0-9a-f]{10}$/);
    expect(entryName(user)).not.toBe(entryName({ ...user, issuedBefore: '2026-01-02T00:00:00Z' }));
    expect(entryName({ ...user, user: '日本' })).toMatch(/^user-[0-9a-f]{10}$/);
  });
});

describe('sallyport revoke', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-revoke-'));
  let server: Server;
  let kubeconfig: string;
  /** What the server answers, by method and path; 404 otherwise. */
  let answers: Record<string, [status: number, body: unknown]>;
  let asked: { what: string; body: any }[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const what = `${request.method} ${request.url!.split('?')[0]}`;
        asked.push({ what, body: text && JSON.parse(text) });
        const [status, body] = answers[what] ?? [404, { message: 'not found' }];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {user: u, cluster: k}}], clusters: [{name: k, cluster: {server: 'http://127.0.0.1:${(server.address() as AddressInfo).port}'}}], users: [{name: u, user: {token: ${jwt({ jti: 'own' })}}}]}`,
    );
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
    answers = {
      'POST /apis/authentication.k8s.io/v1/selfsubjectreviews': [
        201,
        { status: { userInfo: { username: 'boss' } } },
      ],
      'GET /sallyport/v1/decisions': [200, { items: [] }],
      [`POST ${DEFINITIONS_PATH}`]: [201, {}],
      [`POST ${REVOCATIONS_PATH}`]: [201, { metadata: { name: 'x' } }],
    };
  });
  afterEach(() => {
    process.exitCode = 0;
    vi.restoreAllMocks();
  });

  async function revoke(...args: string[]): Promise<{ text: string; error: string; code: number }> {
    let text = '';
    let error = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      error += String(chunk);
      return true;
    });
    const program = new Command().exitOverride();
    registerRevoke(
      program,
      (more) => {
        text += more;
      },
      () => NOW,
    );
    process.exitCode = 0;
    await program.parseAsync(['node', 'sallyport', 'revoke', ...args, '--kubeconfig', kubeconfig]);
    return { text, error, code: Number(process.exitCode ?? 0) };
  }

  it('installs the definition at first, and makes the entry', async () => {
    const { text, code } = await revoke('token', 'JTI=other', '--reason', 'lost', '--expires', '1d');
    expect([code, text]).toEqual([0, expect.stringContaining('Undo: sallyport revoke undo jti-other')]);
    expect(asked.map(({ what }) => what)).toEqual([
      'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
      'GET /sallyport/v1/decisions',
      `GET ${DEFINITIONS_PATH}/${DEFINITION_NAME}`,
      `POST ${DEFINITIONS_PATH}`,
      `POST ${REVOCATIONS_PATH}`,
    ]);
    expect(asked.at(-1)!.body.spec).toEqual({
      credentialID: 'JTI=other',
      reason: 'lost',
      expires: '2026-01-02T00:00:00Z',
    });
  });

  it('rounds the instant up, so that what was issued in this second is refused too', async () => {
    answers[`GET ${DEFINITIONS_PATH}/${DEFINITION_NAME}`] = [200, {}];
    await revoke('user', 'serviceaccount:shop:app');
    expect(asked.at(-1)!.body.spec).toEqual({
      user: 'system:serviceaccount:shop:app',
      issuedBefore: '2026-01-01T00:00:01Z',
    });
    await revoke('user', 'jane', '--before', '2h');
    expect(asked.at(-1)!.body.spec.issuedBefore).toBe('2025-12-31T22:00:01Z');
  });

  it('refuses to revoke what it signs in with, unless forced', async () => {
    for (const args of [
      ['token', 'JTI=own'],
      ['user', 'boss'],
    ]) {
      const { error, code } = await revoke(...args);
      expect([code, error]).toEqual([1, expect.stringContaining('is what this command signs in with')]);
    }
    expect(asked.some(({ what }) => what === `POST ${REVOCATIONS_PATH}`)).toBe(false);
    expect((await revoke('user', 'boss', '--force')).code).toBe(0);
  });

  it('does not put entries where nobody heeds them', async () => {
    delete answers['GET /sallyport/v1/decisions'];
    const { error, code } = await revoke('user', 'jane');
    expect([code, error]).toEqual([1, expect.stringContaining('the server is no Sallyport')]);
    expect(asked.some(({ what }) => what.startsWith('POST /apis/apiext'))).toBe(false);
  });

  it.each([
    [['user', 'jane', '--before', 'yesterday'], '--before takes a time such as'],
    [['token', 'JTI=x', '--expires', '2020-01-01T00:00:00Z'], 'expired'],
    [['undo', 'nothing'], 'no entry nothing'],
  ])('says what is wrong with %j', async (args, words) => {
    const { error, code } = await revoke(...args);
    expect([code, error]).toEqual([1, expect.stringContaining(words)]);
  });

  it('lists entries and takes them back by credential id', async () => {
    const metadata = { name: 'jti-other', creationTimestamp: '2025-12-31T23:00:00Z' };
    answers[`GET ${REVOCATIONS_PATH}`] = [
      200,
      {
        kind: 'CredentialRevocationList',
        items: [{ metadata, spec: { credentialID: 'JTI=other', reason: 'lost' } }],
      },
    ];
    answers[`DELETE ${REVOCATIONS_PATH}/jti-other`] = [200, {}];
    expect((await revoke('list')).text).toMatch(/^NAME .*\njti-other +JTI=other +lost +never +60m\n$/);
    expect((await revoke('undo', 'JTI=other')).text).toBe('jti-other: no longer in force\n');
  });
});
