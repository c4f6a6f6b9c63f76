import type { Fields, GroupResource, KubeObject } from '../../meta/object.ts';
import { Quantity } from '../../meta/quantity.ts';
import type { Lister } from '../../registry/lister.ts';
import { type ResourceList, sum } from './resource-list.ts';
import { DEVICE_CLASS_PREFIX, podUsage } from './usage.ts';

const CLAIMS = { group: 'resource.k8s.io', resource: 'resourceclaims' };
const CLASSES = { group: 'resource.k8s.io', resource: 'deviceclasses' };
const PODS = { group: '', resource: 'pods' };
const COUNT = 'count/resourceclaims.resource.k8s.io';
const CLASS_SUFFIX = '.deviceclass.resource.k8s.io/devices';
const REQUESTS = 'requests.';
/** On claims that a scheduler makes for what pods ask for as extended resources. */
const FOR_EXTENDED_RESOURCES = 'resource.kubernetes.io/extended-resource-claim';
/** A claim for all devices of a class gets at most so many. */
const MAX_DEVICES = 32;

/** How ResourceClaims count: as objects, by the class of their devices, and as the extended resources that classes stand for. */
export class DeviceUsage {
  readonly #lister: (resource: GroupResource) => Lister | undefined;

  constructor(lister: (resource: GroupResource) => Lister | undefined) {
    this.#lister = lister;
  }

  /** Whether a resource that a quota limits is one of those counted here. */
  counts(name: string): boolean {
    if (name === COUNT || name.endsWith(CLASS_SUFFIX)) return true;
    if (!name.startsWith(REQUESTS)) return false;
    const resource = name.slice(REQUESTS.length);
    if (!resource.includes('/')) return false;
    if (resource.startsWith(DEVICE_CLASS_PREFIX))
      return this.#lister(CLASSES)?.get('', resource.slice(DEVICE_CLASS_PREFIX.length)) !== undefined;
    return (
      this.#lister(CLASSES)
        ?.list()
        .some((one) => extendedResourceOf(one) === resource) ?? false
    );
  }

  /** What a claim uses, less what its pod is charged for already. `now` in milliseconds since 1970. */
  usage(claim: KubeObject, now: number): ResourceList {
    const devices = devicesOf(claim);
    const out: ResourceList = new Map([[COUNT, Quantity.of(1)]]);
    const charged = devices.size ? this.#podOf(claim) : undefined;
    const already: ResourceList = charged ? podUsage(charged, now) : new Map();
    for (const [name, amount] of devices) {
      out.set(`${name}${CLASS_SUFFIX}`, amount);
      const found = this.#lister(CLASSES)?.get('', name);
      const extended = found && extendedResourceOf(found);
      for (const resource of [`${DEVICE_CLASS_PREFIX}${name}`, ...(extended ? [extended] : [])]) {
        const counted = `${REQUESTS}${resource}`;
        const pods = already.get(counted);
        const left = pods ? amount.sub(pods) : amount;
        if (left.sign > 0) out.set(counted, left);
      }
    }
    return out;
  }

  /** The pod that asked for the devices as extended resources, if it is the one the claim was made for. */
  #podOf(claim: KubeObject): KubeObject | undefined {
    const { namespace = '', name = '' } = claim.metadata;
    const owner = podOwnerOf(claim);
    const pod = owner && this.#lister(PODS)?.get(namespace, owner.name);
    if (!pod || pod.metadata.uid !== owner.uid) return undefined;
    const known: Fields | undefined = pod['status']?.extendedResourceClaimStatus;
    if (known) return known['resourceClaimName'] === name ? pod : undefined;
    // As long as the pod does not say, its first claim is the one: no pod pays for several.
    const born = claim.metadata.creationTimestamp ?? '';
    const earlier = this.#lister(CLAIMS)
      ?.list(namespace)
      .some((other) => {
        if (podOwnerOf(other)?.uid !== owner.uid) return false;
        const at = other.metadata.creationTimestamp ?? '';
        return at < born || (at === born && (other.metadata.name ?? '') < name);
      });
    return earlier ? undefined : pod;
  }
}

const extendedResourceOf = (deviceClass: KubeObject): string | undefined =>
  deviceClass['spec']?.extendedResourceName || undefined;

function podOwnerOf({ metadata }: KubeObject): { name: string; uid: string } | undefined {
  if (metadata.annotations?.[FOR_EXTENDED_RESOURCES] !== 'true') return undefined;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === 'Pod' && owner.apiVersion === 'v1' ? owner : undefined;
}

/** Devices by the name of their class; of alternatives, the most of each class that could be given. */
function devicesOf(claim: KubeObject): ResourceList {
  let out: ResourceList = new Map();
  for (const request of (claim['spec']?.devices?.requests ?? []) as Fields[]) {
    const most: ResourceList = new Map();
    const alternatives: Fields[] = request['firstAvailable']?.length
      ? request['firstAvailable']
      : request['exactly']
        ? [request['exactly']]
        : [];
    for (const { deviceClassName = '', allocationMode, count = 0 } of alternatives) {
      const devices = Quantity.of(
        allocationMode === 'All' ? MAX_DEVICES : allocationMode === 'ExactCount' ? count : 0,
      );
      const before = most.get(deviceClassName);
      if (!before || devices.compare(before) > 0) most.set(deviceClassName, devices);
    }
    out = sum(out, most);
  }
  return out;
}
