import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { signJwt } from '../authentication/service-account/jwt.ts';
import { describeToken } from './token-description.ts';
import { registerToken } from './token-inspect.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwt = (claims: object): string => signJwt(claims, { alg: 'ES256', kid: 'k' }, privateKey);
const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('describeToken', () => {
  it.each([
    ['07401b.f395accd246ae52d', 'a bootstrap token'],
    ['opaque', 'no JWT: only who issued it knows what it stands for'],
    ['a.b.c', 'no JWT: only who issued it knows what it stands for'],
    [jwt({ iss: 'https://idp.example' }), 'a JWT, such as OIDC providers issue'],
    [jwt({ iss: 'kubernetes/serviceaccount' }), 'a ServiceAccount token of the old kind, out of a Secret'],
    [jwt({ 'kubernetes.io': { namespace: 'a' } }), 'a ServiceAccount token'],
    [jwt({ 'kubernetes.io': { pod: {}, node: {} } }), 'a ServiceAccount token, bound to a pod and node'],
  ])('%s is %s', (text, kind) => {
    expect(describeToken(text, now).kind).toBe(kind);
  });

  it('says times in words', () => {
    const at = now / 1000;
    expect(describeToken(jwt({ iat: at - 60, nbf: at + 120, exp: at + 3600 }), now).times).toEqual([
      'issued 60s ago (2025-12-31T23:59:00Z)',
      'valid in 2m (2026-01-01T00:02:00Z)',
      'expires in 60m (2026-01-01T01:00:00Z)',
    ]);
    expect(describeToken(jwt({ exp: at - 86_400 }), now).times).toEqual([
      'expired 24h ago (2025-12-31T00:00:00Z)',
    ]);
    expect(describeToken(jwt({ exp: 'x', iat: 1e300 }), now).times).toEqual([]);
    expect(describeToken(jwt({}), now).times[0]).toContain('does not expire by itself');
  });
});

describe('token inspect', () => {
  async function inspect(...args: string[]): Promise<string> {
    let out = '';
    const program = new Command().exitOverride();
    registerToken(program, (text) => {
      out += text;
    });
    await program.parseAsync(['node', 'sallyport', 'token', 'inspect', ...args]);
    process.exitCode = 0;
    return out;
  }

  it('shows claims, and never the token itself', async () => {
    const text = jwt({ sub: 'jane', groups: ['a'] });
    writeFileSync(join(folder, 'token'), `Bearer ${text}\n`);
    const shown = await inspect('--file', join(folder, 'token'));
    expect(shown).toContain('sub: "jane"');
    expect(shown).toContain('groups: ["a"]');
    expect(shown).toContain('Whether it would be taken: ask with --kubeconfig');
    expect(shown).not.toContain(text.split('.')[2]);
  });

  it('says which check of a configuration a token fails', async () => {
    const config = join(folder, 'authn.yaml');
    writeFileSync(
      config,
      'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- issuer: {url: "https://127.0.0.1:1", audiences: [kube]}\n  claimMappings: {username: {claim: sub, prefix: ""}}\n',
    );
    const other = JSON.parse(
      await inspect(jwt({ iss: 'https://x' }), '--authentication-config', config, '-o', 'json'),
    );
    expect(other.judgements[0]).toMatchObject({
      taken: false,
      reason: 'its issuer is not one of those configured; they are compared byte by byte',
      checks: expect.arrayContaining([{ name: 'a JWT of a configured issuer', result: 'failed' }]),
    });
    const away = await inspect(jwt({ iss: 'https://127.0.0.1:1' }), '--authentication-config', config);
    expect(away).toContain('FAILED the issuer has said where its keys are');
    expect(away).toContain('connection refused');
  });
});
