import { aggregateText } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';

/** Admission plugins in the order they are asked in; true for those that are on unasked (pkg/kubeapiserver/options/plugins.go). */
const PLUGINS = {
  AlwaysAdmit: false,
  NamespaceAutoProvision: false,
  NamespaceLifecycle: true,
  NamespaceExists: false,
  LimitPodHardAntiAffinityTopology: false,
  LimitRanger: true,
  ServiceAccount: true,
  NodeRestriction: false,
  TaintNodesByCondition: true,
  AlwaysPullImages: false,
  ImagePolicyWebhook: false,
  PodSecurity: true,
  PodNodeSelector: false,
  Priority: true,
  DefaultTolerationSeconds: true,
  PodTolerationRestriction: false,
  EventRateLimit: false,
  ExtendedResourceToleration: false,
  DefaultStorageClass: true,
  StorageObjectInUseProtection: true,
  PodGroupProtection: true,
  OwnerReferencesPermissionEnforcement: false,
  PersistentVolumeClaimResize: true,
  RuntimeClass: true,
  CertificateApproval: true,
  CertificateSigning: true,
  ClusterTrustBundleAttest: true,
  CertificateSubjectRestriction: true,
  DefaultIngressClass: true,
  DenyServiceExternalIPs: false,
  PodTopologyLabels: true,
  PodGroupWorkloadExists: true,
  NodeDeclaredFeatureValidator: true,
  JobValidation: true,
  PodResizeValidator: true,
  MutatingAdmissionPolicy: true,
  MutatingAdmissionWebhook: true,
  ValidatingAdmissionPolicy: true,
  ValidatingAdmissionWebhook: true,
  ResourceQuota: true,
  AlwaysDeny: false,
} as const satisfies Record<string, boolean>;

export type PluginName = keyof typeof PLUGINS;

export const PLUGIN_NAMES = Object.keys(PLUGINS) as PluginName[];

/**
 * The plugins that are on, in their order, by `--enable-admission-plugins` and `--disable-admission-plugins`. Throws an Error
 * that names all that is wrong with the two.
 */
export function enabledPlugins(enable: readonly string[], disable: readonly string[]): PluginName[] {
  const errors: string[] = [];
  for (const [flag, names] of [
    ['enable-admission-plugins', enable],
    ['disable-admission-plugins', disable],
  ] as const)
    for (const name of names)
      if (!Object.hasOwn(PLUGINS, name)) errors.push(`${flag} plugin ${quote(name)} is unknown`);
  const both = [...new Set(enable)].filter((name) => disable.includes(name)).sort();
  if (both.length)
    errors.push(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  if (errors.length) throw new Error(aggregateText(errors));
  return PLUGIN_NAMES.filter((name) => enable.includes(name) || (PLUGINS[name] && !disable.includes(name)));
}
