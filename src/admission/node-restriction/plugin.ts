import { nodeNameOf } from '../../authorization/node/authorizer.ts';
import { cloneJson } from '../../meta/clone.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import { type KubeObject, qualified } from '../../meta/object.ts';
import { notFoundError } from '../../meta/status.ts';
import { unifiedDiff } from '../../meta/unified-diff.ts';
import { parseCertificateRequest } from '../../pki/certificate-request.ts';
import type { Lister } from '../../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from '../plugin.ts';
import { forbid, refuse } from '../refusal.ts';
import { forbiddenLabels } from './labels.ts';
import { judgeMirrorPod } from './mirror-pod.ts';
import { judgeTokenRequest, type NodeTokenParts } from './token.ts';

const LEASES = 'kube-node-lease';
const NODE_SIGNERS = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

export interface NodeRestrictionParts extends NodeTokenParts {
  nodes: Lister;
}

type Rule = (attributes: AdmissionAttributes, node: string) => PluginVerdict | Promise<PluginVerdict>;

/**
 * Holds kubelets to their own node and the pods on it (plugin/pkg/admission/noderestriction). The Node authorizer says which
 * objects they may get at; what they write into them is looked at here.
 */
export class NodeRestriction implements AdmissionPlugin {
  readonly name = 'NodeRestriction';
  readonly resources: readonly string[];
  readonly #parts: NodeRestrictionParts;
  readonly #rules: Readonly<Record<string, Rule>>;

  constructor(parts: NodeRestrictionParts) {
    this.#parts = parts;
    this.#rules = {
      pods: (attributes, node) => this.#pod(attributes, node),
      nodes: judgeNode,
      persistentvolumeclaims: judgeClaim,
      serviceaccounts: (attributes, node) =>
        attributes.operation === 'CREATE' && attributes.subresource === 'token'
          ? judgeTokenRequest(attributes, node, parts)
          : ACCEPTED,
      'podcertificaterequests.certificates.k8s.io': (attributes) =>
        forbid(attributes, 'NODE_POD_CERTIFICATES_OFF'),
      'leases.coordination.k8s.io': judgeLease,
      'csinodes.storage.k8s.io': judgeCsiNode,
      'resourceslices.resource.k8s.io': judgeResourceSlice,
      'certificatesigningrequests.certificates.k8s.io': judgeCertificateRequest,
    };
    this.resources = Object.keys(this.#rules);
  }

  handles(operation: AdmissionOperation): boolean {
    return operation !== 'CONNECT';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return ACCEPTED;
    if (node === '') return forbid(attributes, 'NODE_UNKNOWN', { user: attributes.user.name });
    return this.#rules[qualified(attributes.resource)]!(attributes, node);
  }

  #pod(attributes: AdmissionAttributes, node: string): PluginVerdict {
    const { operation, subresource } = attributes;
    switch (subresource) {
      case '':
        if (operation === 'CREATE') return judgeMirrorPod(attributes, node, this.#parts.nodes);
        if (operation === 'DELETE') return this.#podOnNode(attributes, node, 'NODE_POD_DELETE');
        return forbid(attributes, 'NODE_POD_OPERATION', { operation, node });
      case 'status':
        return operation === 'UPDATE'
          ? judgePodStatus(attributes, node)
          : forbid(attributes, 'NODE_OPERATION', { operation });
      case 'eviction':
        return operation === 'CREATE'
          ? this.#podOnNode(attributes, node, 'NODE_POD_EVICT')
          : forbid(attributes, 'NODE_EVICTION_OPERATION', { operation });
      default:
        return forbid(attributes, 'NODE_POD_SUBRESOURCE', { subresource });
    }
  }

  #podOnNode(attributes: AdmissionAttributes, node: string, code: string): PluginVerdict {
    const name = attributes.name || attributes.object?.metadata.name || '';
    const pod = this.#parts.pods.get(attributes.namespace, name);
    if (!pod)
      return refuse('NODE_POD_MISSING', { pod: name }, notFoundError({ group: '', resource: 'pod' }, name));
    return pod['spec']?.nodeName === node ? ACCEPTED : forbid(attributes, code, { node });
  }
}

function judgePodStatus(attributes: AdmissionAttributes, node: string): PluginVerdict {
  const pod = attributes.object!;
  const old = attributes.oldObject!;
  if (old['spec']?.nodeName !== node) return forbid(attributes, 'NODE_POD_STATUS', { node });
  const differs = (of: (pod: KubeObject) => unknown): boolean => !deepEqual(of(pod) ?? {}, of(old) ?? {});
  if (differs(({ metadata }) => metadata.labels)) return forbid(attributes, 'NODE_POD_LABELS', { node });
  if (differs(({ status }) => status?.resourceClaimStatuses ?? []))
    return forbid(attributes, 'NODE_POD_CLAIMS', { node });
  if (differs(({ status }) => status?.extendedResourceClaimStatus))
    return forbid(attributes, 'NODE_POD_EXTENDED_CLAIM', { node });
  return ACCEPTED;
}

function judgeNode(attributes: AdmissionAttributes, node: string): PluginVerdict {
  const { object, oldObject: old, operation } = attributes;
  const name = attributes.name || object?.metadata.name || '';
  if (name !== node) return forbid(attributes, 'NODE_OTHER', { node, other: name });
  if (!object) return ACCEPTED;
  const configSource = object['spec']?.configSource;
  const labels = forbiddenLabels(object.metadata.labels, old?.metadata.labels);
  if (operation === 'CREATE') {
    if (configSource) return forbid(attributes, 'NODE_CONFIG_SOURCE_CREATE', { node });
    return labels.length ? forbid(attributes, 'NODE_LABELS_SET', { node, labels }) : ACCEPTED;
  }
  if (configSource && !deepEqual(configSource, old?.['spec']?.configSource))
    return forbid(attributes, 'NODE_CONFIG_SOURCE_UPDATE', { node });
  if (!deepEqual(object['spec']?.taints, old?.['spec']?.taints))
    return forbid(attributes, 'NODE_TAINTS', { node });
  if (!deepEqual(object.metadata.ownerReferences, old?.metadata.ownerReferences))
    return forbid(attributes, 'NODE_OWNERS', { node });
  return labels.length ? forbid(attributes, 'NODE_LABELS_MODIFIED', { node, labels }) : ACCEPTED;
}

function judgeClaim(attributes: AdmissionAttributes, node: string): PluginVerdict {
  const { subresource, operation } = attributes;
  if (subresource !== 'status') return forbid(attributes, 'NODE_CLAIM');
  if (operation !== 'UPDATE') return forbid(attributes, 'NODE_OPERATION', { operation });
  const [before, now] = [attributes.oldObject!, attributes.object!].map((claim) => {
    const copy = cloneJson(claim);
    delete copy.metadata.resourceVersion;
    delete copy.metadata.managedFields;
    copy['status'] ??= {};
    for (const field of ['capacity', 'conditions', 'allocatedResourceStatuses', 'allocatedResources'])
      delete copy['status'][field];
    return copy;
  });
  return deepEqual(before, now)
    ? ACCEPTED
    : forbid(attributes, 'NODE_CLAIM_STATUS', { node, diff: unifiedDiff(before, now) });
}

function judgeLease(attributes: AdmissionAttributes, node: string): PluginVerdict {
  if (attributes.namespace !== LEASES)
    return forbid(attributes, 'NODE_LEASE_NAMESPACE', { namespace: LEASES });
  return nameAsked(attributes) === node ? ACCEPTED : forbid(attributes, 'NODE_LEASE', { node });
}

function judgeCsiNode(attributes: AdmissionAttributes, node: string): PluginVerdict {
  return nameAsked(attributes) === node ? ACCEPTED : forbid(attributes, 'NODE_CSI_NODE', { node });
}

const nameAsked = ({ operation, object, name }: AdmissionAttributes): string =>
  operation === 'CREATE' ? (object?.metadata.name ?? '') : name;

/** What is changed of a slice, the authorizer has looked at; of a new one, and of each in a collection, it knows nothing. */
function judgeResourceSlice(attributes: AdmissionAttributes, node: string): PluginVerdict {
  const { operation, object, oldObject } = attributes;
  if (operation === 'CREATE' && object?.['spec']?.nodeName !== node)
    return forbid(attributes, 'NODE_SLICE_CREATE', { node });
  if (operation === 'DELETE' && oldObject?.['spec']?.nodeName !== node)
    return forbid(attributes, 'NODE_SLICE_DELETE', { node });
  return ACCEPTED;
}

function judgeCertificateRequest(attributes: AdmissionAttributes, node: string): PluginVerdict {
  const spec = attributes.object?.['spec'];
  if (attributes.operation !== 'CREATE' || !NODE_SIGNERS.includes(spec?.signerName)) return ACCEPTED;
  const parsed = parseCertificateRequest(Buffer.from(spec.request ?? '', 'base64').toString('latin1'));
  if (typeof parsed === 'string') return forbid(attributes, 'NODE_CSR_UNREADABLE', { error: parsed });
  return parsed.subject.commonName === `system:node:${node}`
    ? ACCEPTED
    : forbid(attributes, 'NODE_CSR_NAME', { node });
}
