import { podTotals } from '../controllers/quota/pod-totals.ts';
import { type ResourceList, readResources } from '../controllers/quota/resource-list.ts';
import type { Facts } from '../explain/verdict.ts';
import { aggregateText } from '../meta/field-error.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import type { Quantity } from '../meta/quantity.ts';
import { forbiddenError } from '../meta/status.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, nameOf, refuse, wordsOf } from './refusal.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';
const MAX_MILLI_VALUE = (2n ** 63n - 1n) / 1000n;

interface Fault {
  code: string;
  facts: Facts;
}

/** Gives containers the requests and limits of their namespace's LimitRanges, and keeps pods and claims within them (plugin/pkg/admission/limitranger). */
export class LimitRanger implements AdmissionPlugin {
  readonly name = 'LimitRanger';
  readonly resources: readonly string[] = ['pods', 'persistentvolumeclaims'];
  readonly #ranges: Lister;

  constructor(ranges: Lister) {
    this.#ranges = ranges;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const { object, namespace } = attributes;
    if (!isLimited(attributes) || attributes.resource.resource !== 'pods') return ACCEPTED;
    const set: string[] = [];
    for (const range of this.#ranges.list(namespace)) {
      const said = setDefaults(object!, range);
      if (said.length === 0) continue;
      const text = `LimitRanger plugin set: ${said.join('; ')}`;
      object!.metadata.annotations = { ...object!.metadata.annotations, [ANNOTATION]: text };
      set.push(...said);
    }
    return set.length ? changed('LIMIT_DEFAULTS_SET', { set }) : ACCEPTED;
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    if (!isLimited(attributes)) return ACCEPTED;
    const faultsOf = attributes.resource.resource === 'pods' ? podFaults : claimFaults;
    for (const range of this.#ranges.list(attributes.namespace)) {
      const faults = faultsOf(range, attributes.object!);
      if (faults.length === 0) continue;
      const why = aggregateText(faults.map(({ code, facts }) => wordsOf(code, facts)));
      const error = forbiddenError(attributes.resource, nameOf(attributes), why);
      return refuse(faults[0]!.code, { ...faults[0]!.facts, limitRange: range.metadata.name }, error);
    }
    return ACCEPTED;
  }
}

function isLimited({ resource, subresource, operation, oldObject }: AdmissionAttributes): boolean {
  if (oldObject?.metadata.deletionTimestamp) return false;
  if (resource.resource !== 'pods') return subresource === '';
  // What containers need can only be changed by a resize.
  return operation === 'CREATE' ? subresource === '' : subresource === 'resize';
}

const limitsOf = (range: KubeObject, type: string): Fields[] =>
  (range['spec']?.limits ?? []).filter((limit: Fields) => limit['type'] === type);

/** Says what was set, for the annotation. */
function setDefaults(pod: KubeObject, range: KubeObject): string[] {
  const defaults: Record<'requests' | 'limits', Record<string, string>> = { requests: {}, limits: {} };
  for (const limit of limitsOf(range, 'Container')) {
    Object.assign(defaults.requests, limit['defaultRequest']);
    Object.assign(defaults.limits, limit['default']);
  }
  const said: string[] = [];
  for (const [list, title] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    for (const container of pod['spec']?.[list] ?? []) {
      for (const [side, word] of [
        ['requests', 'request'],
        ['limits', 'limit'],
      ] as const) {
        const names = fillIn(container, side, defaults[side]);
        if (names.length) said.push(`${names.join(', ')} ${word} for ${title} ${container.name}`);
      }
    }
  }
  return said;
}

function fillIn(container: Fields, side: 'requests' | 'limits', defaults: Record<string, string>): string[] {
  const own: Fields = container['resources']?.[side] ?? {};
  const missing = Object.keys(defaults)
    .filter((name) => own[name] === undefined)
    .sort();
  if (missing.length === 0) return missing;
  container['resources'] = {
    ...container['resources'],
    [side]: { ...own, ...Object.fromEntries(missing.map((name) => [name, defaults[name]])) },
  };
  return missing;
}

function podFaults(range: KubeObject, pod: KubeObject): Fault[] {
  const faults: Fault[] = [];
  for (const limit of range['spec']?.limits ?? []) {
    if (limit.type === 'Container') {
      for (const { resources } of [
        ...(pod['spec']?.containers ?? []),
        ...(pod['spec']?.initContainers ?? []),
      ])
        faults.push(
          ...rangeFaults(limit, readResources(resources?.requests), readResources(resources?.limits)),
        );
    } else if (limit.type === 'Pod') {
      faults.push(...rangeFaults(limit, podTotals(pod, 'requests'), podTotals(pod, 'limits')));
    }
  }
  return faults;
}

function claimFaults(range: KubeObject, claim: KubeObject): Fault[] {
  const requests = readResources(claim['spec']?.resources?.requests);
  const faults: Fault[] = [];
  for (const limit of limitsOf(range, 'PersistentVolumeClaim')) {
    faults.push(...each(limit, 'min', (bound) => belowMinimum(bound, requests, new Map())));
    faults.push(
      ...each(limit, 'max', (bound) => {
        const request = requests.get(bound.resource);
        if (!request) return { code: 'LIMIT_MAX_NO_REQUEST', facts: factsOf(bound) };
        return exceeds(request, bound.enforced)
          ? { code: 'LIMIT_MAX_REQUEST', facts: factsOf(bound, request) }
          : undefined;
      }),
    );
  }
  return faults;
}

function rangeFaults(limit: Fields, requests: ResourceList, limits: ResourceList): Fault[] {
  return [
    ...each(limit, 'min', (bound) => belowMinimum(bound, requests, limits)),
    ...each(limit, 'max', (bound) => aboveMaximum(bound, requests, limits)),
    ...each(limit, 'maxLimitRequestRatio', (bound) => ratioFault(bound, requests, limits)),
  ];
}

interface Bound {
  type: string;
  resource: string;
  enforced: Quantity;
}

function each(limit: Fields, field: string, fault: (bound: Bound) => Fault | undefined): Fault[] {
  const bounds = [...readResources(limit[field])].sort(([a], [b]) => (a < b ? -1 : 1));
  return bounds
    .map(([resource, enforced]) => fault({ type: limit['type'], resource, enforced }))
    .filter((found) => found !== undefined);
}

const factsOf = ({ type, resource, enforced }: Bound, found?: Quantity): Facts => ({
  type,
  resource,
  bound: enforced.toString(),
  ...(found ? { found: found.toString() } : {}),
});

function belowMinimum(bound: Bound, requests: ResourceList, limits: ResourceList): Fault | undefined {
  const request = requests.get(bound.resource);
  const limit = limits.get(bound.resource);
  if (!request) return { code: 'LIMIT_MIN_NO_REQUEST', facts: factsOf(bound) };
  if (exceeds(bound.enforced, request)) return { code: 'LIMIT_MIN_REQUEST', facts: factsOf(bound, request) };
  if (limit && exceeds(bound.enforced, limit))
    return { code: 'LIMIT_MIN_LIMIT', facts: factsOf(bound, limit) };
  return undefined;
}

function aboveMaximum(bound: Bound, requests: ResourceList, limits: ResourceList): Fault | undefined {
  const request = requests.get(bound.resource);
  const limit = limits.get(bound.resource);
  if (!limit) return { code: 'LIMIT_MAX_NO_LIMIT', facts: factsOf(bound) };
  if (exceeds(limit, bound.enforced)) return { code: 'LIMIT_MAX_LIMIT', facts: factsOf(bound, limit) };
  if (request && exceeds(request, bound.enforced))
    return { code: 'LIMIT_MAX_REQUEST', facts: factsOf(bound, request) };
  return undefined;
}

function ratioFault(bound: Bound, requests: ResourceList, limits: ResourceList): Fault | undefined {
  const request = requests.get(bound.resource);
  const limit = limits.get(bound.resource);
  if (!request || request.milliValue() === 0n)
    return { code: 'LIMIT_RATIO_NO_REQUEST', facts: factsOf(bound) };
  if (!limit || limit.milliValue() === 0n) return { code: 'LIMIT_RATIO_NO_LIMIT', facts: factsOf(bound) };
  const [above, below] = common(limit, request);
  const ratio = Number(above) / Number(below);
  const { enforced } = bound;
  const most =
    enforced.value() <= MAX_MILLI_VALUE ? Number(enforced.milliValue()) / 1000 : Number(enforced.value());
  if (ratio <= most) return undefined;
  return { code: 'LIMIT_RATIO', facts: { ...factsOf(bound), ratio: ratio.toFixed(6) } };
}

const exceeds = (a: Quantity, b: Quantity): boolean => {
  const [left, right] = common(a, b);
  return left > right;
};

/** Two amounts at the precision they are compared at: thousandths, unless one of them is too large for that. */
function common(a: Quantity, b: Quantity): [bigint, bigint] {
  const whole: [bigint, bigint] = [a.value(), b.value()];
  return whole.every((value) => value <= MAX_MILLI_VALUE) ? [a.milliValue(), b.milliValue()] : whole;
}
