import type { Fixes } from './fix.ts';

const OWN_PODS = 'have the kubelet of the node that the pod is bound to do it';
const MIRROR =
  'make it a mirror pod of a static pod, as kubelets do; other pods are not for kubelets to create';
const OWN_NODE = "have the node's own kubelet do it, or somebody who is no kubelet";
const NOT_A_KUBELET = 'have somebody do it who is no kubelet';
const TOKEN = 'ask for a token bound, with its uid, to a pod that runs on this node';
const OWNER = "let the mirror pod's single ownerReference be a controller: this node, by name and uid";

/** What helps where NodeRestriction keeps a kubelet from what is not its own. */
export const nodeRestrictionFixes: Fixes = {
  NODE_UNKNOWN: () => 'use a certificate with CN=system:node:NAME and O=system:nodes',
  NODE_OPERATION: () => NOT_A_KUBELET,
  NODE_POD_SUBRESOURCE: () => NOT_A_KUBELET,
  NODE_POD_OPERATION: () => MIRROR,
  NODE_POD_MISSING: () => 'nothing is to be done: the pod is gone',
  NODE_POD_DELETE: () => OWN_PODS,
  NODE_POD_EVICT: () => OWN_PODS,
  NODE_EVICTION_OPERATION: () => 'create the eviction; nothing else can be done to one',
  NODE_POD_NOT_MIRROR: () => MIRROR,
  NODE_POD_ELSEWHERE: () => 'set spec.nodeName to the node of this kubelet',
  NODE_POD_OWNERS: () => OWNER,
  NODE_POD_OWNER: () => OWNER,
  NODE_POD_OWNER_NO_CONTROLLER: () => OWNER,
  NODE_POD_OWNER_BLOCKS: () => `leave blockOwnerDeletion out; ${OWNER}`,
  NODE_POD_OWNER_UID: () => OWNER,
  NODE_POD_REFERENCES: () => 'leave accounts, Secrets, ConfigMaps and claims out of static pods',
  NODE_POD_VOLUME_UNKNOWN: () => 'use volumes of known types in static pods',
  NODE_POD_STATUS: () => OWN_PODS,
  NODE_POD_LABELS: () => 'leave labels as they are in writes of the status',
  NODE_POD_CLAIMS: () => 'leave status.resourceClaimStatuses as it is',
  NODE_POD_EXTENDED_CLAIM: () => 'leave status.extendedResourceClaimStatus as it is',
  NODE_OTHER: () => OWN_NODE,
  NODE_CONFIG_SOURCE_CREATE: () => 'leave spec.configSource out',
  NODE_CONFIG_SOURCE_UPDATE: () => 'leave spec.configSource as it is',
  NODE_TAINTS: () => NOT_A_KUBELET,
  NODE_OWNERS: () => NOT_A_KUBELET,
  NODE_LABELS_SET: () => `${NOT_A_KUBELET}, or use labels that kubelets may set`,
  NODE_LABELS_MODIFIED: () => `${NOT_A_KUBELET}, or use labels that kubelets may set`,
  NODE_CLAIM: () => 'write status of the claim, and nothing else',
  NODE_CLAIM_STATUS: () => 'write status.capacity and status.conditions of the claim, and nothing else',
  NODE_TOKEN_UNBOUND: () => TOKEN,
  NODE_TOKEN_NO_UID: () => TOKEN,
  NODE_TOKEN_POD_MISSING: () => TOKEN,
  NODE_TOKEN_POD_UID: () => TOKEN,
  NODE_TOKEN_POD_ELSEWHERE: () => TOKEN,
  NODE_TOKEN_AUDIENCES: () => 'ask for one audience, or for none',
  NODE_TOKEN_AUDIENCE_UNSURE: () => 'try again; if it stays so, the log of this server says what broke',
  NODE_TOKEN_AUDIENCE: ({ audience }) =>
    `let the pod have a projected token for audience ${audience}, or grant the node request-serviceaccounts-token-audience on it`,
  NODE_POD_CERTIFICATES_OFF: () => 'leave it: PodCertificateRequest is off here',
  NODE_LEASE_NAMESPACE: () => 'use a lease in kube-node-lease',
  NODE_LEASE: () => "name the lease as the node's name is",
  NODE_CSI_NODE: () => "name the CSINode as the node's name is",
  NODE_SLICE_CREATE: () => "set spec.nodeName to the node's name",
  NODE_SLICE_DELETE: () => 'delete slices with spec.nodeName of this node only',
  NODE_CSR_UNREADABLE: () => 'put a PEM certificate request, encoded as base64, into spec.request',
  NODE_CSR_NAME: () => 'let the CN of the request be the name of this kubelet itself',
};
