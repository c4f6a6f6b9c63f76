import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryClient } from '../controllers/fixtures/memory-client.ts';
import { type Files, WatchedFiles } from '../meta/watched-files.ts';
import { createAuthentication } from './create.ts';
import { authority, client as clientCertificate, type Issued } from './fixtures/certificates.ts';
import { requestOf } from './fixtures/requests.ts';
import { type AuthenticationOptions, defaultAuthenticationOptions } from './flags.ts';

const ISSUER = 'https://kubernetes.default.svc';
const NOW = Date.now();

/** Files in memory whose changes are told at once. */
class MemoryFiles implements Files {
  readonly content = new Map<string, string>();
  readonly #watchers = new Map<string, Set<() => void>>();

  read(path: string): string {
    const text = this.content.get(path);
    if (text !== undefined) return text;
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
      code: 'ENOENT',
      path,
    });
  }

  watch(path: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(path) ?? new Set();
    this.#watchers.set(path, watchers.add(changed));
    return () => watchers.delete(changed);
  }

  write(path: string, text: string): void {
    this.content.set(path, text);
    for (const changed of this.#watchers.get(path) ?? []) changed();
  }
}

const pem = (key: KeyObject): string =>
  key.export(
    key.type === 'private' ? { type: 'pkcs8', format: 'pem' } : { type: 'spki', format: 'pem' },
  ) as string;

let files: MemoryFiles;
let client: MemoryClient;
let root: Issued;
let proxies: Issued;
let bad: string[];
const first = generateKeyPairSync('rsa', { modulusLength: 2048 });
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' });

beforeEach(async () => {
  root ??= await authority('kubernetes');
  proxies ??= await authority('front-proxy-ca');
  bad = [];
  client = new MemoryClient();
  client.put('serviceaccounts', { metadata: { name: 'app', namespace: 'ns', uid: 'u-1' } });
  files = new MemoryFiles();
  files.content.set('sa.key', pem(first.privateKey));
  files.content.set('sa.pub', pem(first.publicKey));
  files.content.set('ca.crt', root.pem);
  files.content.set('proxy.crt', proxies.pem);
  files.content.set('t.csv', 'tok-jane,jane,1,dev\n');
});

function optionsWith(more: Partial<AuthenticationOptions> = {}): AuthenticationOptions {
  const options = defaultAuthenticationOptions();
  return {
    ...options,
    clientCaFile: 'ca.crt',
    tokenAuthFile: 't.csv',
    requestHeader: {
      ...options.requestHeader,
      clientCaFile: 'proxy.crt',
      allowedNames: ['proxy'],
      usernameHeaders: ['X-Remote-User'],
    },
    serviceAccounts: {
      ...options.serviceAccounts,
      issuers: [ISSUER],
      keyFiles: ['sa.pub'],
      signingKeyFile: 'sa.key',
    },
    ...more,
  };
}

const start = (more: Partial<AuthenticationOptions> = {}) => {
  const authentication = createAuthentication(optionsWith(more), {
    client,
    files,
    report: { bad: (path) => bad.push(path) },
  });
  authentication.start();
  return authentication;
};

const claims = () => ({
  aud: [ISSUER],
  sub: 'system:serviceaccount:ns:app',
  exp: Math.floor(NOW / 1000) + 3600,
  'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'app', uid: 'u-1' } },
});

function who(
  authentication: ReturnType<typeof start>,
  headers: Record<string, string>,
  certificates: Uint8Array[] = [],
): string {
  const outcome = authentication.chain.authenticate(requestOf(headers, { certificates, now: NOW }));
  if (outcome instanceof Promise) throw new Error('a promise where nothing waits');
  return outcome.verdict.verdict === 'authenticated' ? outcome.verdict.user.name : '401';
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('authentication, put together', () => {
  it('lets a certificate go before a token, and a token before anonymous, without a promise', async () => {
    const authentication = start();
    const jane = await clientCertificate(root, 'CN=cert-jane');
    const proxy = await clientCertificate(proxies, 'CN=proxy');
    const token = authentication.signer.sign(claims());
    expect(who(authentication, {})).toBe('system:anonymous');
    expect(who(authentication, bearer('tok-jane'))).toBe('jane');
    expect(who(authentication, bearer('tok-jane'), [jane.der])).toBe('cert-jane');
    expect(who(authentication, bearer('nope'), [jane.der])).toBe('cert-jane');
    expect(who(authentication, bearer('nope'))).toBe('401');
    expect(who(authentication, bearer(token))).toBe('system:serviceaccount:ns:app');
    expect(who(authentication, { 'x-remote-user': 'ann' }, [proxy.der])).toBe('ann');
    expect(who(authentication, {}, [proxy.der])).toBe('401');
    expect(who(authentication, { 'x-remote-user': 'ann' }, [jane.der])).toBe('cert-jane');
    expect(who(authentication, {}, [(await clientCertificate(root, [{ '2.5.4.10': ['x'] }])).der])).toBe(
      '401',
    );
  });

  it('takes a certificate that names nobody for no credential where there is no front proxy', async () => {
    const options = { ...optionsWith().requestHeader, clientCaFile: '' };
    const nobody = await clientCertificate(root, [{ '2.5.4.10': ['x'] }]);
    expect(who(start({ requestHeader: options }), {}, [nobody.der])).toBe('system:anonymous');
  });

  it('turns anonymous off', () => {
    expect(who(start({ anonymousAuth: false }), {})).toBe('401');
  });

  it('forgets a token with its account at once', () => {
    const authentication = start();
    const token = authentication.signer.sign(claims());
    expect(who(authentication, bearer(token))).toBe('system:serviceaccount:ns:app');
    client.lister({ group: '', resource: 'serviceaccounts' }).remove('ns', 'app');
    expect(who(authentication, bearer(token))).toBe('401');
  });

  it('follows its files, and keeps what it has where the new cannot be used', async () => {
    const authentication = start();
    const old = authentication.signer.sign(claims());
    expect(who(authentication, bearer(old))).toBe('system:serviceaccount:ns:app');
    files.write('sa.key', pem(second.privateKey));
    // Nobody takes tokens of the new key yet, and so the old one goes on signing.
    expect(bad.splice(0)).toEqual(['sa.key']);
    expect(who(authentication, bearer(authentication.signer.sign(claims())))).toBe(
      'system:serviceaccount:ns:app',
    );
    files.write('sa.pub', pem(second.publicKey));
    const fresh = authentication.signer.sign(claims());
    expect(who(authentication, bearer(fresh))).toBe('system:serviceaccount:ns:app');
    expect(who(authentication, bearer(old))).toBe('401');
    files.write('sa.pub', 'nonsense');
    files.write('t.csv', 'a,b');
    files.write('ca.crt', '');
    expect(bad).toEqual(['sa.pub', 't.csv', 'ca.crt']);
    expect(who(authentication, bearer(fresh))).toBe('system:serviceaccount:ns:app');
    expect(who(authentication, bearer('tok-jane'))).toBe('jane');
    files.write('t.csv', 'tok-kim,kim,2\n');
    expect([who(authentication, bearer('tok-jane')), who(authentication, bearer('tok-kim'))]).toEqual([
      '401',
      'kim',
    ]);
    const other = await authority('new-ca');
    const jane = await clientCertificate(root, 'CN=jane');
    files.write('ca.crt', other.pem);
    expect(who(authentication, {}, [jane.der])).toBe('401');
    expect(who(authentication, {}, [(await clientCertificate(other, 'CN=kim')).der])).toBe('kim');
    authentication.stop();
    files.write('ca.crt', root.pem);
    expect(who(authentication, {}, [jane.der])).toBe('401');
  });

  it.each([
    ['sa.key', undefined, 'open sa.key: no such file or directory'],
    [
      'sa.key',
      'x',
      'failed to parse service-account-issuer-key-file: error reading private key file sa.key: data does not contain a valid RSA or ECDSA private key',
    ],
    [
      'sa.pub',
      'x',
      'error reading public key file sa.pub: data does not contain any valid RSA or ECDSA public keys',
    ],
    ['ca.crt', '', 'missing content for CA bundle "client-ca-bundle::ca.crt"'],
    [
      'ca.crt',
      'x',
      'unable to load CA bundle "client-ca-bundle::ca.crt": data does not contain any valid RSA or ECDSA certificates',
    ],
    ['t.csv', 'a,b', "token file 't.csv' must have at least 3 columns (token, user name, user uid), found 2"],
  ])('does not start with a bad %s: %j', (path, content, words) => {
    if (content === undefined) files.content.delete(path);
    else files.content.set(path, content);
    expect(() => start()).toThrow(words);
  });

  it('does not start where a client could pass for a front proxy', () => {
    files.content.set('proxy.crt', `${proxies.pem}\n${root.pem}`);
    const requestHeader = { ...optionsWith().requestHeader, allowedNames: [] };
    expect(() => start({ requestHeader })).toThrow('contain overlapping certificates');
  });
});

describe('a watched file', () => {
  it('is not made anew while its content is the same', () => {
    let made = 0;
    const watched = new WatchedFiles(['ca.crt'], () => ++made, { files }).start();
    files.write('ca.crt', files.content.get('ca.crt')!);
    expect(made).toBe(1);
    files.write('ca.crt', 'other');
    expect([made, watched.current()]).toEqual([2, 2]);
    watched.stop();
  });
});
