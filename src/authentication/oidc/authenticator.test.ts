import { beforeEach, describe, expect, it } from 'vitest';
import { refusalWords } from '../../explain/words/authentication.ts';
import {
  ask,
  authenticatorsOf,
  ISSUER,
  NOW,
  settle,
  TestClock,
  TestNetwork,
  testKey,
  token,
} from './fixtures/test-issuer.ts';

const key = testKey('one');
const other = testKey('two');
const rsa = testKey('rsa', 'rsa');
let network: TestNetwork;
let clock: TestClock;

beforeEach(() => {
  network = new TestNetwork();
  clock = new TestClock();
  network.issuer(ISSUER, [key, rsa]);
});

type Given = Parameters<typeof authenticatorsOf>[0][number];

async function started(...given: Given[]) {
  const authenticators = authenticatorsOf(given.length ? given : [{}], network, clock);
  authenticators.start();
  await settle();
  return authenticators;
}

/** The user's parts, or the words of the refusal, or the code of what was not looked at. */
async function outcome(text: string, ...given: Given[]): Promise<unknown> {
  const verdict = await ask(await started(...given), text, clock);
  if (verdict.verdict === 'authenticated') return verdict.user;
  return verdict.verdict === 'refused' ? refusalWords(verdict) : verdict.code;
}

describe('whose token it is', () => {
  it('takes its own', async () => {
    expect(await outcome(token(key))).toEqual({ name: 'jane', groups: [] });
  });

  it.each([
    ['opaque', 'OIDC_NOT_A_JWT'],
    ['a.b.c', 'OIDC_NOT_A_JWT'],
    [token(key, { iss: 'https://other.example' }), 'OIDC_OTHER_ISSUER'],
    [token(key, { iss: `${ISSUER}/` }), 'OIDC_OTHER_ISSUER'],
    [token(key, { iss: 7 }), 'OIDC_NOT_A_JWT'],
    [token(key, { iss: undefined }), 'OIDC_OTHER_ISSUER'],
  ])('leaves %s to others', async (text, code) => {
    expect(await outcome(text)).toBe(code);
  });

  it('takes the name that Google had of old', async () => {
    const google = 'https://accounts.google.com';
    network.issuer(google, [key]);
    const text = token(key, { iss: 'accounts.google.com' });
    expect(await outcome(text, { issuer: { url: google } })).toMatchObject({ name: 'jane' });
  });

  it('takes a registered claim in another case only where it is not there by its own name', async () => {
    expect(await outcome(token(key, { exp: undefined, Exp: NOW + 5 }))).toMatchObject({ name: 'jane' });
    expect(await outcome(token(key, { exp: NOW - 5, Exp: NOW + 5 }))).toContain('token is expired');
  });

  it('has nothing to say without issuers', async () => {
    const verdict = await ask(authenticatorsOf([], network, clock), token(key), clock);
    expect(verdict).toMatchObject({ verdict: 'notMine', code: 'OIDC_NO_ISSUERS' });
  });

  it('refuses until the issuer has said where its keys are', async () => {
    const verdict = await ask(authenticatorsOf([{}], network, clock), token(key), clock);
    expect(refusalWords(verdict)).toBe('oidc: authenticator not initialized');
  });
});

describe('verification', () => {
  const p384 = testKey('p384', 'P-384');
  const p521 = testKey('p521', 'P-521');

  it.each([
    ['ES256', key],
    ['ES384', p384],
    ['ES512', p521],
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, rsa] as const),
  ] as const)('verifies %s', async (alg, by) => {
    network.issuer(ISSUER, [key, p384, p521, rsa]);
    expect(await outcome(token(by, {}, { alg }))).toMatchObject({ name: 'jane' });
  });

  it('tries every key for a token that names none', async () => {
    expect(await outcome(token(key, {}, { kid: '' }))).toMatchObject({ name: 'jane' });
  });

  it.each([
    ['a stranger', token({ ...other, kid: 'one' })],
    ['a kid nobody has', token(key, {}, { kid: 'nobody' })],
    [
      'another part of it changed',
      token(key).replace(/^([^.]+)\.([^.]+)/, (_, h, p) => `${h}.${changed(p)}`),
    ],
  ])('refuses %s', async (_, text) => {
    expect(await outcome(text)).toBe(
      'oidc: verify token: failed to verify signature: failed to verify id token signature',
    );
  });

  it.each([
    ['no exp', { exp: undefined }, 'oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)'],
    [
      'an exp gone by',
      { exp: NOW - 1 },
      'oidc: token is expired (Token Expiry: 2025-12-31 23:59:59 +0000 UTC)',
    ],
    ['an exp beyond time', { exp: 1e300 }, 'oidc: token is expired'],
    ['an exp that is null', { exp: null }, 'strconv.ParseFloat: parsing "": invalid syntax'],
    [
      'an exp that is true',
      { exp: true },
      'json: cannot unmarshal bool into Go struct field idToken.exp of type json.Number',
    ],
    [
      'an nbf to come',
      { nbf: NOW + 61 },
      'oidc: current time 2026-01-01 00:00:00 +0000 UTC before the nbf (not before) time: 2026-01-01 00:01:01 +0000 UTC',
    ],
    [
      'an iat that is no time',
      { iat: 'x' },
      'json: invalid number literal, trying to unmarshal "\\"x\\"" into Number',
    ],
    ['a null audience', { aud: null }, 'oidc: expected audience "kube" got [""]'],
    [
      'an audience with a number',
      { aud: ['kube', 1] },
      'json: cannot unmarshal number into Go struct field idToken.aud of type string',
    ],
    [
      'an audience that is an object',
      { aud: {} },
      'json: cannot unmarshal object into Go struct field idToken.aud of type []string',
    ],
    [
      'a nonce that is a list',
      { nonce: [] },
      'json: cannot unmarshal array into Go struct field idToken.nonce of type string',
    ],
    [
      'claim names that are none',
      { _claim_names: 'x' },
      'json: cannot unmarshal string into Go struct field idToken._claim_names of type map[string]string',
    ],
    [
      'a source that is none',
      { _claim_sources: { a: { endpoint: 1 } } },
      'json: cannot unmarshal number into Go struct field claimSource._claim_sources.endpoint of type string',
    ],
    [
      'a source without a name',
      { _claim_names: { groups: '' } },
      'oidc: failed to obtain source from claim name',
    ],
  ])('refuses %s', async (_, claims, words) => {
    const said = (await outcome(token(key, claims))) as string;
    expect(said.startsWith('oidc: verify token: ')).toBe(true);
    expect(said).toContain(words);
  });

  it('puts what a decoder of its own refuses before other misfits', async () => {
    expect(await outcome(token(key, { at_hash: 1, exp: 'never' }))).toContain('invalid number literal');
  });

  it('lets the nbf be a minute ahead, and takes times as texts and fractions', async () => {
    expect(await outcome(token(key, { nbf: NOW + 60 }))).toMatchObject({ name: 'jane' });
    expect(await outcome(token(key, { exp: String(NOW + 9), nbf: NOW - 5 + 0.5 }))).toMatchObject({
      name: 'jane',
    });
  });

  it('looks at times before audiences where there are several', async () => {
    const issuer = { audiences: ['b', 'a'], audienceMatchPolicy: 'MatchAny' };
    expect(await outcome(token(key, { aud: 'x', exp: NOW - 1 }), { issuer })).toContain('token is expired');
    expect(await outcome(token(key, { aud: 'x' }), { issuer })).toBe(
      'oidc: verify token: oidc: expected audience in ["a" "b"] got ["x"]',
    );
    expect(await outcome(token(key, { aud: ['x', 'b'] }), { issuer })).toMatchObject({ name: 'jane' });
  });

  it('answers without a promise once it has the key', async () => {
    const authenticators = await started();
    expect(ask(authenticators, token(key), clock)).toBeInstanceOf(Promise);
    await settle();
    expect(ask(authenticators, token(key), clock)).not.toBeInstanceOf(Promise);
  });
});

describe('keys of the issuer', () => {
  const keyRequests = (): number => network.asked.filter((url) => url.endsWith('/keys')).length;

  it('are asked for once by all who wait', async () => {
    const authenticators = await started();
    await Promise.all([1, 2, 3].map(() => ask(authenticators, token(key), clock)));
    expect(keyRequests()).toBe(1);
  });

  it('are asked for anew at each unknown one, unless the issuer said how long they hold', async () => {
    const authenticators = await started();
    await ask(authenticators, token(key), clock);
    await ask(authenticators, token(other), clock);
    await ask(authenticators, token(other), clock);
    expect(keyRequests()).toBe(3);

    network.issuer(ISSUER, [key], { 'cache-control': 'public, max-age=600' });
    await ask(authenticators, token(other), clock);
    await ask(authenticators, token(other), clock);
    expect(keyRequests()).toBe(4);
    clock.ms += 571_000;
    await ask(authenticators, token(other), clock);
    expect(keyRequests()).toBe(5);
  });

  it('go on being good while the issuer is away, and say so of others', async () => {
    const authenticators = await started();
    await ask(authenticators, token(key), clock);
    network.answers.set(`${ISSUER}/keys`, {
      status: 503,
      statusLine: '503 Service Unavailable',
      body: 'down',
    });
    expect(await ask(authenticators, token(key), clock)).toMatchObject({ verdict: 'authenticated' });
    expect(refusalWords(await ask(authenticators, token(other), clock))).toBe(
      'oidc: verify token: failed to verify signature: fetching keys oidc: get keys failed: 503 Service Unavailable down',
    );
    network.answers.delete(`${ISSUER}/keys`);
    expect(refusalWords(await ask(authenticators, token(other), clock))).toBe(
      `oidc: verify token: failed to verify signature: fetching keys oidc: get keys failed Get "${ISSUER}/keys": dial tcp: connect: connection refused`,
    );
    network.answers.set(`${ISSUER}/keys`, { body: '<html>', headers: { 'content-type': 'text/html' } });
    expect(refusalWords(await ask(authenticators, token(other), clock))).toContain(
      `oidc: failed to decode keys: expected Content-Type = application/json, got "text/html": invalid character '<' looking for beginning of value <html>`,
    );
  });

  it('are not spoilt by one that cannot be read', async () => {
    const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid };
    network.json(`${ISSUER}/keys`, { keys: [null, { kty: 'oct', k: 'AA' }, { kty: 'EC', crv: 'P-1' }, jwk] });
    expect(await outcome(token(key))).toMatchObject({ name: 'jane' });
  });
});

describe('claims as users', () => {
  it.each([
    ['a name that is null', { sub: null }, { name: '', groups: [] }],
    ['half a surrogate pair', { sub: 'a\ud800b' }, { name: 'a\ufffdb', groups: [] }],
    ['a jti', { jti: 'x' }, { extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] } }],
    ['a jti that is no text', { jti: 4 }, { name: 'jane' }],
  ])('takes %s', async (_, claims, user) => {
    expect(await outcome(token(key, claims))).toMatchObject(user);
  });

  it('says when the token was issued, where the token does', async () => {
    const authenticators = await started();
    const issued = (claims: object) => ask(authenticators, token(key, { ...claims }), clock);
    expect(await issued({ iat: NOW - 5 })).toMatchObject({ issuedAt: (NOW - 5) * 1000 });
    expect(await issued({ iat: undefined })).not.toHaveProperty('issuedAt');
  });

  it('refuses an e-mail that is not verified', async () => {
    const claimMappings = { username: { claim: 'email', prefix: 'oidc:' } };
    const by = (claims: Record<string, unknown>): Promise<unknown> =>
      outcome(token(key, { email: 'j@e.com', ...claims }), { claimMappings });
    expect(await by({})).toMatchObject({ name: 'oidc:j@e.com' });
    expect(await by({ email_verified: true })).toMatchObject({ name: 'oidc:j@e.com' });
    expect(await by({ email_verified: null })).toBe('oidc: email not verified');
    expect(await by({ email_verified: 'true' })).toBe(
      "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
    );
  });

  it('judges rules over claims before rules over users, and broken ones before unmet ones', async () => {
    const given: Given = {
      claimValidationRules: [
        { expression: 'claims.a == 1.0', message: 'a has to be 1' },
        { expression: 'claims.b == 1.0' },
        { claim: 'c', requiredValue: 'x' },
      ],
      userValidationRules: [
        { expression: 'user.extra.size() == 0 && !has(user.extra.z)', message: 'no extra' },
      ],
      claimMappings: {
        username: { expression: 'claims.sub' },
        extra: [{ key: 'example.com/e', valueExpression: 'claims.?e.orValue([])' }],
      },
    };
    const by = (claims: Record<string, unknown>): Promise<unknown> => outcome(token(key, claims), given);
    expect(await by({ a: 1, b: 1 })).toBe('oidc: required claim c not present in ID token');
    expect(await by({ a: 2, c: 'x' })).toBe(
      "oidc: error evaluating claim validation expression: expression 'claims.b == 1.0' resulted in error: no such key: b",
    );
    expect(await by({ a: 2, b: 1, c: 'x' })).toBe(
      "oidc: error evaluating claim validation expression: validation expression 'claims.a == 1.0' failed: a has to be 1",
    );
    expect(await by({ a: 1, b: 1, c: 'x', e: 'y' })).toContain(
      'user info validation rule: validation expression',
    );
    expect(await by({ a: 1, b: 1, c: 'x' })).toEqual({ name: 'jane', groups: [] });
  });
});

describe('distributed claims', () => {
  const claimMappings = { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: 'g:' } };
  const far = 'https://claims.example';
  const source = {
    _claim_names: { groups: 'src' },
    _claim_sources: { src: { endpoint: `${far}/jane`, access_token: 'secret' } },
  };

  it('are fetched from where the token says, by a token of an issuer of its own', async () => {
    network.issuer(far, [other]);
    network.answers.set(`${far}/jane`, { body: token(other, { iss: far, groups: ['dev'] }) });
    const authenticators = await started({ claimMappings });
    const first = await ask(authenticators, token(key, source), clock);
    expect(refusalWords(first)).toBe(
      `oidc: could not expand distributed claims: verifying untrusted issuer ${far} failed: verifier not initialized for issuer: "${far}"`,
    );
    await settle();
    expect(await ask(authenticators, token(key, source), clock)).toMatchObject({
      user: { groups: ['g:dev'] },
    });
    const at = network.asked.lastIndexOf(`${far}/jane`);
    expect(network.sent[at]).toEqual({ authorization: 'Bearer secret' });

    network.answers.set(`${far}/jane`, { body: token(key, { iss: far, groups: ['dev'] }, { kid: 'two' }) });
    const forged = await ask(authenticators, token(key, source), clock);
    expect(refusalWords(forged)).toBe(
      'oidc: could not expand distributed claims: verify distributed claim token: failed to verify signature: failed to verify id token signature',
    );
    network.answers.set(`${far}/jane`, { body: token(other, { iss: far }) });
    expect(refusalWords(await ask(authenticators, token(key, source), clock))).toContain(
      `jwt returned by distributed claim endpoint "${far}/jane" did not contain claim: groups`,
    );
  });

  it.each([
    [{ groups: ['own'], ...source }, ['g:own']],
    [{ _claim_names: { shoes: 'src' }, _claim_sources: source._claim_sources }, []],
    [{ _claim_names: { groups: 'src' }, _claim_sources: { src: { JWT: 'a.b.c' } } }, []],
  ])('are left aside where they do not matter: %j', async (claims, groups) => {
    expect(await outcome(token(key, claims), { claimMappings })).toEqual({ name: 'jane', groups });
  });

  it('need sources', async () => {
    expect(await outcome(token(key, { _claim_names: {} }), { claimMappings })).toBe(
      'oidc: could not expand distributed claims: oidc: no claim sources',
    );
    network.answers.set(`${far}/jane`, { status: 404, statusLine: '404 Not Found' });
    expect(await outcome(token(key, source), { claimMappings })).toContain(
      'while getting distributed claim "groups": error while getting distributed claim JWT: 404 Not Found',
    );
  });

  it('cannot make the server ask issuers without end', async () => {
    const authenticators = await started({ claimMappings });
    for (let i = 0; i < 40; i++) {
      network.answers.set(`${far}/jane`, { body: token(other, { iss: `https://i${i}.example` }) });
      await ask(authenticators, token(key, source), clock);
    }
    await settle();
    expect(network.asked.filter((url) => url.includes('.well-known')).length).toBeLessThanOrEqual(17);
    authenticators.close();
  });
});

function changed(payload: string): string {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
}
