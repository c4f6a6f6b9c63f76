import { describe, expect, it } from 'vitest';
import {
  type AuthenticationOptions,
  apiAudiencesOf,
  assertAuthenticationOptions,
  defaultAuthenticationOptions,
  validateAuthenticationOptions,
} from './flags.ts';

const ISSUER = 'https://kubernetes.default.svc';

function optionsWith(
  more: Partial<AuthenticationOptions> = {},
  accounts: object = {},
): AuthenticationOptions {
  const options = defaultAuthenticationOptions();
  return {
    ...options,
    ...more,
    serviceAccounts: {
      ...options.serviceAccounts,
      issuers: [ISSUER],
      keyFiles: ['sa.pub'],
      signingKeyFile: 'sa.key',
      ...accounts,
    },
  };
}

const requestHeader = (more: object) => ({ ...defaultAuthenticationOptions().requestHeader, ...more });
const oidc = (more: object) => ({ ...defaultAuthenticationOptions().oidc, given: true, ...more });

describe('authentication flags', () => {
  it('that are enough are taken', () => {
    expect(validateAuthenticationOptions(optionsWith())).toEqual([]);
    expect(
      validateAuthenticationOptions(optionsWith({}, { issuers: ['plain-name', 'urn:x:y', ISSUER] })),
    ).toEqual([]);
    expect(apiAudiencesOf(optionsWith())).toEqual([ISSUER]);
    expect(apiAudiencesOf(optionsWith({ apiAudiences: ['a'] }))).toEqual(['a']);
  });

  it.each<[AuthenticationOptions, string]>([
    [optionsWith({}, { issuers: [] }), 'service-account-issuer is a required flag'],
    [optionsWith({}, { issuers: [''] }), 'service-account-issuer should not be an empty string'],
    [optionsWith({}, { issuers: ['a', 'a'] }), 'service-account-issuer "a" is already specified'],
    [
      optionsWith({}, { issuers: [':x'] }),
      `service-account-issuer ":x" contained a ':' but was not a valid URL: parse ":x": missing protocol scheme`,
    ],
    [
      optionsWith({}, { issuers: ['https://a:port'] }),
      `service-account-issuer "https://a:port" contained a ':' but was not a valid URL: parse "https://a:port": invalid port ":port" after host`,
    ],
    [
      optionsWith({}, { issuers: ['1a:b'] }),
      `service-account-issuer "1a:b" contained a ':' but was not a valid URL: parse "1a:b": first path segment in URL cannot contain colon`,
    ],
    [
      optionsWith({}, { keyFiles: [] }),
      'either `--service-account-key-file` or `--service-account-signing-endpoint` must be set',
    ],
    [
      optionsWith({}, { jwksUri: 'http://x' }),
      'service-account-jwks-uri requires https scheme, parsed as: http://x',
    ],
    [
      optionsWith({}, { signingKeyFile: '' }),
      '--service-account-signing-key-file, --service-account-issuer, and --api-audiences should be specified together',
    ],
    [
      optionsWith({ requestHeader: requestHeader({ usernameHeaders: [' '] }) }),
      'empty value in "requestheader-username-headers"',
    ],
    [
      optionsWith({ requestHeader: requestHeader({ uidHeaders: ['X-Uid'] }) }),
      '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work',
    ],
    [
      optionsWith({ oidc: oidc({ issuerUrl: 'https://x' }) }),
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    ],
    [
      optionsWith({ oidc: oidc({ issuerUrl: 'https://x', clientId: 'y' }), authenticationConfig: 'f' }),
      'authentication-config file and oidc-* flags are mutually exclusive',
    ],
  ])('%#: are refused in the words of kube-apiserver', (options, words) => {
    expect(validateAuthenticationOptions(options)).toContain(words);
    expect(() => assertAuthenticationOptions(options)).toThrow();
  });

  it('for the life of tokens have bounds', () => {
    const words = 'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds';
    const bounded = (maxTokenExpirationMs: number) => () =>
      assertAuthenticationOptions(optionsWith({}, { maxTokenExpirationMs }));
    expect(bounded(3_599_999)).toThrow(words);
    expect(bounded(2 ** 32 * 1000 + 1)).toThrow(words);
    expect(bounded(3_600_000)).not.toThrow();
    expect(bounded(0)).not.toThrow();
  });
});
