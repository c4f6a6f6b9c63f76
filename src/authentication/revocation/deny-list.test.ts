import { describe, expect, it } from 'vitest';
import type { AuthenticationVerdict } from '../../explain/verdict.ts';
import { CREDENTIAL_ID } from '../../meta/user.ts';
import { AuthenticationChain } from '../chain.ts';
import { requestOf } from '../fixtures/requests.ts';
import { fingerprint } from '../x509/certificate.ts';
import { DenyList } from './deny-list.ts';
import { revocationOf } from './revocation-object.ts';

const AT = Date.parse('2026-01-01T00:00:00Z');
const known = (more: { id?: string; issuedAt?: number; by?: string } = {}): AuthenticationVerdict => ({
  verdict: 'authenticated',
  by: more.by ?? 'x509',
  code: 'X',
  facts: {},
  user: { name: 'jane', groups: [], ...(more.id ? { extra: { [CREDENTIAL_ID]: [more.id] } } : {}) },
  ...(more.issuedAt === undefined ? {} : { issuedAt: more.issuedAt }),
});
const at = (now = AT) => requestOf({}, { now });

describe('the deny list', () => {
  it('refuses a credential until its entry has run out', () => {
    const list = new DenyList();
    list.set('a', { reason: 'stolen', credentialId: 'JTI=1', expires: AT + 1000 });
    expect(list.judge(known({ id: 'JTI=1' }), at())).toMatchObject({
      code: 'CREDENTIAL_REVOKED',
      facts: { credential: 'JTI=1', reason: 'stolen' },
    });
    expect(list.judge(known({ id: 'JTI=2' }), at())).toBeUndefined();
    expect(list.judge(known({ id: 'JTI=1' }), at(AT + 1000))).toBeUndefined();
    list.set('b', { reason: '', credentialId: 'JTI=1' });
    list.remove('a');
    expect(list.judge(known({ id: 'JTI=1' }), at())).toMatchObject({ code: 'CREDENTIAL_REVOKED' });
    list.remove('b');
    expect([list.size, list.judge(known({ id: 'JTI=1' }), at())]).toEqual([0, undefined]);
  });

  it('refuses what a user was issued before an instant, and what nobody knows the time of', () => {
    const list = new DenyList();
    list.set('u', { reason: '', user: 'jane', issuedBefore: AT });
    expect(list.judge(known({ issuedAt: AT - 1 }), at())).toMatchObject({ code: 'USER_REVOKED_BEFORE' });
    expect(list.judge(known(), at())).toMatchObject({ code: 'USER_REVOKED_BEFORE' });
    expect(list.judge(known({ issuedAt: AT }), at())).toBeUndefined();
    list.set('u', { reason: '', user: 'kim', issuedBefore: AT });
    expect(list.judge(known(), at())).toBeUndefined();
  });

  it("takes a front proxy's word no more once the proxy's certificate is revoked", () => {
    const list = new DenyList();
    const der = Buffer.from('a certificate');
    list.set('p', { reason: '', credentialId: `X509SHA256=${fingerprint(der)}` });
    const request = requestOf({}, { certificates: [der], now: AT });
    expect(list.judge(known({ by: 'front-proxy' }), request)).toMatchObject({ code: 'CREDENTIAL_REVOKED' });
    expect(list.judge(known({ by: 'service-account' }), request)).toBeUndefined();
  });

  it('tells when more is refused', () => {
    const list = new DenyList();
    let told = 0;
    list.onChange(() => told++);
    list.replaceAll(new Map([['a', { reason: '', user: 'x', issuedBefore: AT }]]));
    list.replaceAll(new Map());
    expect([told, list.size]).toEqual([1, 0]);
  });

  it('counts in the chain as a refusal by the authenticator itself would', async () => {
    const list = new DenyList();
    const first = { name: 'a', authenticate: () => known({ id: 'JTI=1' }) };
    const second = { name: 'b', authenticate: () => Promise.resolve(known({ id: 'JTI=2', by: 'b' })) };
    const anonymous = { name: 'anonymous', authenticate: () => known({ by: 'anonymous' }) };
    const ask = async (...steps: (typeof first | typeof second)[]) => {
      const { verdict } = await new AuthenticationChain(steps, anonymous, list).authenticate(at());
      return verdict.verdict === 'authenticated' ? verdict.by : verdict.code;
    };
    expect(await ask(first, second)).toBe('x509');
    list.set('one', { reason: '', credentialId: 'JTI=1' });
    expect([await ask(first, second), await ask(first)]).toEqual(['b', 'CREDENTIAL_REVOKED']);
    list.set('two', { reason: '', credentialId: 'JTI=2' });
    expect(await ask(first, second)).toBe('CREDENTIAL_REVOKED');
  });
});

describe('CredentialRevocation objects', () => {
  it.each([
    [{ credentialID: 'X509SHA256=short' }, 'spec.credentialID is neither'],
    [{ credentialID: 'JTI=x', user: 'jane' }, 'spec has both'],
    [{}, 'spec has neither'],
    [{ user: 'jane' }, 'spec.issuedBefore is no time'],
    [{ credentialID: 'JTI=x', expires: 'never' }, 'spec.expires is no time'],
  ])('with %j mean nothing', (spec, fault) => {
    expect(revocationOf({ metadata: {}, spec })).toEqual({ fault: expect.stringContaining(fault) });
  });

  it('are read', () => {
    const hex = 'AB'.repeat(32);
    expect(revocationOf({ metadata: {}, spec: { credentialID: `X509SHA256=${hex}`, reason: 'r' } })).toEqual({
      credentialId: `X509SHA256=${hex.toLowerCase()}`,
      reason: 'r',
    });
    const spec = { user: 'jane', issuedBefore: '2026-01-01T00:00:00Z', expires: '2027-01-01T00:00:00Z' };
    expect(revocationOf({ metadata: {}, spec })).toEqual({
      user: 'jane',
      issuedBefore: AT,
      reason: '',
      expires: Date.parse('2027-01-01T00:00:00Z'),
    });
  });
});
