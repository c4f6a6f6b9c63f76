import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aggregateText } from '../../meta/field-error.ts';
import {
  type AuthenticationOptions,
  defaultAuthenticationOptions,
  StartupRefusal,
  validateAuthenticationOptions,
} from '../flags.ts';
import { createExternalAuthentication } from './external-authentication.ts';
import recorded from './fixtures/refusals.json' with { type: 'json' };

interface Case {
  name: string;
  config?: unknown;
  flags?: string[];
  refused: string | null;
}

const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
writeFileSync(join(folder, 'nohook'), 'apiVersion: v1\nkind: Config\n');
writeFileSync(
  join(folder, 'hook'),
  'clusters: [{name: c, cluster: {server: https://hook.example}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n',
);

const inFolder = (text: string): string => text.replace(/\$\{DIR\}/g, folder);

function optionsOf({ name, config, flags = [] }: Case): AuthenticationOptions {
  const options = defaultAuthenticationOptions();
  options.serviceAccounts = {
    ...options.serviceAccounts,
    issuers: ['https://kubernetes.default.svc'],
    keyFiles: ['sa.key'],
    signingKeyFile: 'sa.key',
  };
  if (config !== undefined) {
    options.authenticationConfig = join(folder, 'c.json');
    const manyIssuers = name === '65 issuers' ? configOf65() : config;
    writeFileSync(
      options.authenticationConfig,
      typeof manyIssuers === 'string' ? manyIssuers : JSON.stringify(manyIssuers),
    );
  }
  for (const flag of flags) setFlag(options, inFolder(flag));
  return options;
}

function configOf65(): unknown {
  const [{ config }] = recorded.cases as unknown as [{ config: { jwt: { issuer: object }[] } }];
  const [first] = config.jwt;
  const jwt = Array.from({ length: 65 }, (_, i) => ({
    ...first,
    issuer: { ...first!.issuer, url: `https://idp${i}.example` },
  }));
  return { ...config, jwt };
}

function setFlag(options: AuthenticationOptions, flag: string): void {
  const [, name = '', value = ''] = /^--([^=]+)=(.*)$/.exec(flag) ?? [];
  if (name.startsWith('oidc-')) options.oidc.given = true;
  switch (name) {
    case 'oidc-issuer-url':
      options.oidc.issuerUrl = value;
      break;
    case 'oidc-client-id':
      options.oidc.clientId = value;
      break;
    case 'oidc-groups-claim':
      options.oidc.groupsClaim = value;
      break;
    case 'oidc-signing-algs':
      options.oidc.signingAlgs = value.split(',');
      break;
    case 'oidc-ca-file':
      options.oidc.caFile = value;
      break;
    case 'anonymous-auth':
      options.anonymousAuth = value === 'true';
      break;
    case 'authentication-config':
      options.authenticationConfig = value;
      break;
    case 'authentication-token-webhook-config-file':
      options.tokenWebhook.configFile = value;
      break;
    case 'authentication-token-webhook-version':
      options.tokenWebhook.version = value;
      break;
    default:
      throw new Error(`no such flag in this test: ${flag}`);
  }
}

/** What a start with these options ends with; null where it does not. */
function refusal(options: AuthenticationOptions): string | null {
  const faults = validateAuthenticationOptions(options);
  if (faults.length) return aggregateText(faults);
  try {
    createExternalAuthentication(options).stop();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(StartupRefusal);
    return (error as Error).message;
  }
}

// A required claim that is no pair is refused where flags are read.
const cases = (recorded.cases as Case[]).filter(({ name }) => name !== 'oidc bad required claim');

describe('bad configuration is refused in the words of kube-apiserver', () => {
  it.each(cases)('$name', (given) => {
    expect(refusal(optionsOf(given))).toBe(given.refused === null ? null : inFolder(given.refused));
  });
});
