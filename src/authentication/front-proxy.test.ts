import { beforeAll, describe, expect, it } from 'vitest';
import { authority, client, type Issued } from './fixtures/certificates.ts';
import { requestOf } from './fixtures/requests.ts';
import { credentialHeaders, FrontProxyAuthenticator, type FrontProxyOptions } from './front-proxy.ts';
import { CertificatePool } from './x509/pool.ts';

let ca: Issued;
let proxy: Issued;
let options: FrontProxyOptions;

beforeAll(async () => {
  ca = await authority('front-proxy-ca');
  proxy = await client(ca, 'CN=front-proxy-client');
  const pool = CertificatePool.fromPem(ca.pem);
  options = {
    authorities: { current: () => pool },
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User', 'X-Other-User'],
    uidHeaders: [],
    groupHeaders: ['X-Remote-Group', 'X-Other-Group'],
    extraHeadersPrefixes: ['X-Remote-Extra-', 'X-Other-Extra-'],
  };
});

const ask = (
  headers: Record<string, string | string[]>,
  by: Issued | undefined = proxy,
  more: Partial<FrontProxyOptions> = {},
) => {
  const certificates = by ? [by.der] : [];
  return new FrontProxyAuthenticator({ ...options, ...more }).authenticate(
    requestOf(headers, { certificates }),
  );
};

describe('a front proxy', () => {
  it('names the user by the first header with a value, with the groups of all headers in order', () => {
    expect(
      ask({
        'x-remote-user': '',
        'x-other-user': 'ann',
        'x-remote-group': ['b', '', 'a', 'b'],
        'x-other-group': 'c,d',
      }),
    ).toMatchObject({ verdict: 'authenticated', user: { name: 'ann', groups: ['b', 'a', 'b', 'c,d'] } });
  });

  it('gives extras by decoded key; prefixes in order, empty values kept', () => {
    const verdict = ask({
      'x-remote-user': 'ann',
      'x-other-extra-scopes': 'last',
      'x-remote-extra-scopes': ['read', 'write'],
      'x-remote-extra-acme.com%2fproject': 'p1',
      'x-remote-extra-bad%zzkey': 'v',
      'x-remote-extra-note': '',
      'x-remote-extra-': 'e',
    });
    expect(verdict).toMatchObject({
      user: {
        extra: {
          scopes: ['read', 'write', 'last'],
          'acme.com/project': ['p1'],
          'bad%zzkey': ['v'],
          note: [''],
          '': ['e'],
        },
      },
    });
  });

  it('gives a uid only by a header that is set up for it', () => {
    expect(ask({ 'x-remote-user': 'ann', 'x-remote-uid': 'u' })).not.toHaveProperty('user.uid');
    expect(
      ask({ 'x-remote-user': 'ann', 'x-remote-uid': 'u' }, proxy, { uidHeaders: ['X-Remote-Uid'] }),
    ).toMatchObject({
      user: { uid: 'u' },
    });
  });

  it('is not believed without a certificate of its authority and a name that is allowed', async () => {
    const headers = { 'x-remote-user': 'ann', 'x-remote-group': 'system:masters' };
    expect(new FrontProxyAuthenticator(options).authenticate(requestOf(headers)).code).toBe(
      'FRONT_PROXY_NO_CERTIFICATE',
    );
    const stranger = await client(await authority('front-proxy-ca'), 'CN=front-proxy-client');
    expect(ask(headers, stranger)).toMatchObject({ verdict: 'refused', code: 'FRONT_PROXY_CERTIFICATE' });
    const ordinary = await client(await authority('cluster-ca'), 'CN=jane');
    expect(ask(headers, ordinary)).toEqual({
      verdict: 'notMine',
      by: 'front-proxy',
      code: 'FRONT_PROXY_OTHER_AUTHORITY',
      facts: {},
      unlessAnother: 'refused',
    });
    const other = await client(ca, 'CN=other');
    expect(ask(headers, other)).toMatchObject({ verdict: 'refused', code: 'FRONT_PROXY_NAME' });
    expect(ask(headers, other, { allowedNames: [] })).toMatchObject({ verdict: 'authenticated' });
    expect(ask({ 'x-remote-group': 'system:masters' })).toMatchObject({
      verdict: 'notMine',
      code: 'FRONT_PROXY_NO_USER',
    });
  });
});

describe('headers that must not get past authentication', () => {
  it('are Authorization, the standard ones of a proxy, and those set up', () => {
    const is = credentialHeaders({ ...options, usernameHeaders: ['X-Who'], extraHeadersPrefixes: ['X-Ex-'] });
    for (const header of [
      'authorization',
      'x-remote-user',
      'x-remote-uid',
      'x-remote-group',
      'x-remote-extra-a',
      'x-who',
      'x-ex-b',
    ]) {
      expect(is(header)).toBe(true);
    }
    expect(is('accept')).toBe(false);
  });
});
