import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { execCaller, execCredential } from './exec-credential.ts';
import { type LoginOptions, login } from './login.ts';
import { RedirectListener } from './redirect-listener.ts';
import { TokenFile } from './stored-tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'login-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = {
  issuer: 'https://idp.example',
  clientId: 'kube',
  scopes: ['openid'],
  token: 'id',
  parameters: {},
} as const;

describe('the exec plugin protocol', () => {
  it.each(['v1', 'v1beta1'])('is spoken in %s', (version) => {
    const apiVersion = `client.authentication.k8s.io/${version}`;
    const caller = execCaller(JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: {} }));
    expect(caller).toEqual({ plugin: true, version: apiVersion });
    expect(JSON.parse(execCredential(apiVersion as never, 'tok', 1_767_225_600_999))).toEqual({
      kind: 'ExecCredential',
      apiVersion,
      spec: { interactive: false },
      status: { token: 'tok', expirationTimestamp: '2026-01-01T00:00:00Z' },
    });
  });

  it('is not spoken to people, nor in versions that are gone', () => {
    expect(execCaller(undefined)).toEqual({ plugin: false });
    const old = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1alpha1',
      kind: 'ExecCredential',
    });
    expect(() => execCaller(old)).toThrow(
      /set apiVersion of the exec user to client\.authentication\.k8s\.io\/v1 or/,
    );
    expect(() => execCaller('{')).toThrow('KUBERNETES_EXEC_INFO is not JSON');
  });
});

describe('TokenFile', () => {
  it('keeps one file for each sign-in, for its owner alone', () => {
    const file = new TokenFile(join(folder, 'kept'), key);
    expect(file.read()).toBeUndefined();
    file.write({ idToken: 'a' });
    expect(file.read()).toEqual({ idToken: 'a' });
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    const others = [
      { ...key, clientId: 'x' },
      { ...key, issuer: 'https://x' },
      { ...key, scopes: ['openid', 'email'] },
      { ...key, token: 'access' as const },
      { ...key, parameters: { audience: 'x' } },
    ].map((other) => new TokenFile(join(folder, 'kept'), other).path);
    expect(new Set([file.path, ...others]).size).toBe(6);
    writeFileSync(file.path, 'damaged');
    expect(file.read()).toBeUndefined();
  });

  it('is locked for one at a time, and not for ever by who is gone', async () => {
    const file = new TokenFile(join(folder, 'locked'), key);
    let inside = 0;
    const work = () =>
      file.locked(async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
      });
    await Promise.all([work(), work(), work()]);
    writeFileSync(`${file.path}.lock`, '999999999');
    await work();
    writeFileSync(`${file.path}.lock`, '');
    utimesSync(`${file.path}.lock`, 0, 0);
    await work();
    await expect(file.locked(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(readdirSync(join(folder, 'locked'))).toEqual([]);
  });
});

describe('RedirectListener', () => {
  it('takes the state it waits for and nothing else', async () => {
    const listener = await RedirectListener.listen(0);
    const returned = listener.returned('right');
    const at = (path: string): Promise<Response> => fetch(new URL(path, listener.redirectUri));
    expect((await at('/callback?state=wrong&code=1')).status).toBe(404);
    expect((await at('/other?state=right')).status).toBe(404);
    const answer = await at('/callback?state=right&code=<script>');
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain('script');
    expect((await returned).searchParams.get('code')).toBe('<script>');
    listener.close();
  });
});

describe('login', () => {
  const options: LoginOptions = {
    ...key,
    clientSecret: undefined,
    caFile: undefined,
    flow: 'browser',
    cacheFolder: join(folder, 'login'),
    force: false,
    signIn: false,
    redirectPort: 0,
    openBrowser: false,
    timeoutMs: 1000,
    tell: () => {},
    clock: { now: () => 1_000_000, monotonic: () => 0 },
  };

  it('hands out what is kept as long as it holds for a minute more', async () => {
    const file = new TokenFile(options.cacheFolder, options);
    file.write({ idToken: 'kept', expires: 1_060_001 });
    expect(await login(options)).toEqual({ token: 'kept', expires: 1_060_001, how: 'kept', path: file.path });
  });

  it('says what is wrong with a provider that cannot be asked', async () => {
    new TokenFile(options.cacheFolder, options).write({ idToken: 'late', expires: 1_060_000 });
    const away = { ...options, issuer: 'https://127.0.0.1:1' };
    await expect(login(away)).rejects.toThrow(
      /^https:\/\/127\.0\.0\.1:1 does not say how to sign in: .*ECONNREFUSED/,
    );
  });
});
