import { describe, expect, it } from 'vitest';
import { credentialOf, endOf } from '../explain/credential.ts';
import type { DecisionRecord } from '../explain/record.ts';
import { EVERYTHING, matches } from './page/filter.ts';
import { outcomeOf, passageOf, refusalOf, subjectOf } from './page/passage.ts';

// What runs in the browser is tested here, where Node's types are at hand.

const request = {
  method: 'DELETE',
  path: '/api/v1/namespaces/dev/pods/web',
  verb: 'delete',
  apiGroup: '',
  apiVersion: 'v1',
  namespace: 'dev',
  resource: 'pods',
  subresource: '',
  name: 'web',
  remoteAddress: '127.0.0.1',
  userAgent: 'kubectl',
};
const jane = { name: 'jane', groups: ['developers'] };
const known: DecisionRecord['authentication'] = {
  micros: 1,
  user: jane,
  asked: [
    { verdict: 'refused', by: 'front-proxy', code: 'FRONT_PROXY_CERTIFICATE', facts: {} },
    { verdict: 'authenticated', by: 'x509', code: 'X509_VERIFIED', facts: { notAfter: 1.8e12 }, user: jane },
  ],
};
const allowed = { micros: 1, decision: 'allow', asked: [] };
const record = (parts: Partial<DecisionRecord>): DecisionRecord => ({
  id: 'x',
  at: 0,
  request,
  micros: 5,
  ...parts,
});

describe('how a request fared', () => {
  it.each<[Partial<DecisionRecord>, string, string[]]>([
    [
      { authentication: { micros: 1, asked: [] }, status: 401 },
      'refused',
      ['refused', 'unreached', 'unreached', 'unreached', 'unreached'],
    ],
    [
      { authentication: known, authorization: { ...allowed, decision: 'noOpinion' }, status: 403 },
      'refused',
      ['allowed', 'skipped', 'refused', 'unreached', 'unreached'],
    ],
    [
      { authentication: known, impersonation: { micros: 1, refused: 'no' }, status: 403 },
      'refused',
      ['allowed', 'refused', 'unreached', 'unreached', 'unreached'],
    ],
    [
      {
        authentication: known,
        authorization: allowed,
        admission: [{ outcome: 'denied', by: 'Q', phase: 'validate', code: 'QUOTA_EXCEEDED', facts: {} }],
        status: 403,
      },
      'refused',
      ['allowed', 'skipped', 'allowed', 'refused', 'unreached'],
    ],
    [
      { authentication: known, authorization: allowed, status: 404 },
      'allowed',
      ['allowed', 'skipped', 'allowed', 'skipped', 'failed'],
    ],
    [
      { authentication: known, authorization: allowed, status: 500 },
      'failed',
      ['allowed', 'skipped', 'allowed', 'skipped', 'failed'],
    ],
  ])('is told door by door (%#)', (parts, outcome, passage) => {
    expect([outcomeOf(record(parts)), Object.values(passageOf(record(parts)))]).toEqual([outcome, passage]);
  });

  it('is under way until it has ended', () => {
    const { micros: _, ...running } = record({ authentication: known, authorization: allowed });
    expect([outcomeOf(running), passageOf(running).store]).toEqual(['running', 'running']);
  });

  it('names what kept it out, not what was of no account', () => {
    const asked: NonNullable<DecisionRecord['authentication']>['asked'] = [
      {
        verdict: 'notMine',
        by: 'front-proxy',
        code: 'FRONT_PROXY_OTHER_AUTHORITY',
        facts: {},
        unlessAnother: 'refused',
      },
      { verdict: 'refused', by: 'x509', code: 'X509_EXPIRED', facts: {} },
      { verdict: 'notMine', by: 'bearer', code: 'BEARER_NO_HEADER', facts: {} },
    ];
    expect(refusalOf(record({ authentication: { micros: 1, asked } }))).toEqual({
      door: 'authentication',
      code: 'X509_EXPIRED',
    });
  });

  it('says of a namespace itself no place', () => {
    const of = { ...request, resource: 'namespaces', namespace: 'dev', name: 'dev', verb: 'get' };
    expect(subjectOf(record({ request: of })).what).toBe('namespaces dev');
  });
});

describe('filters', () => {
  const one = record({
    authentication: known,
    authorization: { ...allowed, decision: 'noOpinion' },
    status: 403,
  });
  it.each([
    [{ user: 'DEVEL' }, true],
    [{ user: 'joe' }, false],
    [{ what: 'pods delete' }, true],
    [{ what: 'x509_verified' }, true],
    [{ what: 'pods create' }, false],
    [{ outcome: 'refused' as const }, true],
    [{ outcome: 'allowed' as const }, false],
    [{ door: 'authorization' as const }, true],
    [{ door: 'admission' as const }, false],
  ])('%o', (part, expected) => {
    expect(matches(one, { ...EVERYTHING, ...part })).toBe(expected);
  });

  it("hide the console's own requests until asked for them", () => {
    const ours = record({ request: { ...request, path: '/sallyport/v1/decisions', resource: '' } });
    expect([matches(ours, EVERYTHING), matches(ours, { ...EVERYTHING, ours: true })]).toEqual([false, true]);
  });
});

describe('credentials', () => {
  it('are those of the authenticator that knew the caller, with their end', () => {
    expect(credentialOf(record({ authentication: known }))).toMatchObject({ by: 'x509', expires: 1.8e12 });
    expect(credentialOf(record({}))).toBeUndefined();
  });

  it.each([
    [{ notAfter: 1.8e12 }, 1.8e12],
    [{ expiry: 1.8e9 }, 1.8e12],
    [{ expiration: '2027-01-15T08:00:00Z' }, 1_800_000_000_000],
    [{ expiration: 'never' }, undefined],
    [{}, undefined],
  ])('end as %o says', (facts, expected) => {
    expect(endOf(facts)).toBe(expected);
  });
});
