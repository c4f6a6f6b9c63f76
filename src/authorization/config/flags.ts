import { quote, quoteList } from '../../meta/go-quote.ts';
import { AUTHORIZER_TYPES, type AuthorizationConfiguration } from './types.ts';

/** kube-apiserver's `--authorization-*` flags. */
export interface AuthorizationOptions {
  /** --authorization-mode, in its order; AlwaysAllow where neither this nor a configuration file is given. */
  modes: readonly string[];
  /** --authorization-config */
  configFile: string;
  /** --authorization-policy-file */
  policyFile: string;
  /** --authorization-webhook-config-file */
  webhookConfigFile: string;
  /** --authorization-webhook-version */
  webhookVersion: string;
  /** --authorization-webhook-cache-authorized-ttl, in milliseconds */
  webhookAuthorizedTtlMs: number;
  /** --authorization-webhook-cache-unauthorized-ttl, in milliseconds */
  webhookUnauthorizedTtlMs: number;
  /** Whether --authorization-mode or an --authorization-webhook-* flag was given, with whatever value. */
  legacyFlagsSet: boolean;
}

export const DEFAULT_AUTHORIZATION_OPTIONS: AuthorizationOptions = {
  modes: [],
  configFile: '',
  policyFile: '',
  webhookConfigFile: '',
  webhookVersion: 'v1beta1',
  webhookAuthorizedTtlMs: 300_000,
  webhookUnauthorizedTtlMs: 30_000,
  legacyFlagsSet: false,
};

/** What is wrong with the flags among themselves (pkg/kubeapiserver/options/authorization.go, Validate). */
export function authorizationFlagFaults(options: AuthorizationOptions): string[] {
  if (options.configFile !== '') {
    if (!options.legacyFlagsSet) return [];
    return [
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ];
  }
  const faults: string[] = [];
  for (const mode of options.modes) {
    if (!(AUTHORIZER_TYPES as readonly string[]).includes(mode))
      faults.push(`authorization-mode ${quote(mode)} is not a valid mode`);
    if (mode === 'ABAC' && options.policyFile === '')
      faults.push("authorization-mode ABAC's authorization policy file not passed");
    if (mode === 'Webhook' && options.webhookConfigFile === '')
      faults.push("authorization-mode Webhook's authorization config file not passed");
  }
  if (options.policyFile !== '' && !options.modes.includes('ABAC'))
    faults.push('cannot specify --authorization-policy-file without mode ABAC');
  if (options.webhookConfigFile !== '' && !options.modes.includes('Webhook'))
    faults.push('cannot specify --authorization-webhook-config-file without mode Webhook');
  if (new Set(options.modes).size !== options.modes.length)
    faults.push(`authorization-mode ${quoteList(options.modes)} has mode specified more than once`);
  return faults;
}

/** The configuration that the flags stand for. */
export function configurationOfFlags(options: AuthorizationOptions): AuthorizationConfiguration {
  const modes = options.modes.length ? options.modes : ['AlwaysAllow'];
  return {
    authorizers: modes.map((type) => {
      if (type !== 'Webhook') return { type, name: type.toLowerCase() };
      const webhook = {
        timeoutMs: 30_000,
        authorizedTtlMs: options.webhookAuthorizedTtlMs,
        unauthorizedTtlMs: options.webhookUnauthorizedTtlMs,
        cacheAuthorizedRequests: options.webhookAuthorizedTtlMs !== 0,
        cacheUnauthorizedRequests: options.webhookUnauthorizedTtlMs !== 0,
        subjectAccessReviewVersion: options.webhookVersion,
        matchConditionSubjectAccessReviewVersion: '',
        failurePolicy: 'NoOpinion',
        connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: options.webhookConfigFile },
        matchConditions: [],
      };
      return { type, name: 'default', webhook };
    }),
  };
}

/** AlwaysAllow by flag switches anonymous requests off: everybody would be let in to everything. */
export function refusesAnonymous(options: AuthorizationOptions): boolean {
  return (
    options.configFile === '' &&
    configurationOfFlags(options).authorizers.some(({ type }) => type === 'AlwaysAllow')
  );
}
