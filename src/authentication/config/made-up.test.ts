import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultAuthenticationOptions, StartupRefusal } from '../flags.ts';
import { ISSUER, NOW, settle, TestNetwork, testKey, token } from '../oidc/fixtures/test-issuer.ts';
import { createExternalAuthentication } from './external-authentication.ts';

const key = testKey('k');

/** Pieces of CEL, well and badly put together. */
const expression = fc.oneof(
  fc.constantFrom(
    'claims.sub',
    "'x:' + claims.sub",
    'claims.?groups.orValue([])',
    'has(claims.email_verified) && claims.email_verified == true',
    'claims.email',
    'claims.groups.map(g, g)',
    'dyn(claims.groups).map(g, g)',
    "user.username.startsWith('system:')",
    'true',
    '1',
    'claims',
    "'a'.matches('(a+)+$')",
    '[1, 2].all(x, [3, 4].all(y, x < y))',
    "claims.sub.split('')",
    'dyn(claims).all(a, dyn(claims).all(b, dyn(claims).all(c, a + b + c != a)))',
  ),
  fc
    .array(
      fc.constantFrom(
        'claims',
        'user',
        '.',
        'sub',
        '(',
        ')',
        '[',
        ']',
        "'",
        '"',
        '+',
        '?',
        ':',
        ',',
        ' ',
        '1',
        'has',
        'all',
        '{',
        '}',
        '\\',
        '\n',
        '&&',
        '!',
        'é',
        '\u0000',
      ),
      { maxLength: 25 },
    )
    .map((parts) => parts.join('')),
  fc.constant('('.repeat(5000)),
  fc.constant(`claims${'.a'.repeat(5000)}`),
  fc.constant(`${'!'.repeat(3000)}true`),
);
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('', 'sub', 'email', 'groups'));
const url = fc.oneof(
  fc.constantFrom(
    ISSUER,
    `${ISSUER}/`,
    'http://x',
    'https://',
    'https://[::1',
    'https://a b',
    '',
    '://',
    'https://u:p@x/?q#f',
    'https://x:y',
    '%',
  ),
  fc.webUrl(),
  fc.string({ maxLength: 20 }),
);
const rarely = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue() });
const some = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  rarely(
    fc.record(Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, rarely(one)])), {
      requiredKeys: [],
    }),
  );
const list = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.array(item, { maxLength: 2 });

const mapping = fc.oneof(
  fc.constant({ claim: 'sub', prefix: '' }),
  some({ claim: text, prefix: text, expression }),
  expression.map((one) => ({ expression: one })),
);
const configuration = some({
  apiVersion: fc.constantFrom(
    ...['v1', 'v1beta1', 'v1alpha1', 'v1'].map((v) => `apiserver.config.k8s.io/${v}`),
  ),
  kind: fc.constant('AuthenticationConfiguration'),
  jwt: list(
    some({
      issuer: fc.oneof(
        fc.constant({ url: ISSUER, audiences: ['kube'] }),
        some({
          url,
          discoveryURL: url,
          audiences: list(text),
          audienceMatchPolicy: fc.constantFrom('MatchAny', '', 'MatchAll'),
          certificateAuthority: fc.constantFrom(
            '',
            '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
            'x',
          ),
          egressSelectorType: fc.constantFrom('', 'cluster', 'x'),
        }),
      ),
      claimMappings: some({
        username: mapping,
        groups: mapping,
        uid: some({ claim: text, expression }),
        extra: list(
          some({
            key: fc.constantFrom('a.io/b', 'A.io/b', 'x', 'k8s.io/a', ''),
            valueExpression: expression,
          }),
        ),
      }),
      claimValidationRules: list(some({ claim: text, requiredValue: text, expression, message: text })),
      userValidationRules: list(some({ expression, message: text })),
    }),
  ),
  anonymous: some({ enabled: fc.boolean(), conditions: list(some({ path: text })) }),
});

/** What comes of a file: the authenticators, or kube-apiserver's refusal; anything else is a fault. */
async function judged(file: string): Promise<'refused' | 'taken'> {
  const network = new TestNetwork();
  network.issuer(ISSUER, [key]);
  const options = defaultAuthenticationOptions();
  options.authenticationConfig = '/c';
  options.serviceAccounts.issuers = ['https://kubernetes.default.svc'];
  let external: ReturnType<typeof createExternalAuthentication>;
  try {
    external = createExternalAuthentication(options, {
      files: { read: () => file, watch: () => () => {} },
      issuerClient: () => network,
    });
  } catch (error) {
    expect(error).toBeInstanceOf(StartupRefusal);
    expect((error as Error).message).not.toMatch(/undefined(?! (?:reference|field))|\[object/);
    return 'refused';
  }
  external.start();
  await settle();
  const { jwt } = external.authenticators;
  const context = { audiences: [], now: NOW * 1000, warn: () => {} };
  const good = { sub: 'jane', groups: ['a', 'b'], email: 'j@e.com', email_verified: true };
  await jwt!.authenticateToken(token(key, good), context);
  // Nobody vouched for these, whatever the configuration says.
  for (const bad of [
    token(testKey('k'), good),
    token(key, { ...good, exp: NOW - 1 }),
    token(key, { ...good, iss: 'https://x.example' }),
  ]) {
    const verdict = await jwt!.authenticateToken(bad, context);
    expect(verdict.verdict).not.toBe('authenticated');
  }
  external.stop();
  return 'taken';
}

describe('made-up configuration files', () => {
  it('are refused with words, or let nobody in but by their issuers', async () => {
    const ended = { refused: 0, taken: 0 };
    await fc.assert(
      fc.asyncProperty(configuration, async (config) => {
        ended[await judged(JSON.stringify(config))]++;
      }),
      { numRuns: 1000 },
    );
    expect(ended.refused).toBeGreaterThan(20);
    expect(ended.taken).toBeGreaterThan(20);
  });

  it('that are no configuration are refused', async () => {
    const file = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.json(),
      fc.constantFrom(
        '&a [*a]',
        '*x',
        '- - -',
        'a: b: c',
        '{',
        '[]',
        'null',
        '"',
        '---\n---\n',
        '\ufeff{}',
        '\t',
        `${'['.repeat(5000)}`,
        `${'{"a":'.repeat(5000)}`,
      ),
      fc.constant(`a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n${'d: [*c, *c]\n'.repeat(50)}`),
    );
    await fc.assert(
      fc.asyncProperty(file, async (made) => {
        expect(await judged(made)).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });
});
