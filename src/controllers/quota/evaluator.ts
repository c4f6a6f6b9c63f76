import type { Fields, GroupResource, KubeObject } from '../../meta/object.ts';
import { qualified } from '../../meta/object.ts';
import { Quantity } from '../../meta/quantity.ts';
import { isNativeResource, isPodLevelResource } from '../../registry/core/pod/resources.ts';
import type { Lister } from '../../registry/lister.ts';
import { DeviceUsage } from './devices.ts';
import { type ResourceList, readResources } from './resource-list.ts';
import { attributeClassesOf, claimInScope, isTerminating, podInScope, type ScopeSelector } from './scopes.ts';
import {
  claimUsage,
  computeUsage,
  DEVICE_CLASS_PREFIX,
  podUsage,
  STORAGE_CLASS_SUFFIX,
  serviceUsage,
} from './usage.ts';

/** How objects of one resource count against quotas (apiserver pkg/quota/v1, Evaluator). */
export interface QuotaEvaluator {
  readonly resource: GroupResource;
  /** Whether a write could change what is used. */
  handles(write: QuotaWrite): boolean;
  /** Whether a resource that a quota limits is one of those counted here. */
  counts(name: string): boolean;
  /** What one object uses. `now` in milliseconds since 1970. */
  usage(object: KubeObject, now: number): ResourceList;
  inScope(object: KubeObject, scope: ScopeSelector): boolean;
  /** Resources, out of those a quota limits, that the object has to say it needs and does not: with the containers that fail to. */
  missing(names: readonly string[], object: KubeObject): Map<string, string[]>;
}

export interface QuotaWrite {
  operation: string;
  subresource: string;
  object?: KubeObject;
  oldObject?: KubeObject;
}

const POD_RESOURCES = new Set([
  'count/pods',
  'pods',
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Where a quota limits these, every container has to name them. */
const REQUIRED = new Set(['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]));
const NOTHING_MISSING: Map<string, string[]> = new Map();
const ONE = Quantity.of(1);

const isRequest = (name: string): boolean => name.startsWith('requests.');

const pods: QuotaEvaluator = {
  resource: { group: '', resource: 'pods' },
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === 'resize') return operation === 'UPDATE';
    if (subresource !== '') return false;
    if (operation === 'UPDATE' && object && oldObject)
      return isTerminating(object) !== isTerminating(oldObject);
    return operation === 'CREATE';
  },
  counts: (name) =>
    POD_RESOURCES.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    (isRequest(name) && (!isNativeResource(name) || name.startsWith(`requests.${DEVICE_CLASS_PREFIX}`))),
  usage: podUsage,
  inScope: podInScope,
  missing(names, pod) {
    const spec: Fields = pod['spec'] ?? {};
    const required = names.filter((name) => REQUIRED.has(name));
    if (required.length === 0 || saysItselfWhatItNeeds(spec)) return NOTHING_MISSING;
    const missing = new Map<string, string[]>();
    for (const container of [...(spec['containers'] ?? []), ...(spec['initContainers'] ?? [])]) {
      const { requests, limits } = container.resources ?? {};
      const named = computeUsage(readResources(requests), readResources(limits));
      for (const name of required)
        if (!named.has(name)) missing.set(name, [...(missing.get(name) ?? []), container.name ?? '']);
    }
    return missing;
  },
};

/** What a pod asks for as a whole frees its containers from saying it. */
function saysItselfWhatItNeeds(spec: Fields): boolean {
  const { requests, limits } = spec['resources'] ?? {};
  return [...Object.keys(requests ?? {}), ...Object.keys(limits ?? {})].some(isPodLevelResource);
}

const SERVICE_RESOURCES = new Set([
  'count/services',
  'services',
  'services.nodeports',
  'services.loadbalancers',
]);

const services: QuotaEvaluator = {
  resource: { group: '', resource: 'services' },
  handles: ({ operation, subresource }) =>
    subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: (name) => SERVICE_RESOURCES.has(name),
  usage: serviceUsage,
  inScope: () => false,
  missing: () => NOTHING_MISSING,
};

const CLAIM_RESOURCES = ['persistentvolumeclaims', 'requests.storage'];

const persistentVolumeClaims: QuotaEvaluator = {
  resource: { group: '', resource: 'persistentvolumeclaims' },
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === 'status')
      return object !== undefined && oldObject !== undefined && claimUsageMayDiffer(object, oldObject);
    return subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
  },
  counts: (name) =>
    name === 'count/persistentvolumeclaims' ||
    CLAIM_RESOURCES.includes(name) ||
    CLAIM_RESOURCES.some((own) => name.endsWith(`${STORAGE_CLASS_SUFFIX}${own}`)),
  usage: claimUsage,
  inScope: claimInScope,
  missing: () => NOTHING_MISSING,
};

/** Whether more or less has been set aside for a claim, or its classes are others (RequiresQuotaReplenish). */
export function claimUsageMayDiffer(claim: KubeObject, old: KubeObject): boolean {
  const allocated = (of: KubeObject): string => of['status']?.allocatedResources?.storage ?? '0';
  return (
    allocated(claim) !== allocated(old) ||
    attributeClassesOf(claim).join('/') !== attributeClassesOf(old).join('/')
  );
}

function resourceClaims(devices: DeviceUsage): QuotaEvaluator {
  return {
    resource: { group: 'resource.k8s.io', resource: 'resourceclaims' },
    handles: ({ operation, subresource }) =>
      subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    counts: (name) => devices.counts(name),
    usage: (claim, now) => devices.usage(claim, now),
    inScope: () => false,
    missing: () => NOTHING_MISSING,
  };
}

/** Counted under their own name as well, from before any resource could be. */
const LEGACY_COUNTS = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

/** Counts objects and nothing else. */
function objectCount(resource: GroupResource): QuotaEvaluator {
  const name = qualified(resource);
  const names = [`count/${name}`, ...(LEGACY_COUNTS.has(name) ? [name] : [])];
  return {
    resource,
    handles: ({ operation, subresource }) => subresource === '' && operation === 'CREATE',
    counts: (counted) => names.includes(counted),
    usage: () => new Map(names.map((counted) => [counted, ONE])),
    inScope: () => false,
    missing: () => NOTHING_MISSING,
  };
}

/** Never stored, or never counted (pkg/quota/v1/install/registry.go). */
const IGNORED = new Set([
  'bindings',
  'componentstatuses',
  'events',
  'events.events.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
]);

/** Who counts which resource. */
export class QuotaEvaluators {
  readonly #special: readonly QuotaEvaluator[];
  readonly #known: ReadonlyMap<string, QuotaEvaluator | undefined>;

  /** @param lister the watch caches of device classes, their claims and pods */
  constructor(lister: (resource: GroupResource) => Lister | undefined) {
    this.#special = [pods, services, persistentVolumeClaims, resourceClaims(new DeviceUsage(lister))];
    const known = new Map<string, QuotaEvaluator | undefined>(
      this.#special.map((evaluator) => [qualified(evaluator.resource), evaluator]),
    );
    for (const name of IGNORED) known.set(name, undefined);
    this.#known = known;
  }

  /** How a resource counts; undefined for those that never do. */
  of(resource: GroupResource): QuotaEvaluator | undefined {
    const name = qualified(resource);
    return this.#known.has(name) ? this.#known.get(name) : objectCount(resource);
  }

  /** Those that count what a quota limits. */
  counting(hard: readonly string[]): QuotaEvaluator[] {
    const found = new Map<string, QuotaEvaluator>();
    for (const name of hard) {
      const special = this.#special.filter((evaluator) => evaluator.counts(name));
      const other = special.length ? undefined : this.#objects(name);
      for (const evaluator of other ? [other] : special) found.set(qualified(evaluator.resource), evaluator);
    }
    return [...found.values()];
  }

  #objects(name: string): QuotaEvaluator | undefined {
    if (LEGACY_COUNTS.has(name)) return objectCount({ group: '', resource: name });
    if (!name.startsWith('count/')) return undefined;
    const [resource = '', ...group] = name.slice('count/'.length).split('.');
    return this.of({ group: group.join('.'), resource });
  }
}
