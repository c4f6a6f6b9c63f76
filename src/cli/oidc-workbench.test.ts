import { describe, expect, it } from 'vitest';
import recorded from '../authentication/config/fixtures/refusals.json' with { type: 'json' };
import {
  ISSUER,
  NOW,
  TestClock,
  TestNetwork,
  testKey,
  token,
} from '../authentication/oidc/fixtures/test-issuer.ts';
import { checkConfiguration, playPresented, type WorkbenchOptions } from './oidc-workbench.ts';

const FILE = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: ${ISSUER}, audiences: [kube]}
  claimMappings:
    username: {expression: "'idp:' + claims.email"}
    groups: {claim: groups, prefix: 'idp:'}
  claimValidationRules:
  - {claim: hd, requiredValue: example.com}
  - {expression: "claims.?email_verified.orValue(true) == true", message: not verified}
  userValidationRules:
  - {expression: "!user.username.startsWith('idp:system:')", message: reserved}
- issuer: {url: https://other.example, audiences: [kube]}
  claimMappings:
    username: {claim: sub, prefix: ''}
`;
const checked = checkConfiguration('auth.yaml', FILE);
const key = testKey('k1');
const network = new TestNetwork();
network.issuer(ISSUER, [key]);
const options: WorkbenchOptions = { now: NOW * 1000, clock: new TestClock(), client: () => network };
const good = { email: 'jane@example.com', hd: 'example.com', groups: ['dev'] };
const play = async (claims: Record<string, unknown>) =>
  (await playPresented(checked, { kind: 'claims', claims: { iss: ISSUER, ...claims } }, options))[0]!;

interface Case {
  name: string;
  config?: unknown;
  flags?: string[];
  refused: string | null;
}
const files = (recorded.cases as Case[]).filter(
  ({ config, flags }) => config !== undefined && !flags?.length,
);

describe('a configuration', () => {
  it.each(files)('is refused in the words of kube-apiserver: $name', ({ name, config, refused }) => {
    if (name === '65 issuers') return;
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const refusal = checkConfiguration('PATH', text, ['https://kubernetes.default.svc']).refusal ?? null;
    expect(refusal).toBe(refused === null ? null : refused.replace(/\$\{DIR\}\/c\.json/, 'PATH'));
  });

  it.each([
    ['claims.email', 'claims.email + x', 'username.expression', { line: 6, column: 53 }],
    ['https://other', 'http://other', 'issuer.url', { line: 13, column: 17 }],
    ["prefix: ''", "foo: ''", 'unknown field "jwt[1].claimMappings.username.foo"', { line: 15, column: 28 }],
    ['message: reserved}', 'message: [}', 'yaml: line', undefined],
  ])('says where it is wrong: %s as %s', (from, to, words, place) => {
    const [fault, ...others] = checkConfiguration('a', FILE.replace(from, to)).faults;
    expect(others).toEqual([]);
    expect(fault!.message).toContain(words);
    if (place) expect(fault!.place).toEqual(place);
    else expect(fault!.place).toBeDefined();
  });
});

describe('claims that are made up', () => {
  it('become a user, with what each expression reads, makes and costs', async () => {
    const { taken, code, signature, user, steps, checks } = await play(good);
    expect({ taken, code, signature }).toEqual({
      taken: true,
      code: 'OIDC',
      signature: { checked: false, how: 'the claims are made up' },
    });
    expect(user).toEqual({ name: 'idp:jane@example.com', groups: ['idp:dev', 'system:authenticated'] });
    expect(steps[0]).toMatchObject({
      of: 'username',
      expression: "'idp:' + claims.email",
      inputs: { 'claims.email': 'jane@example.com' },
      value: 'idp:jane@example.com',
      cost: 4,
      place: { line: 6, column: 28 },
      ok: true,
    });
    expect(steps.map(({ of, ok }) => [of, ok])).toEqual([
      ['username', true],
      ['groups', true],
      ['requiredClaim', true],
      ['claimRule', true],
      ['userRule', true],
    ]);
    expect(steps[3]!.absent).toEqual(['claims.email_verified']);
    expect(checks.map(({ name }) => name)).not.toContain('signing algorithm');
  });

  it('are shown every rule they fail by, though a server stops at the first', async () => {
    const { code, reason, steps, user } = await play({ email: 'system:x', email_verified: false });
    expect(code).toBe('OIDC_REQUIRED_CLAIM_ABSENT');
    expect(reason).toBe('oidc: required claim hd not present in ID token');
    expect(steps.filter(({ ok }) => !ok).map((step) => step.code)).toEqual([
      'OIDC_REQUIRED_CLAIM_ABSENT',
      'OIDC_RULE_NOT_MET',
      'OIDC_RULE_NOT_MET',
    ]);
    expect(user).toBeUndefined();
  });

  it('have no rules on a user that cannot be made', async () => {
    const { code, steps } = await play({ hd: 'example.com' });
    expect(code).toBe('OIDC_EXPRESSION_FAILED');
    expect(steps[0]).toMatchObject({
      ok: false,
      absent: ['claims.email'],
      error: expect.stringContaining('no such key'),
    });
    expect(steps.map(({ of }) => of)).not.toContain('userRule');
  });

  it('are played at each issuer where they name none', async () => {
    const results = await playPresented(checked, { kind: 'claims', claims: { sub: 'x' } }, options);
    expect(results.map(({ issuer, taken }) => [issuer, taken])).toEqual([
      [ISSUER, false],
      ['https://other.example', true],
    ]);
    const [elsewhere] = await playPresented(
      checked,
      { kind: 'claims', claims: { iss: 'https://x' } },
      options,
    );
    expect(elsewhere).toMatchObject({ taken: false, code: 'OIDC_OTHER_ISSUER', index: -1 });
  });
});

describe('a token', () => {
  const shown = async (text: string, more: Partial<WorkbenchOptions> = {}) =>
    (await playPresented(checked, { kind: 'token', token: text }, { ...options, ...more }))[0]!;
  const jwks = JSON.stringify({ keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'k1' }] });
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' }) as string;

  it('is verified with the keys of its issuer', async () => {
    expect(await shown(token(key, good))).toMatchObject({
      taken: true,
      signature: { checked: true, how: `by the keys of ${ISSUER}` },
      user: { name: 'idp:jane@example.com' },
    });
    const forged = token(testKey('k1'), good);
    expect(await shown(forged)).toMatchObject({ taken: false, code: 'OIDC_SIGNATURE' });
  });

  it.each([
    ['a JWKS', jwks],
    ['PEM', pem],
  ])('is verified with keys of a file, and nobody is asked: %s', async (_, keys) => {
    const before = network.asked.length;
    expect(await shown(token(key, good), { keys })).toMatchObject({
      taken: true,
      signature: { checked: true },
    });
    const forged = token(testKey('k1'), good);
    expect(await shown(forged, { keys })).toMatchObject({ taken: false, code: 'OIDC_SIGNATURE' });
    expect(network.asked).toHaveLength(before);
  });

  it('is played without its signature where nobody can or may be asked, which is said', async () => {
    const before = network.asked.length;
    const offline = await shown(token(testKey('x'), good), { offline: true });
    expect(offline).toMatchObject({ taken: true, signature: { checked: false } });
    expect(network.asked).toHaveLength(before);
    const away = await shown(token(key, { ...good, exp: 1 }), { client: () => new TestNetwork() });
    expect(away).toMatchObject({ taken: false, code: 'OIDC_EXPIRED', signature: { checked: false } });
    expect(away.signature.how).toContain('connection refused');
  });

  it('that is none, or of nobody here, says so', async () => {
    expect(await shown('nonsense')).toMatchObject({ taken: false, code: 'OIDC_NOT_A_JWT' });
    expect(await shown(token(key, { iss: 'https://x' }))).toMatchObject({ code: 'OIDC_OTHER_ISSUER' });
    await expect(shown(token(key, good), { keys: 'x' })).rejects.toThrow('neither a JWKS nor PEM');
  });
});
