import { quote } from '../../meta/go-quote.ts';

type Words = Record<string, (facts: any) => string>;

const list = (items: readonly string[]): string => items.join(', ');
const commas = (items: readonly string[]): string => items.join(',');
/** A Go error printed with %v where there may be none. */
const orNil = (error: string | undefined): string => error ?? '<nil>';

/** Why an admission plugin refused, by the code of its verdict, in kube-apiserver's words: what stands behind `is forbidden: `. */
export const admissionWords: Words = {
  ALWAYS_DENIED: () => 'admission control is denying all modifications',

  NAMESPACE_IMMORTAL: () => 'this namespace may not be deleted',
  NAMESPACE_MISSING: ({ namespace }) => `namespaces ${quote(namespace)} not found`,
  NAMESPACE_TERMINATING: ({ namespace }) =>
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  NAMESPACE_NOT_PROVISIONED: ({ error }) => error,

  ANTI_AFFINITY_TOPOLOGY: ({ topologyKey, allowed }) =>
    `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key ${allowed} is allowed`,

  LIMIT_MIN_NO_REQUEST: ({ type, resource, bound }) =>
    `minimum ${resource} usage per ${type} is ${bound}.  No request is specified`,
  LIMIT_MIN_REQUEST: ({ type, resource, bound, found }) =>
    `minimum ${resource} usage per ${type} is ${bound}, but request is ${found}`,
  LIMIT_MIN_LIMIT: ({ type, resource, bound, found }) =>
    `minimum ${resource} usage per ${type} is ${bound}, but limit is ${found}`,
  LIMIT_MAX_NO_REQUEST: ({ type, resource, bound }) =>
    `maximum ${resource} usage per ${type} is ${bound}.  No request is specified`,
  LIMIT_MAX_REQUEST: ({ type, resource, bound, found }) =>
    `maximum ${resource} usage per ${type} is ${bound}, but request is ${found}`,
  LIMIT_MAX_NO_LIMIT: ({ type, resource, bound }) =>
    `maximum ${resource} usage per ${type} is ${bound}.  No limit is specified`,
  LIMIT_MAX_LIMIT: ({ type, resource, bound, found }) =>
    `maximum ${resource} usage per ${type} is ${bound}, but limit is ${found}`,
  LIMIT_RATIO_NO_REQUEST: ({ type, resource, bound }) =>
    `${resource} max limit to request ratio per ${type} is ${bound}, but no request is specified or request is 0`,
  LIMIT_RATIO_NO_LIMIT: ({ type, resource, bound }) =>
    `${resource} max limit to request ratio per ${type} is ${bound}, but no limit is specified or limit is 0`,
  LIMIT_RATIO: ({ type, resource, bound, ratio }) =>
    `${resource} max limit to request ratio per ${type} is ${bound}, but provided ratio is ${ratio}`,

  NODE_UNKNOWN: ({ user }) => `could not determine node from user ${quote(user)}`,
  NODE_OPERATION: ({ operation }) => `unexpected operation ${quote(operation)}`,
  NODE_POD_SUBRESOURCE: ({ subresource }) =>
    `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`,
  NODE_POD_OPERATION: ({ operation, node }) =>
    `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`,
  NODE_POD_MISSING: ({ pod }) => `pod ${quote(pod)} not found`,
  NODE_POD_DELETE: ({ node }) => `node ${quote(node)} can only delete pods with spec.nodeName set to itself`,
  NODE_POD_EVICT: ({ node }) => `node ${node} can only evict pods with spec.nodeName set to itself`,
  NODE_EVICTION_OPERATION: ({ operation }) => `unexpected operation ${operation}`,
  NODE_POD_NOT_MIRROR: ({ node }) =>
    `pod does not have "kubernetes.io/config.mirror" annotation, node ${quote(node)} can only create mirror pods`,
  NODE_POD_ELSEWHERE: ({ node }) =>
    `node ${quote(node)} can only create pods with spec.nodeName set to itself`,
  NODE_POD_OWNERS: ({ node }) =>
    `node ${quote(node)} can only create pods with a single owner reference set to itself`,
  NODE_POD_OWNER: ({ node }) =>
    `node ${quote(node)} can only create pods with an owner reference set to itself`,
  NODE_POD_OWNER_NO_CONTROLLER: ({ node }) =>
    `node ${quote(node)} can only create pods with a controller owner reference set to itself`,
  NODE_POD_OWNER_BLOCKS: ({ node }) =>
    `node ${quote(node)} must not set blockOwnerDeletion on an owner reference`,
  NODE_POD_OWNER_UID: ({ node, uid, expected }) =>
    `node ${node} UID mismatch: expected ${uid} got ${expected}`,
  NODE_POD_REFERENCES: ({ node, objects }) =>
    `node ${quote(node)} can not create pods that reference ${objects}`,
  NODE_POD_VOLUME_UNKNOWN: ({ error }) => `error checking mirror pod for API references: ${error}`,
  NODE_POD_STATUS: ({ node }) =>
    `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`,
  NODE_POD_LABELS: ({ node }) => `node ${quote(node)} cannot update labels through pod status`,
  NODE_POD_CLAIMS: ({ node }) => `node ${quote(node)} cannot update resource claim statues`,
  NODE_POD_EXTENDED_CLAIM: ({ node }) => `node ${quote(node)} cannot update extended resource claim status`,
  NODE_OTHER: ({ node, other }) => `node ${quote(node)} is not allowed to modify node ${quote(other)}`,
  NODE_CONFIG_SOURCE_CREATE: ({ node }) =>
    `node ${quote(node)} is not allowed to create pods with a non-nil configSource`,
  NODE_CONFIG_SOURCE_UPDATE: ({ node }) =>
    `node ${quote(node)} is not allowed to update configSource to a new non-nil configSource`,
  NODE_TAINTS: ({ node }) => `node ${quote(node)} is not allowed to modify taints`,
  NODE_OWNERS: ({ node }) => `node ${quote(node)} is not allowed to modify ownerReferences`,
  NODE_LABELS_SET: ({ node, labels }) =>
    `node ${quote(node)} is not allowed to set the following labels: ${list(labels)}`,
  NODE_LABELS_MODIFIED: ({ labels }) => `is not allowed to modify labels: ${list(labels)}`,
  NODE_CLAIM: () => 'may only update PVC status',
  NODE_CLAIM_STATUS: ({ node, diff }) =>
    `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions: ${diff}`,
  NODE_TOKEN_UNBOUND: () => 'node requested token not bound to a pod',
  NODE_TOKEN_NO_UID: () => 'node requested token with a pod binding without a uid',
  NODE_TOKEN_POD_MISSING: ({ pod }) => `pod ${quote(pod)} not found`,
  NODE_TOKEN_POD_UID: ({ uid }) =>
    `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
  NODE_TOKEN_POD_ELSEWHERE: () => 'node requested token bound to a pod scheduled on a different node',
  NODE_TOKEN_AUDIENCES: () => 'node may only request 0 or 1 audiences',
  NODE_TOKEN_AUDIENCE_UNSURE: ({ audience, error }) =>
    `error validating audience ${quote(audience)}: ${error}`,
  NODE_TOKEN_AUDIENCE: ({ audience, user, error }) =>
    error
      ? `audience ${quote(audience)} not found in pod spec volume, error authorizing ${user} to request tokens for this audience: ${error}`
      : `audience ${quote(audience)} not found in pod spec volume, ${user} is not authorized to request tokens for this audience`,
  NODE_POD_CERTIFICATES_OFF: () => 'PodCertificateRequest feature gate is disabled',
  NODE_LEASE_NAMESPACE: ({ namespace }) =>
    `can only access leases in the ${quote(namespace)} system namespace`,
  NODE_LEASE: () => 'can only access node lease with the same name as the requesting node',
  NODE_CSI_NODE: () => 'can only access CSINode with the same name as the requesting node',
  NODE_SLICE_CREATE: () => 'can only create ResourceSlice with the same NodeName as the requesting node',
  NODE_SLICE_DELETE: () => 'can only delete ResourceSlice with the same NodeName as the requesting node',
  NODE_CSR_UNREADABLE: ({ error }) => `unable to parse csr: ${error}`,
  NODE_CSR_NAME: ({ node }) => `can only create a node CSR with CN=system:node:${node}`,

  IMAGE_PULL_POLICY: ({ path, policy }) =>
    `${path}: Unsupported value: ${quote(policy)}: supported values: "Always"`,

  IMAGE_POLICY_FAILED: ({ error }) => error,
  IMAGE_POLICY_DENIED: ({ reason }) =>
    reason
      ? `image policy webhook backend denied one or more images: ${reason}`
      : 'one or more images rejected by webhook backend',

  POD_SECURITY_LABELS: ({ errors }) => list(errors),
  POD_SECURITY_NAMESPACE: ({ namespace }) => `failed to lookup namespace ${quote(namespace)}`,
  POD_SECURITY_VIOLATED: ({ policy, violations }) => `violates PodSecurity ${quote(policy)}: ${violations}`,

  NODE_SELECTOR_CONFLICT: () => 'pod node label selector conflicts with its namespace node label selector',
  NODE_SELECTOR_NOT_ALLOWED: () => 'pod node label selector labels conflict with its namespace whitelist',
  NODE_SELECTOR_UNREADABLE: ({ error }) => error,

  PRIORITY_CLASS_MISSING: ({ name }) => `no PriorityClass with name ${name} was found`,
  PRIORITY_GIVEN: ({ given, computed }) =>
    `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
  PREEMPTION_POLICY_GIVEN: ({ given, computed }) =>
    `the string value of PreemptionPolicy (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
  PRIORITY_CLASS_DEFAULT_TWICE: ({ name }) =>
    `PriorityClass ${name} is already marked as default. Only one default can exist`,

  TOLERATION_NOT_ALLOWED: ({ by }) =>
    `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${by} whitelist`,
  TOLERATIONS_UNREADABLE: ({ annotation }) =>
    `json: cannot unmarshal annotation ${annotation} into Go value of type []v1.Toleration`,

  EVENT_RATE_LIMIT: ({ type, key }) => `limit reached on type ${type} for key ${key}`,

  OWNED_NOT_DELETABLE: ({ reason, error }) =>
    `cannot set an ownerRef on a resource you can't delete: ${reason}, ${orNil(error)}`,
  OWNER_NOT_FINALIZABLE: ({ reason, error }) =>
    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, ${orNil(error)}`,
  OWNER_KIND_UNKNOWN: ({ apiVersion, kind, error }) =>
    `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: ${error}`,

  CLAIM_NOT_BOUND: () => 'Only bound persistent volume claims can be expanded',
  CLAIM_NOT_RESIZABLE: () =>
    'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',

  RUNTIME_CLASS_MISSING: ({ name }) => `pod rejected: RuntimeClass ${quote(name)} not found`,
  RUNTIME_CLASS_NODE_SELECTOR: ({ key, class: own, pod }) =>
    `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${own}; pod.spec.nodeSelector[${key}] = ${pod}`,
  OVERHEAD_DIFFERS: () => "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  OVERHEAD_WITHOUT_CLASS: () =>
    'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',

  SIGNER_APPROVE_DENIED: ({ signer }) =>
    `user not permitted to approve requests with signerName ${quote(signer)}`,
  SIGNER_SIGN_DENIED: ({ signer }) => `user not permitted to sign requests with signerName ${quote(signer)}`,
  SIGNER_ATTEST_DENIED: ({ signer }) => `user not permitted to attest for signerName ${quote(signer)}`,
  CERTIFICATE_REQUEST_UNREADABLE: ({ error }) => `failed to parse CSR: ${error}`,
  CERTIFICATE_SUBJECT_RESTRICTED: ({ signer, group }) =>
    `use of ${signer} signer with ${group} group is not allowed`,

  EXTERNAL_IPS_DENIED: () => 'Use of external IPs is denied by admission control',

  NODE_MISSING: ({ node }) => `node ${quote(node)} not found`,
  NODE_FEATURE_MISSING: ({ node, missing }) =>
    `pod update requires features ${list(missing)} which are not available on node ${quote(node)}`,
  RESIZE_PLATFORM: ({ node, os }) =>
    `pod resize is only supported on linux nodes, node ${quote(node)} is ${quote(os)}`,
  RESIZE_CAPACITY: ({ lacking }) => `node didn't have enough allocatable resources: ${lacking.join('; ')}`,

  QUOTA_EXCEEDED: ({ quota, requested, used, limited }) =>
    `exceeded quota: ${quota}, requested: ${requested}, used: ${used}, limited: ${limited}`,
  QUOTA_UNSPECIFIED: ({ quota, missing }) =>
    `failed quota: ${quota}: must specify ${missing
      .map(({ resource, containers }: any) => `${resource} for: ${commas(containers)}`)
      .join('; ')}`,
  QUOTA_UNKNOWN: ({ quota, resources }) =>
    `status unknown for quota: ${quota}, resources: ${commas(resources)}`,
  QUOTA_NEGATIVE: ({ resources }) => `quota usage is negative for resource(s): ${commas(resources)}`,
  QUOTA_NOT_COVERED: ({ resources }) => `insufficient quota to consume: ${commas(resources)}`,
  QUOTA_SCOPE_NOT_COVERED: ({ scopes }) =>
    `insufficient quota to match these scopes: [${scopes
      .map(({ scopeName, operator, values = [] }: any) => `{${scopeName} ${operator} [${values.join(' ')}]}`)
      .join(' ')}]`,
};
