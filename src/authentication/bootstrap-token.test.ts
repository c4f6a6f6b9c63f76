import { describe, expect, it } from 'vitest';
import { StaticLister } from '../registry/lister.ts';
import { BootstrapTokenAuthenticator } from './bootstrap-token.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const ID = 'abcdef';
const SECRET = '0123456789abcdef';

function ask(data: Record<string, string>, more: Record<string, unknown> = {}, token = `${ID}.${SECRET}`) {
  const encoded = Object.entries({
    'token-id': ID,
    'token-secret': SECRET,
    'usage-bootstrap-authentication': 'true',
    ...data,
  }).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const { metadata, ...rest } = more as { metadata?: object };
  const secrets = new StaticLister([
    {
      metadata: { name: `bootstrap-token-${ID}`, namespace: 'kube-system', ...metadata },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(encoded),
      ...rest,
    },
  ]);
  const context = { audiences: [], now: NOW, warn: () => {} };
  const verdict = new BootstrapTokenAuthenticator(secrets).authenticateToken(token, context);
  return verdict.verdict === 'authenticated' ? verdict.user : verdict.code;
}

describe('a bootstrap token', () => {
  it('is its id, with its groups sorted and taken once', () => {
    expect(ask({})).toEqual({ name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] });
    expect(
      ask({ 'auth-extra-groups': 'system:bootstrappers:b,system:bootstrappers:a,system:bootstrappers:b' }),
    ).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:b'],
    });
  });

  it.each([
    ['BOOTSTRAP_WRONG_SECRET', { 'token-secret': '0123456789abcdee' }, {}],
    ['BOOTSTRAP_OTHER_ID', { 'token-id': 'aaaaaa' }, {}],
    ['BOOTSTRAP_EXPIRED', { expiration: '2026-05-31T23:59:59Z' }, {}],
    ['BOOTSTRAP_EXPIRED', { expiration: 'next year' }, {}],
    ['BOOTSTRAP_EXPIRED', { expiration: '2027-02-30T00:00:00Z' }, {}],
    ['BOOTSTRAP_EXPIRED', { expiration: '2027-01-01' }, {}],
    ['BOOTSTRAP_USAGE', { 'usage-bootstrap-authentication': 'True' }, {}],
    ['BOOTSTRAP_BAD_GROUP', { 'auth-extra-groups': 'system:masters' }, {}],
    ['BOOTSTRAP_BAD_GROUP', { 'auth-extra-groups': 'system:bootstrappers:a, system:bootstrappers:b' }, {}],
    ['BOOTSTRAP_SECRET_TYPE', {}, { type: 'Opaque' }],
    ['BOOTSTRAP_BEING_DELETED', {}, { metadata: { deletionTimestamp: '2026-05-01T00:00:00Z' } }],
    ['BOOTSTRAP_NO_SECRET', {}, { metadata: { namespace: 'default' } }],
  ])('is not taken: %s %j', (code, data, more) => {
    expect(ask(data, more)).toBe(code);
  });

  it.each(['2026-06-01T00:00:01Z', '2026-06-01T02:00:00+01:00', '2030-01-01T00:00:00.5Z'])(
    'lives until %s',
    (expiration) => {
      expect(ask({ expiration })).toMatchObject({ name: 'system:bootstrap:abcdef' });
    },
  );

  it.each([
    'ABCDEF.0123456789abcdef',
    'abcdef',
    `abcdef.${SECRET}0`,
    `abcdef.${SECRET}\n`,
    ` abcdef.${SECRET}`,
  ])('has another shape than %j', (token) => {
    expect(ask({}, {}, token)).toBe('BOOTSTRAP_OTHER_SHAPE');
  });
});
