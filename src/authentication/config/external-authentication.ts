import { type Clock, systemClock } from '../../meta/clock.ts';
import { errorText, forbidden } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { type Files, nodeFiles, type ReloadReport } from '../../meta/watched-files.ts';
import { diskFiles } from '../../webhook/files.ts';
import type { TokenAuthenticator } from '../authenticator.ts';
import { type AuthenticationOptions, apiAudiencesOf, StartupRefusal } from '../flags.ts';
import { ReplaceableJwtAuthenticators } from '../oidc/authenticators.ts';
import type { IssuerClient } from '../oidc/issuer-client.ts';
import { SIGNING_ALGORITHMS } from '../oidc/verifier.ts';
import type { TokenWebhook } from '../webhook/authenticator.ts';
import { jwtAuthenticatorOfFlags } from './from-flags.ts';
import { makeJwtAuthenticators } from './jwt-authenticators.ts';
import { loadAuthenticationConfiguration } from './load.ts';
import { ConfigurationReload } from './reload.ts';
import type { AuthenticationConfiguration } from './types.ts';
import { disallowedIssuerFault, faultsText, validateAuthenticationConfiguration } from './validate.ts';
import { tokenWebhookOfFlags } from './webhook-from-flags.ts';

export interface ExternalAuthenticationParts {
  clock?: Clock;
  files?: Files;
  /** Told of configuration taken and not taken. */
  report?: ReloadReport;
  /** Told of each try to ask an issuer for its keys: no words where it answered. */
  tried?(issuer: string, fault?: string): void;
  /** Called when other authenticators have taken the place of those before: remembered tokens have to be forgotten. */
  onReplaced?(): void;
  /** Makes what asks an issuer; the machine's network by default. */
  issuerClient?(ca: string): IssuerClient;
}

/** Those who vouch for tokens from outside, and what belongs to them. */
export interface ExternalAuthentication {
  /** As `createAuthentication` takes them. */
  authenticators: {
    jwt?: TokenAuthenticator;
    webhook?: TokenAuthenticator;
    /** Absent: by `--anonymous-auth`. */
    anonymous?: { enabled: boolean; paths: readonly string[] };
  };
  /** Begins to ask issuers for their keys and to follow the configuration file. */
  start(): void;
  stop(): void;
}

/**
 * JWT authenticators, by `--authentication-config` or by the `--oidc-*` flags, the token webhook, and where anonymous
 * requests are let in. Throws StartupRefusal in kube-apiserver's words.
 */
export function createExternalAuthentication(
  options: AuthenticationOptions,
  parts: ExternalAuthenticationParts = {},
): ExternalAuthentication {
  try {
    return create(options, parts);
  } catch (error) {
    throw error instanceof StartupRefusal ? error : new StartupRefusal((error as Error).message);
  }
}

function create(options: AuthenticationOptions, parts: ExternalAuthenticationParts): ExternalAuthentication {
  const { clock = systemClock, files = { ...nodeFiles, read: diskFiles.read }, report = {} } = parts;
  const path = options.authenticationConfig;
  const text = path === '' ? undefined : headed(path, () => files.read(path));
  const config =
    text === undefined
      ? configurationOfFlags(options, files)
      : headed(path, () => loadAuthenticationConfiguration(text));
  if (config.anonymous && options.anonymousAuth !== undefined) {
    const why =
      '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file';
    throw new StartupRefusal(errorText(forbidden('anonymous', why)));
  }
  const { errors, compiled } = validateAuthenticationConfiguration(config, []);
  if (errors.length) throw new StartupRefusal(`invalid authentication configuration: ${faultsText(errors)}`);
  const disallowedIssuers = options.serviceAccounts.issuers;
  for (const authenticator of config.jwt) {
    const fault = disallowedIssuerFault(authenticator, disallowedIssuers, 'issuer');
    if (fault) throw new StartupRefusal(errorText(fault));
  }

  const shared = {
    clock,
    ...(parts.tried ? { tried: parts.tried } : {}),
    ...(parts.issuerClient ? { client: parts.issuerClient } : {}),
  };
  const algorithms = text === undefined ? options.oidc.signingAlgs : SIGNING_ALGORITHMS;
  const made = makeJwtAuthenticators(config.jwt, compiled, { ...shared, algorithms });
  const jwt = text !== undefined || config.jwt.length ? new ReplaceableJwtAuthenticators(made) : undefined;
  const reload =
    text === undefined || !jwt
      ? undefined
      : new ConfigurationReload({
          ...shared,
          path,
          text,
          anonymous: config.anonymous,
          disallowedIssuers,
          authenticators: jwt,
          files,
          report,
          onReplaced: () => parts.onReplaced?.(),
        });
  const webhook: TokenWebhook | undefined =
    options.tokenWebhook.configFile === ''
      ? undefined
      : tokenWebhookOfFlags(options.tokenWebhook, apiAudiencesOf(options), clock);
  const { anonymous } = config;
  return {
    authenticators: {
      ...(jwt ? { jwt } : {}),
      ...(webhook ? { webhook } : {}),
      ...(anonymous
        ? { anonymous: { enabled: anonymous.enabled, paths: anonymous.conditions.map((one) => one.path) } }
        : {}),
    },
    start() {
      jwt?.current.start();
      reload?.start();
    },
    stop() {
      reload?.stop();
      jwt?.current.close();
      webhook?.close();
    },
  };
}

function headed<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const why = (error as Error).message;
    throw new StartupRefusal(`failed to load authentication configuration from file ${quote(path)}: ${why}`);
  }
}

function configurationOfFlags({ oidc }: AuthenticationOptions, files: Files): AuthenticationConfiguration {
  const ca =
    oidc.caFile !== '' && oidc.issuerUrl !== '' && oidc.clientId !== '' ? files.read(oidc.caFile) : '';
  const jwt = jwtAuthenticatorOfFlags(oidc, ca);
  return { jwt: jwt ? [jwt] : [], anonymous: undefined };
}
