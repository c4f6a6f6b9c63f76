import type { Fields, KubeObject } from '../../meta/object.ts';
import { Quantity } from '../../meta/quantity.ts';
import { quantityOf } from '../../registry/core/pod/resources.ts';
import { isExtendedResource } from '../../registry/core/resource-names.ts';
import { podTotals } from './pod-totals.ts';
import { type ResourceList, sum, ZERO } from './resource-list.ts';

/** What one object counts for against quotas (pkg/quota/v1/evaluator/core). */

const ONE = Quantity.of(1);
export const DEVICE_CLASS_PREFIX = 'deviceclass.resource.kubernetes.io/';
export const STORAGE_CLASS_SUFFIX = '.storageclass.storage.k8s.io/';

/**
 * The object itself always counts; what it computes with only until it has come to its end.
 *
 * @param now milliseconds since 1970
 */
export function podUsage(pod: KubeObject, now: number): ResourceList {
  const counted: ResourceList = new Map([['count/pods', ONE]]);
  if (!isCharged(pod, now)) return counted;
  const requests = podTotals(pod, 'requests', { status: true, overhead: true, hugePages: true });
  const limits = podTotals(pod, 'limits', { status: true, overhead: true, hugePages: true });
  return sum(counted, computeUsage(requests, limits));
}

/** Whether a pod is still charged for what it computes with (QuotaV1Pod). */
export function isCharged(pod: KubeObject, now: number): boolean {
  const phase = pod['status']?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return true;
  // A pod that is stuck, as on a lost node, must not keep others from taking its place.
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** Requests and limits under the names that quotas have for them. */
export function computeUsage(requests: ResourceList, limits: ResourceList): ResourceList {
  const out: ResourceList = new Map([['pods', ONE]]);
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const request = requests.get(name);
    if (request) out.set(name, request).set(`requests.${name}`, request);
    const limit = limits.get(name);
    if (limit) out.set(`limits.${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith('hugepages-')) out.set(name, request).set(`requests.${name}`, request);
    if (isExtendedResource(name) || name.startsWith(DEVICE_CLASS_PREFIX))
      out.set(`requests.${name}`, request);
  }
  return out;
}

export function serviceUsage(service: KubeObject): ResourceList {
  const spec: Fields = service['spec'] ?? {};
  const ports: Fields[] = spec['ports'] ?? [];
  const balanced = spec['type'] === 'LoadBalancer';
  let nodePorts = 0;
  if (spec['type'] === 'NodePort' || balanced) {
    // Ports may not be assigned yet: what counts is what is meant.
    const chosen = balanced && spec['allocateLoadBalancerNodePorts'] === false;
    nodePorts = chosen ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
  }
  return new Map([
    ['count/services', ONE],
    ['services', ONE],
    ['services.nodeports', Quantity.of(nodePorts)],
    ['services.loadbalancers', balanced ? ONE : ZERO],
  ]);
}

/** The StorageClass of a claim, empty for none; the annotation from before there was a field goes first. */
export const storageClassOf = (claim: KubeObject): string =>
  claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ??
  claim['spec']?.storageClassName ??
  '';

export function claimUsage(claim: KubeObject): ResourceList {
  const storageClass = storageClassOf(claim);
  const out: ResourceList = new Map([
    ['count/persistentvolumeclaims', ONE],
    ['persistentvolumeclaims', ONE],
  ]);
  const asked = claim['spec']?.resources?.requests?.storage;
  const storage = asked === undefined ? undefined : storageOf(claim, quantityOf(asked));
  if (storage) out.set('requests.storage', storage);
  if (storageClass) {
    out.set(`${storageClass}${STORAGE_CLASS_SUFFIX}persistentvolumeclaims`, ONE);
    if (storage) out.set(`${storageClass}${STORAGE_CLASS_SUFFIX}requests.storage`, storage);
  }
  return out;
}

/** What was set aside already counts where it is more. Whole bytes. */
function storageOf(claim: KubeObject, asked: Quantity): Quantity {
  const allocated = quantityOf(claim['status']?.allocatedResources?.storage);
  const more = allocated.compare(asked) > 0 ? allocated : asked;
  return more.integer() === undefined ? new Quantity(more.value(), 0, more.format) : more;
}
