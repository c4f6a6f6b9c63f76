import { constants, createHmac, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { compactVerify, importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { refusalWords } from '../../explain/words/authentication.ts';
import { wellFormed } from '../../meta/well-formed.ts';
import type { JwtAuthenticators } from './authenticators.ts';
import {
  ask,
  authenticatorsOf,
  ISSUER,
  NOW,
  settle,
  TestClock,
  TestNetwork,
  testKey,
} from './fixtures/test-issuer.ts';

const issuerKeys = [testKey('ec'), testKey('rsa', 'rsa'), testKey('p384', 'P-384')];
const stranger = testKey('ec');
const strangerRsa = testKey('rsa', 'rsa');
const clock = new TestClock();
const ALGORITHMS = ['RS256', 'RS512', 'PS256', 'ES256', 'ES384'];

let byClaims: JwtAuthenticators;
let byExpressions: JwtAuthenticators;

beforeAll(async () => {
  const network = new TestNetwork();
  network.issuer(ISSUER, issuerKeys);
  byClaims = authenticatorsOf(
    [
      {
        claimMappings: {
          username: { claim: 'sub', prefix: 'idp:' },
          groups: { claim: 'groups', prefix: '' },
          uid: { claim: 'uid' },
        },
        claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }],
      },
    ],
    network,
    clock,
  );
  byExpressions = authenticatorsOf(
    [
      {
        claimMappings: {
          username: { expression: "'idp:' + claims.sub" },
          groups: { expression: 'claims.?groups.orValue([])' },
          extra: [{ key: 'example.com/any', valueExpression: 'claims.?uid.orValue(null)' }],
        },
        claimValidationRules: [{ expression: "claims.hd == 'example.com'" }],
        userValidationRules: [{ expression: "user.groups.all(g, !g.startsWith('system:'))" }],
      },
    ],
    network,
    clock,
  );
  byClaims.start();
  byExpressions.start();
  await settle();
});

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1e300,
    '1e400',
    [],
    {},
    [''],
    ['kube'],
    'kube',
    ISSUER,
    `${ISSUER}/`,
    true,
  ),
);
/** Good claims with some of them changed, taken away, or doubled in another case. */
const claims = fc
  .record({
    changes: fc.dictionary(
      fc.constantFrom(
        'iss',
        'aud',
        'exp',
        'nbf',
        'iat',
        'sub',
        'hd',
        'groups',
        'uid',
        'jti',
        '_claim_names',
        '_claim_sources',
        'Exp',
        'ISS',
        '__proto__',
      ),
      odd,
      { maxKeys: 3 },
    ),
    gone: fc.subarray(['iss', 'aud', 'exp', 'sub', 'hd'], { maxLength: 1 }),
  })
  .map(({ changes, gone }) => {
    const made = new Map<string, unknown>([
      ...Object.entries({ iss: ISSUER, aud: ['kube'], sub: 'jane', hd: 'example.com', exp: NOW + 60 }),
      ...Object.entries(changes),
    ]);
    for (const name of gone) made.delete(name);
    return made;
  });
const jsonOf = (entries: ReadonlyMap<string, unknown>): string =>
  `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const encoded = (text: string): string => Buffer.from(text).toString('base64url');
const signers = [...issuerKeys, stranger, strangerRsa];
const header = fc.record(
  {
    alg: fc.constantFrom(...ALGORITHMS, 'none', 'HS256', 'None', 'EdDSA', '', 7),
    kid: fc.constantFrom('ec', 'rsa', 'p384', '', 'x', 3),
    typ: fc.constantFrom('JWT', 'at+jwt'),
    crit: fc.constantFrom(['exp'], ['b64'], []),
    jwk: fc.constant(stranger.publicKey.export({ format: 'jwk' })),
    jku: fc.constant('https://evil.example/keys'),
  },
  { requiredKeys: ['alg'] },
);
/** A token, signed in one of the ways that a forger, or the issuer, may choose. */
const tokens = fc
  .record({
    claims,
    header,
    by: fc.nat(signers.length - 1),
    algorithm: fc.constantFrom(...ALGORITHMS),
    how: fc.constantFrom('honest', 'honest', 'honest', 'other header', 'no signature', 'hmac', 'random'),
    bytes: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ claims, header, by, algorithm, how, bytes }) => {
    const payload = encoded(jsonOf(claims));
    const { privateKey, publicKey, kid } = signers[by]!;
    const type = privateKey.asymmetricKeyType === 'rsa' ? 'R' : 'E';
    const fitting =
      algorithm.startsWith('E') === (type === 'E') ? algorithm : type === 'E' ? 'ES256' : 'RS256';
    if (how === 'honest') return resigned({ alg: fitting, kid }, payload, privateKey);
    const head = encoded(JSON.stringify(header));
    if (how === 'other header') {
      const honest = resigned({ alg: fitting, kid }, payload, privateKey);
      return `${head}.${payload}.${honest.split('.')[2]}`;
    }
    if (how === 'no signature') return `${head}.${payload}.`;
    if (how === 'hmac') {
      const secret = publicKey.export({ type: 'spki', format: 'pem' });
      return `${head}.${payload}.${createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')}`;
    }
    return `${head}.${payload}.${Buffer.from(bytes).toString('base64url')}`;
  });

/** Signs a payload as it stands. */
function resigned(header: { alg: string; kid: string }, payload: string, key: KeyObject): string {
  const head = encoded(JSON.stringify(header));
  return `${head}.${payload}.${signatureOf(`${head}.${payload}`, header.alg, key)}`;
}

function signatureOf(signed: string, algorithm: string, key: KeyObject): string {
  const hash = `sha${algorithm.slice(2)}`;
  const options = algorithm.startsWith('ES')
    ? { key, dsaEncoding: 'ieee-p1363' as const }
    : algorithm.startsWith('PS')
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : key;
  return sign(hash, Buffer.from(signed), options).toString('base64url');
}

/** Whether the issuer signed it, by another library's reckoning. */
async function vouchedFor(text: string): Promise<Record<string, unknown> | undefined> {
  for (const { publicKey } of issuerKeys) {
    for (const alg of ALGORITHMS) {
      try {
        const key = await importJWK(publicKey.export({ format: 'jwk' }) as never, alg);
        const { payload } = await compactVerify(text, key, { algorithms: [alg] });
        return JSON.parse(Buffer.from(payload).toString());
      } catch {
        // Not by this one.
      }
    }
  }
  return undefined;
}

describe('made-up tokens', () => {
  it('are nobody whom the issuer has not vouched for, for this audience and this time', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(tokens, async (text) => {
        for (const authenticators of [byClaims, byExpressions]) {
          const verdict = await ask(authenticators, text, clock);
          if (verdict.verdict !== 'authenticated') {
            if (verdict.verdict === 'refused') expect(refusalWords(verdict)).not.toContain('undefined');
            continue;
          }
          taken++;
          const claims = await vouchedFor(text);
          expect(claims).toBeDefined();
          const folded = (name: string): unknown =>
            Object.hasOwn(claims!, name)
              ? claims![name]
              : Object.entries(claims!).findLast(([key]) => key.toLowerCase() === name)?.[1];
          expect(folded('iss')).toBe(ISSUER);
          expect([folded('aud')].flat()).toContain('kube');
          expect(Number(folded('exp'))).toBeGreaterThanOrEqual(NOW);
          expect(claims!['hd']).toBe('example.com');
          expect(verdict.user.name).toBe(wellFormed(`idp:${(claims!['sub'] as string | null) ?? ''}`));
          for (const group of verdict.user.groups)
            expect([claims!['groups']].flat().map((g) => g ?? '')).toContain(group);
        }
      }),
      { numRuns: 1500 },
    );
    // Else nothing was shown.
    expect(taken).toBeGreaterThan(50);
  });

  it('that are no tokens at all are nobody’s', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.base64String({ maxLength: 40 }), { maxLength: 5 }).map((parts) => parts.join('.')),
      fc.json().map((json) => `${encoded('{"alg":"RS256"}')}.${encoded(json)}.`),
      fc.nat(20_000).map((depth) => `${encoded('{"alg":"RS256"}')}.${encoded('['.repeat(depth))}.`),
      fc
        .nat(20_000)
        .map(
          (depth) =>
            `${encoded('{"alg":"RS256"}')}.${encoded(`{"iss":"${ISSUER}","a":${'['.repeat(depth)}${']'.repeat(depth)}}`)}.AA`,
        ),
    );
    await fc.assert(
      fc.asyncProperty(text, async (made) => {
        const verdict = await ask(byClaims, made, clock);
        expect(verdict.verdict).not.toBe('authenticated');
      }),
      { numRuns: 500 },
    );
  });
});
