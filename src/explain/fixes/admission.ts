import type { Fixes } from './fix.ts';
import { nodeRestrictionFixes } from './node-restriction.ts';

const QUOTA = 'delete or shrink something in the namespace, or raise the quota: kubectl describe quota -n';
const inNamespace =
  (text: string) =>
  (_: unknown, { request }: { request: { namespace: string } }) =>
    `${text} ${request.namespace}`;
const LIMITS = inNamespace(
  "change the container's requests and limits, or the LimitRange: kubectl describe limitrange -n",
);
const OWNERS = 'have somebody set the owner who may, or grant the right that is missing';
const SECRET_REFERENCE = ({ secret, account }: any, { request }: any): string =>
  `add the Secret to the account (kubectl patch serviceaccount ${account} -n ${request.namespace} -p '{"secrets":[{"name":"${secret}"}]}'), or use another`;

/** What helps where an admission plugin refused; what it refused is in its own words. */
export const admissionFixes: Fixes = {
  ...nodeRestrictionFixes,
  ALWAYS_DENIED: () => 'start the server without the plugin AlwaysDeny',
  NAMESPACE_IMMORTAL: () =>
    'leave it: a cluster cannot be without this namespace; delete what is in it instead',
  NAMESPACE_MISSING: ({ namespace }) => `create it: kubectl create namespace ${namespace}`,
  NAMESPACE_NOT_FOUND: ({ namespace }) => `create it: kubectl create namespace ${namespace}`,
  NAMESPACE_TERMINATING: ({ namespace }) =>
    `wait until the namespace is gone and create it anew, or use another; kubectl get namespace ${namespace} -o yaml shows what it waits for`,
  NAMESPACE_NOT_PROVISIONED: () => 'create the namespace by hand, or use one that is there',
  ANTI_AFFINITY_TOPOLOGY: ({ allowed }) => `use the topology key ${allowed} for required pod anti-affinity`,
  LIMIT_MIN_NO_REQUEST: LIMITS,
  LIMIT_MIN_REQUEST: LIMITS,
  LIMIT_MIN_LIMIT: LIMITS,
  LIMIT_MAX_NO_REQUEST: LIMITS,
  LIMIT_MAX_REQUEST: LIMITS,
  LIMIT_MAX_NO_LIMIT: LIMITS,
  LIMIT_MAX_LIMIT: LIMITS,
  LIMIT_RATIO_NO_REQUEST: LIMITS,
  LIMIT_RATIO_NO_LIMIT: LIMITS,
  LIMIT_RATIO: LIMITS,
  IMAGE_PULL_POLICY: () => 'set imagePullPolicy to Always, which the plugin AlwaysPullImages wants',
  IMAGE_POLICY_DENIED: () =>
    'use an image that the policy takes; whoever runs the image policy webhook knows which',
  IMAGE_POLICY_FAILED: () =>
    'see that this server reaches the image policy webhook; defaultAllow says what happens as long as it does not',
  POD_SECURITY_LABELS: () =>
    'use the levels privileged, baseline or restricted, and versions like v1.36 or latest, in the namespace labels',
  POD_SECURITY_NAMESPACE: ({ namespace }) => `create it: kubectl create namespace ${namespace}`,
  POD_SECURITY_VIOLATED: (_, { request }) =>
    `change the pod's securityContext in what is named, or let the namespace take such pods: kubectl label namespace ${request.namespace} --overwrite pod-security.kubernetes.io/enforce=LEVEL`,
  NODE_SELECTOR_CONFLICT: () =>
    "leave out of nodeSelector what contradicts the namespace's annotation scheduler.alpha.kubernetes.io/node-selector",
  NODE_SELECTOR_NOT_ALLOWED: () =>
    'leave out of nodeSelector what the configuration of PodNodeSelector does not allow in this namespace',
  NODE_SELECTOR_UNREADABLE: () =>
    "write the namespace's annotation scheduler.alpha.kubernetes.io/node-selector as name=value,name=value",
  PRIORITY_CLASS_MISSING: () => 'use one of `kubectl get priorityclasses`, or create it',
  PRIORITY_GIVEN: () => 'leave spec.priority out and give priorityClassName alone',
  PREEMPTION_POLICY_GIVEN: () => 'leave spec.preemptionPolicy out and give priorityClassName alone',
  PRIORITY_CLASS_DEFAULT_TWICE: ({ name }) => `set globalDefault of PriorityClass ${name} to false first`,
  TOLERATION_NOT_ALLOWED: () => 'leave out tolerations that the whitelist of the namespace or cluster lacks',
  TOLERATIONS_UNREADABLE: ({ annotation }) =>
    `write the annotation ${annotation} as a JSON list of tolerations`,
  EVENT_RATE_LIMIT: () => 'send fewer events, or raise the limit in the configuration of EventRateLimit',
  OWNED_NOT_DELETABLE: () => OWNERS,
  OWNER_NOT_FINALIZABLE: () => `leave blockOwnerDeletion out, or: ${OWNERS}`,
  OWNER_KIND_UNKNOWN: () =>
    "leave blockOwnerDeletion out, or see that the owner's apiVersion and kind are right",
  CLAIM_NOT_BOUND: () => 'wait until the claim is bound: kubectl get pvc',
  CLAIM_NOT_RESIZABLE: () => 'use a StorageClass with allowVolumeExpansion: true',
  RUNTIME_CLASS_MISSING: () => 'use one of `kubectl get runtimeclasses`, or create it',
  RUNTIME_CLASS_NODE_SELECTOR: ({ key }) => `leave ${key} out of the pod's nodeSelector`,
  OVERHEAD_DIFFERS: () => 'leave spec.overhead out: the RuntimeClass sets it',
  OVERHEAD_WITHOUT_CLASS: () => 'leave spec.overhead out, or name a RuntimeClass that defines it',
  SIGNER_APPROVE_DENIED: ({ signer }) =>
    `grant verb approve on signers.certificates.k8s.io named ${signer}, or DOMAIN/*`,
  SIGNER_SIGN_DENIED: ({ signer }) =>
    `grant verb sign on signers.certificates.k8s.io named ${signer}, or DOMAIN/*`,
  SIGNER_ATTEST_DENIED: ({ signer }) =>
    `grant verb attest on signers.certificates.k8s.io named ${signer}, or DOMAIN/*`,
  CERTIFICATE_REQUEST_UNREADABLE: () => 'put a PEM certificate request, encoded as base64, into spec.request',
  CERTIFICATE_SUBJECT_RESTRICTED: ({ group }) =>
    `leave O=${group} out of the request: no certificate of that signer may have it`,
  EXTERNAL_IPS_DENIED: () =>
    'leave spec.externalIPs as it is, or start the server without DenyServiceExternalIPs',
  NODE_MISSING: ({ node }) => `see that node ${node} is there: kubectl get nodes`,
  NODE_FEATURE_MISSING: ({ node }) =>
    `update the kubelet of node ${node}, or leave the fields of that feature out`,
  RESIZE_PLATFORM: () => 'make the pod anew with other resources: it cannot be resized there',
  RESIZE_CAPACITY: () => 'ask for less, or make the pod anew so that it can go to another node',
  QUOTA_EXCEEDED: inNamespace(QUOTA),
  QUOTA_UNSPECIFIED: () =>
    'give every container requests and limits of those resources, or set defaults by a LimitRange',
  QUOTA_UNKNOWN: () => 'try again shortly: what is used has not been counted yet',
  QUOTA_NEGATIVE: () => 'ask for amounts of zero or more',
  QUOTA_NOT_COVERED: inNamespace('create a ResourceQuota that covers those resources in namespace'),
  QUOTA_SCOPE_NOT_COVERED: inNamespace('create a ResourceQuota with those scopes in namespace'),
  QUOTA_NOT_CHARGED: () => 'try again: others changed the quota at the same time',
  SERVICE_ACCOUNT_NONE: () => 'name a serviceAccountName',
  SERVICE_ACCOUNT_MISSING: ({ namespace, name }) =>
    `create it: kubectl create serviceaccount ${name} -n ${namespace}`,
  SERVICE_ACCOUNT_MIRROR_ACCOUNT: () => 'leave serviceAccountName out of static pods',
  SERVICE_ACCOUNT_MIRROR_SECRET: () => 'leave Secrets out of static pods',
  SERVICE_ACCOUNT_MIRROR_TOKEN: () => 'leave token projections out of static pods',
  SERVICE_ACCOUNT_VOLUME_SECRET: SECRET_REFERENCE,
  SERVICE_ACCOUNT_ENV_SECRET: SECRET_REFERENCE,
  SERVICE_ACCOUNT_ENV_FROM_SECRET: SECRET_REFERENCE,
  SERVICE_ACCOUNT_PULL_SECRET: ({ secret, account }) =>
    `add ${secret} to imagePullSecrets of ServiceAccount ${account}, or use another`,
  WEBHOOK_DENIED: () => 'change the object as the webhook says, or ask whoever runs it',
  WEBHOOK_FAILED: ({ webhook }) =>
    `see that this server reaches the webhook ${webhook}; its failurePolicy says what happens as long as it does not`,
  WEBHOOK_NO_DRY_RUN: () => 'leave --dry-run=server out, or set sideEffects of the webhook to None',
  WEBHOOK_CANNOT_MODIFY: () => 'mend the webhook: where nothing can be changed it must not send a patch',
  WEBHOOK_PATCH_FAILED: () => 'mend the webhook: its patch does not apply to the object',
  WEBHOOK_CONDITION_FAILED: () =>
    "mend the webhook's matchConditions; has() copes with fields that are not there",
  VALIDATING_POLICY_DENIED: ({ policy }) =>
    `change the object as the policy says; kubectl get validatingadmissionpolicy ${policy} -o yaml shows its expressions`,
  MUTATING_POLICY_DENIED: ({ policy }) =>
    `change the object as the policy says; kubectl get mutatingadmissionpolicy ${policy} -o yaml shows its expressions`,
  RBAC_ESCALATION: (_, { user }) => {
    const name = user?.name ?? 'the caller';
    return {
      what: `${name} would grant rights that ${name} does not hold`,
      fix: 'have somebody do it who holds them, or who may escalate (roles) or bind (bindings)',
    };
  },
};
