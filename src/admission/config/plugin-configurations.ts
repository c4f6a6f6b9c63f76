import {
  aggregateText,
  child,
  errorText,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { tolerationsErrors } from '../../registry/core/pod/tolerations.ts';
import { decodeYaml } from '../../schema/yaml/value.ts';
import type { EventLimit } from '../event-rate-limit.ts';
import { type ImagePolicyConfiguration, imagePolicyConfiguration } from '../image-policy-webhook.ts';
import {
  type PodSecurityConfiguration,
  type PodSecurityConfigurationFile,
  podSecurityConfiguration,
} from '../pod-security/configuration.ts';
import type { PodTolerationRestrictionConfiguration } from '../pod-toleration-restriction.ts';
import type { LimitedResource } from '../resource-quota.ts';
import type { PluginConfigurations } from './admission-configuration.ts';
import { ConfigurationFault, decodeConfiguration } from './decode.ts';
import {
  EVENT_RATE_LIMIT_CONFIGURATION,
  POD_SECURITY_CONFIGURATION,
  POD_TOLERATION_RESTRICTION_CONFIGURATION,
  RESOURCE_QUOTA_CONFIGURATION,
} from './struct.ts';

/** What single plugins are configured with. Each throws an Error in the words kube-apiserver refuses to start with. */

const notMade = (plugin: string, why: string): Error =>
  new Error(`couldn't init admission plugin ${JSON.stringify(plugin)}: ${why}`);

const faultsText = (errors: readonly FieldError[]): string => aggregateText(errors.map(errorText));

function decoded(
  configurations: PluginConfigurations,
  plugin: string,
  kind: Parameters<typeof decodeConfiguration>[1],
): Fields {
  const text = configurations.get(plugin);
  if (text === undefined) return {};
  try {
    return decodeConfiguration(text, kind);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    throw notMade(plugin, error.message);
  }
}

export function podSecurityOf(configurations: PluginConfigurations): PodSecurityConfiguration {
  const file = decoded(configurations, 'PodSecurity', POD_SECURITY_CONFIGURATION);
  const result = podSecurityConfiguration(file as PodSecurityConfigurationFile);
  if ('configuration' in result) return result.configuration;
  const why =
    'unreadable' in result
      ? `PodSecurity configuration error: ${aggregateText(result.unreadable)}`
      : `PodSecurity invalid: ${faultsText(result.invalid)}`;
  throw new Error(`failed to initialize admission plugin "PodSecurity": ${why}`);
}

export function limitedResourcesOf(configurations: PluginConfigurations): LimitedResource[] {
  const file = decoded(configurations, 'ResourceQuota', RESOURCE_QUOTA_CONFIGURATION);
  const limited: Fields[] = file['limitedResources'] ?? [];
  const errors = limited.flatMap(({ resource }, i) =>
    resource ? [] : [required(child(index('limitedResources', i), 'resource'))],
  );
  if (errors.length) throw notMade('ResourceQuota', faultsText(errors));
  return limited.map(({ apiGroup = '', resource, matchContains = [], matchScopes = [] }) => ({
    apiGroup,
    resource,
    matchContains,
    matchScopes,
  }));
}

const LIMIT_TYPES = ['Namespace', 'Server', 'SourceAndObject', 'User'];

export function eventLimitsOf(configurations: PluginConfigurations): EventLimit[] {
  const file = decoded(configurations, 'EventRateLimit', EVENT_RATE_LIMIT_CONFIGURATION);
  const limits: Fields[] = file['limits'] ?? [];
  const errors: FieldError[] = [];
  if (limits.length === 0) errors.push(invalid('limits', file['limits'] ?? null, 'must not be empty'));
  limits.forEach(({ type = '', burst = 0, qps = 0, cacheSize = 0 }, i) => {
    const at = index('limits', i);
    if (!LIMIT_TYPES.includes(type)) errors.push(notSupported(child(at, 'type'), type, LIMIT_TYPES));
    if (burst <= 0) errors.push(invalid(child(at, 'burst'), burst, 'must be positive'));
    if (qps <= 0) errors.push(invalid(child(at, 'qps'), qps, 'must be positive'));
    if (type !== 'Server' && cacheSize < 0)
      errors.push(invalid(child(at, 'cacheSize'), cacheSize, 'must not be negative'));
  });
  if (errors.length) throw notMade('EventRateLimit', faultsText(errors));
  return limits.map(({ type, qps, burst, cacheSize = 0 }) => ({ type, qps, burst, cacheSize }));
}

export function tolerationRestrictionOf(
  configurations: PluginConfigurations,
): PodTolerationRestrictionConfiguration {
  const name = 'PodTolerationRestriction';
  const file = decoded(configurations, name, POD_TOLERATION_RESTRICTION_CONFIGURATION);
  const lists: PodTolerationRestrictionConfiguration = {
    default: file['default'] ?? [],
    whitelist: file['whitelist'] ?? [],
  };
  const errors = Object.entries(lists).flatMap(([field, tolerations]) =>
    tolerationsErrors([...tolerations], `podtolerationrestriction.${field}`, {} as never),
  );
  if (errors.length) throw notMade(name, `invalid config: [${errors.map(errorText).join(' ')}]`);
  return lists;
}

/** By namespace, and `clusterDefaultNodeSelector`; what cannot be read is passed over, as kube-apiserver does. */
export function clusterNodeSelectorsOf(configurations: PluginConfigurations): Record<string, string> {
  const text = configurations.get('PodNodeSelector');
  const read = text === undefined ? undefined : decodeYaml(text);
  const file = read?.ok ? (read.value as Fields | null) : undefined;
  const selectors: unknown = file?.['podNodeSelectorPluginConfig'] ?? file?.['PodNodeSelectorPluginConfig'];
  if (selectors === null || typeof selectors !== 'object') return {};
  return Object.fromEntries(
    Object.entries(selectors).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Throws where there is none: without a webhook to ask there is nothing that the plugin could say. */
export function imagePolicyOf(configurations: PluginConfigurations): ImagePolicyConfiguration {
  const name = 'ImagePolicyWebhook';
  const text = configurations.get(name);
  if (text === undefined) throw notMade(name, 'no config specified');
  const read = decodeYaml(text);
  if (!read.ok) throw notMade(name, `error converting YAML to JSON: ${read.error}`);
  try {
    return imagePolicyConfiguration((read.value as Fields | null)?.['imagePolicy'] ?? {});
  } catch (error) {
    throw notMade(name, (error as Error).message);
  }
}
