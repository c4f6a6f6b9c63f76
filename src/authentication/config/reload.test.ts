import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultAuthenticationOptions } from '../flags.ts';
import { NOW, TestNetwork, testKey, token } from '../oidc/fixtures/test-issuer.ts';
import { createExternalAuthentication, type ExternalAuthentication } from './external-authentication.ts';

const ONE = 'https://one.example';
const TWO = 'https://two.example';
const key = testKey('k');
const at = (iss: string): string => token(key, { iss });

let network: TestNetwork;
let file: string;
let changed: () => void;
let said: string[];
let replaced: number;
let external: ExternalAuthentication;

function configuration(...authenticators: { url: string; prefix?: string }[]): string {
  return JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: authenticators.map(({ url, prefix = '' }) => ({
      issuer: { url, audiences: ['kube'] },
      claimMappings: { username: { claim: 'sub', prefix } },
    })),
  });
}

async function start(text: string): Promise<void> {
  file = text;
  const options = defaultAuthenticationOptions();
  options.authenticationConfig = '/etc/authn.yaml';
  options.serviceAccounts.issuers = ['https://kubernetes.default.svc'];
  external = createExternalAuthentication(options, {
    files: {
      read: () => file,
      watch: (_, handler) => {
        changed = handler;
        return () => {};
      },
    },
    issuerClient: () => network,
    report: {
      loaded: (path) => said.push(`loaded ${path}`),
      bad: (_, error) => said.push((error as Error).message),
    },
    onReplaced: () => replaced++,
  });
  external.start();
  await vi.advanceTimersByTimeAsync(1);
}

async function put(text: string): Promise<void> {
  file = text;
  changed();
  await vi.advanceTimersByTimeAsync(1);
}

async function who(text: string): Promise<string> {
  const context = { audiences: [], now: NOW * 1000, warn: () => {} };
  const verdict = await external.authenticators.jwt!.authenticateToken(text, context);
  return verdict.verdict === 'authenticated' ? verdict.user.name : verdict.code;
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  network = new TestNetwork();
  network.issuer(ONE, [key]);
  said = [];
  replaced = 0;
});
afterEach(() => {
  external.stop();
  vi.useRealTimers();
});

describe('a configuration file that changes', () => {
  it('is taken when all its issuers have answered, and as a whole', async () => {
    await start(configuration({ url: ONE, prefix: 'a:' }));
    expect(await who(at(ONE))).toBe('a:jane');
    await put(configuration({ url: ONE, prefix: 'b:' }, { url: TWO }));
    expect([await who(at(ONE)), await who(at(TWO))]).toEqual(['a:jane', 'OIDC_OTHER_ISSUER']);
    network.issuer(TWO, [key]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([await who(at(ONE)), await who(at(TWO))]).toEqual(['b:jane', 'jane']);
    expect(replaced).toBe(1);
    expect(said).toEqual(['loaded /etc/authn.yaml']);
  });

  it('is given up after a minute, and tried again', async () => {
    await start(configuration({ url: ONE }));
    await put(configuration({ url: TWO }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said[0]).toBe(
      `oidc: authenticator for issuer "${TWO}" is not healthy: Get "${TWO}/.well-known/openid-configuration": dial tcp: connect: connection refused`,
    );
    expect(await who(at(ONE))).toBe('jane');
    network.issuer(TWO, [key]);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(await who(at(TWO))).toBe('jane');
  });

  it.each([
    ['is no JSON', '{', "couldn't get version/kind; json parse error: unexpected end of JSON input"],
    ['is empty', '', 'empty config data'],
    [
      'has an issuer of ServiceAccounts',
      configuration({ url: 'https://kubernetes.default.svc' }),
      'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "https://kubernetes.default.svc": URL must not overlap with disallowed issuers: [https://kubernetes.default.svc]',
    ],
  ])('is left aside where it %s', async (_, text, words) => {
    await start(configuration({ url: ONE, prefix: 'a:' }));
    await put(text);
    expect(said).toEqual([words]);
    expect(await who(at(ONE))).toBe('a:jane');
    changed();
    expect(said).toHaveLength(1);
    await put(configuration({ url: ONE, prefix: 'c:' }));
    expect(await who(at(ONE))).toBe('c:jane');
  });

  it('cannot change what anonymous requests may do', async () => {
    await start(configuration({ url: ONE, prefix: 'a:' }));
    const config = JSON.parse(configuration({ url: ONE, prefix: 'b:' }));
    await put(JSON.stringify({ ...config, anonymous: { enabled: true } }));
    expect(said).toEqual([
      'invalid authentication configuration: anonymous: Forbidden: changed from initial configuration file',
    ]);
    expect(await who(at(ONE))).toBe('a:jane');
  });

  it('that changes again while issuers are waited for counts as it is last', async () => {
    await start(configuration({ url: ONE, prefix: 'a:' }));
    await put(configuration({ url: TWO }));
    await put(configuration({ url: ONE, prefix: 'c:' }));
    network.issuer(TWO, [key]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect([await who(at(ONE)), await who(at(TWO))]).toEqual(['c:jane', 'OIDC_OTHER_ISSUER']);
    expect(replaced).toBe(1);
  });

  it('may lose all its issuers', async () => {
    await start(configuration({ url: ONE }));
    await put(configuration());
    expect(await who(at(ONE))).toBe('OIDC_NO_ISSUERS');
  });
});
