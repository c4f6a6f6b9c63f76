import { AlwaysAdmit, AlwaysDeny } from '../admission/always.ts';
import { AlwaysPullImages } from '../admission/always-pull-images.ts';
import { CertificateApproval } from '../admission/certificate-approval.ts';
import { CertificateSigning } from '../admission/certificate-signing.ts';
import { CertificateSubjectRestriction } from '../admission/certificate-subject-restriction.ts';
import { ClusterTrustBundleAttest } from '../admission/cluster-trust-bundle-attest.ts';
import { readAdmissionConfiguration } from '../admission/config/admission-configuration.ts';
import {
  clusterNodeSelectorsOf,
  eventLimitsOf,
  imagePolicyOf,
  limitedResourcesOf,
  podSecurityOf,
  tolerationRestrictionOf,
} from '../admission/config/plugin-configurations.ts';
import { DefaultIngressClass } from '../admission/default-ingress-class.ts';
import { DefaultStorageClass } from '../admission/default-storage-class.ts';
import { DefaultTolerationSeconds } from '../admission/default-toleration-seconds.ts';
import { DenyServiceExternalIPs } from '../admission/deny-service-external-ips.ts';
import { EventRateLimit } from '../admission/event-rate-limit.ts';
import { ExtendedResourceToleration } from '../admission/extended-resource-toleration.ts';
import { type ImagePolicyConfiguration, ImagePolicyWebhook } from '../admission/image-policy-webhook.ts';
import { LimitPodHardAntiAffinityTopology } from '../admission/limit-pod-hard-anti-affinity-topology.ts';
import { LimitRanger } from '../admission/limit-ranger.ts';
import { NamespaceAutoProvision } from '../admission/namespace-auto-provision.ts';
import { NamespaceExists } from '../admission/namespace-exists.ts';
import { NamespaceLifecycle } from '../admission/namespace-lifecycle.ts';
import { NodeDeclaredFeatureValidator } from '../admission/node-declared-feature-validator.ts';
import { NodeRestriction } from '../admission/node-restriction/plugin.ts';
import {
  OwnerReferencesPermissionEnforcement,
  type ResourcesOfKind,
} from '../admission/owner-references-permission-enforcement.ts';
import { PersistentVolumeClaimResize } from '../admission/persistent-volume-claim-resize.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import { enabledPlugins, type PluginName } from '../admission/plugin-names.ts';
import { PodNodeSelector } from '../admission/pod-node-selector.ts';
import { PodResizeValidator } from '../admission/pod-resize-validator.ts';
import { PodSecurity } from '../admission/pod-security/plugin.ts';
import { PodTolerationRestriction } from '../admission/pod-toleration-restriction.ts';
import { PodTopologyLabels } from '../admission/pod-topology-labels.ts';
import { Priority } from '../admission/priority.ts';
import { ResourceQuota } from '../admission/resource-quota.ts';
import { RuntimeClass } from '../admission/runtime-class.ts';
import { ServiceAccountPlugin } from '../admission/service-account.ts';
import { StorageObjectInUseProtection } from '../admission/storage-object-in-use-protection.ts';
import { TaintNodesByCondition } from '../admission/taint-nodes-by-condition.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Lister } from '../registry/lister.ts';
import type { Registry } from '../registry/registry.ts';
import { WebhookClient } from '../webhook/client.ts';
import { diskFiles } from '../webhook/files.ts';
import { readKubeconfig, targetOf } from '../webhook/kubeconfig.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';
import { policyPlugins } from './policy-plugins.ts';

export interface AdmissionParts {
  options: ServerOptions;
  client: ObjectClient;
  registry: Registry;
  authorization: AuthorizationChain;
  log: Log;
  clock: Clock;
}

/** How each plugin is made. Those that only wait for features which are off in v1.36 have nothing to do, and are not there. */
type Makers = Partial<Record<PluginName, () => AdmissionPlugin>>;

/** The plugins that are on, in kube-apiserver's order. Throws an Error where flags or configuration do not hold. */
export function admissionPlugins(parts: AdmissionParts): AdmissionPlugin[] {
  const { enable, disable, configFile } = parts.options.admission;
  const names = enabledPlugins(enable, disable);
  try {
    const configurations = readAdmissionConfiguration(configFile, diskFiles.read);
    const makers = { ...podMakers(parts, configurations), ...otherMakers(parts, configurations) };
    const policies = policyPlugins(parts);
    return names
      .map((name) => makers[name]?.() ?? policies.find((plugin) => plugin.name === name))
      .filter((plugin) => plugin !== undefined);
  } catch (error) {
    throw new Error(`failed to apply admission: ${(error as Error).message}`);
  }
}

type Configurations = ReturnType<typeof readAdmissionConfiguration>;

const listerOf =
  (client: ObjectClient) =>
  (group: string, resource: string): Lister =>
    client.lister({ group, resource })!;

function podMakers(
  { options, client, authorization, clock }: AdmissionParts,
  configurations: Configurations,
): Makers {
  const lister = listerOf(client);
  const { notReadySeconds: notReady, unreachableSeconds: unreachable } = options.admission;
  return {
    LimitPodHardAntiAffinityTopology: () => new LimitPodHardAntiAffinityTopology(),
    LimitRanger: () => new LimitRanger(lister('', 'limitranges')),
    ServiceAccount: () => new ServiceAccountPlugin({ client }),
    NodeRestriction: () =>
      new NodeRestriction({
        pods: lister('', 'pods'),
        nodes: lister('', 'nodes'),
        claims: lister('', 'persistentvolumeclaims'),
        volumes: lister('', 'persistentvolumes'),
        drivers: lister('storage.k8s.io', 'csidrivers'),
        authorization,
      }),
    AlwaysPullImages: () => new AlwaysPullImages(),
    ImagePolicyWebhook: () => imagePolicyWebhook(imagePolicyOf(configurations), clock),
    PodSecurity: () =>
      new PodSecurity({
        namespaces: lister('', 'namespaces'),
        pods: lister('', 'pods'),
        configuration: podSecurityOf(configurations),
        clock,
      }),
    PodNodeSelector: () =>
      new PodNodeSelector(lister('', 'namespaces'), clusterNodeSelectorsOf(configurations)),
    Priority: () => new Priority(lister('scheduling.k8s.io', 'priorityclasses')),
    DefaultTolerationSeconds: () => new DefaultTolerationSeconds({ notReady, unreachable }),
    PodTolerationRestriction: () =>
      new PodTolerationRestriction(lister('', 'namespaces'), tolerationRestrictionOf(configurations)),
    ExtendedResourceToleration: () => new ExtendedResourceToleration(),
    RuntimeClass: () => new RuntimeClass(lister('node.k8s.io', 'runtimeclasses')),
    PodTopologyLabels: () => new PodTopologyLabels(lister('', 'nodes')),
    NodeDeclaredFeatureValidator: () => new NodeDeclaredFeatureValidator(lister('', 'nodes')),
    PodResizeValidator: () => new PodResizeValidator(lister('', 'nodes')),
  };
}

function otherMakers(
  { client, registry, authorization, clock }: AdmissionParts,
  configurations: Configurations,
): Makers {
  const lister = listerOf(client);
  return {
    AlwaysAdmit: () => new AlwaysAdmit(),
    NamespaceAutoProvision: () => new NamespaceAutoProvision(client),
    NamespaceLifecycle: () => new NamespaceLifecycle(lister('', 'namespaces')),
    NamespaceExists: () => new NamespaceExists(lister('', 'namespaces')),
    TaintNodesByCondition: () => new TaintNodesByCondition(),
    EventRateLimit: () => new EventRateLimit(eventLimitsOf(configurations), clock),
    DefaultStorageClass: () => new DefaultStorageClass(lister('storage.k8s.io', 'storageclasses')),
    StorageObjectInUseProtection: () => new StorageObjectInUseProtection(),
    OwnerReferencesPermissionEnforcement: () =>
      new OwnerReferencesPermissionEnforcement(authorization, resourcesOfKind(registry)),
    PersistentVolumeClaimResize: () =>
      new PersistentVolumeClaimResize(lister('storage.k8s.io', 'storageclasses')),
    CertificateApproval: () => new CertificateApproval(authorization),
    CertificateSigning: () => new CertificateSigning(authorization),
    ClusterTrustBundleAttest: () => new ClusterTrustBundleAttest(authorization),
    CertificateSubjectRestriction: () => new CertificateSubjectRestriction(),
    DefaultIngressClass: () => new DefaultIngressClass(lister('networking.k8s.io', 'ingressclasses')),
    DenyServiceExternalIPs: () => new DenyServiceExternalIPs(),
    ResourceQuota: () => new ResourceQuota(client, limitedResourcesOf(configurations)),
    AlwaysDeny: () => new AlwaysDeny(),
  };
}

function resourcesOfKind(registry: Registry): ResourcesOfKind {
  return ({ group, version, kind }) =>
    [...registry.all()]
      .map(({ descriptor }) => descriptor)
      .filter((own) => own.group === group && own.version === version && own.kind === kind)
      .map(({ plural, namespaced }) => ({ group, version, resource: plural, namespaced }));
}

function imagePolicyWebhook(configuration: ImagePolicyConfiguration, clock: Clock): ImagePolicyWebhook {
  try {
    const target = targetOf(readKubeconfig(configuration.kubeConfigFile), diskFiles, clock);
    return new ImagePolicyWebhook(new WebhookClient(target), configuration, clock);
  } catch (error) {
    throw new Error(`couldn't init admission plugin "ImagePolicyWebhook": ${(error as Error).message}`);
  }
}
