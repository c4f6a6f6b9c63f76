import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Quantity } from '../../meta/quantity.ts';
import { isHugePages, quantityOf } from '../../registry/core/pod/resources.ts';
import { restartsAlways } from '../../registry/core/pod/visit.ts';
import type { ResourceList } from './resource-list.ts';

export interface PodTotalsOptions {
  /** Count what running containers have been given, where it is more than the spec asks for (resized pods). */
  status?: boolean;
  /** Add the overhead of the pod's RuntimeClass. */
  overhead?: boolean;
  /** Huge pages of the pod as a whole go before those of its containers, as cpu and memory do. */
  hugePages?: boolean;
}

type Side = 'requests' | 'limits';

/**
 * What a pod needs in all: its containers and sidecars together, or an init container with the sidecars before it where that
 * is more; what is said of the pod as a whole goes before both (component-helpers resource/helpers.go).
 */
export function podTotals(pod: KubeObject, side: Side, options: PodTotalsOptions = {}): ResourceList {
  const spec: Fields = pod['spec'] ?? {};
  const own = options.status ? givenTo(pod, side) : (container: Fields) => container['resources']?.[side];
  const total = containersTotal(spec, own);
  const whole: Fields | undefined = spec['resources']?.[side];
  for (const [name, value] of Object.entries(whole ?? {}))
    if (name === 'cpu' || name === 'memory' || (options.hugePages && isHugePages(name)))
      total.set(name, quantityOf(value));
  if (options.overhead)
    for (const [name, value] of Object.entries(spec['overhead'] ?? {})) {
      const before = total.get(name);
      // A limit that is not there is no limit; overhead does not make it one.
      if (side === 'requests') add(total, name, quantityOf(value));
      else if (before && !before.isZero) total.set(name, before.add(quantityOf(value)));
    }
  return total;
}

function containersTotal(
  spec: Fields,
  own: (container: Fields) => Fields | undefined,
): Map<string, Quantity> {
  const total = new Map<string, Quantity>();
  const sidecars = new Map<string, Quantity>();
  const initial = new Map<string, Quantity>();
  for (const container of spec['containers'] ?? [])
    for (const [name, value] of Object.entries(own(container) ?? {})) add(total, name, quantityOf(value));
  for (const container of spec['initContainers'] ?? []) {
    const amounts = Object.entries(own(container) ?? {});
    let needed = new Map<string, Quantity>();
    if (restartsAlways(container)) {
      for (const [name, value] of amounts) {
        add(total, name, quantityOf(value));
        add(sidecars, name, quantityOf(value));
      }
      needed = sidecars;
    } else {
      for (const [name, value] of amounts) needed.set(name, quantityOf(value));
      for (const [name, amount] of sidecars) add(needed, name, amount);
    }
    atLeast(initial, needed);
  }
  atLeast(total, initial);
  return total;
}

/** What a container asks for or has been given already, whichever is more; limits that are refused do not count. */
function givenTo(pod: KubeObject, side: Side): (container: Fields) => Fields | undefined {
  const statuses = new Map<string, Fields>();
  const { containerStatuses = [], initContainerStatuses = [], conditions = [] } = pod['status'] ?? {};
  for (const status of [...containerStatuses, ...initContainerStatuses]) statuses.set(status.name, status);
  if (statuses.size === 0) return (container) => container['resources']?.[side];
  const pending: Fields | undefined = conditions.find(({ type }: Fields) => type === 'PodResizePending');
  const infeasible = pending?.['reason'] === 'Infeasible';
  const inits = new Set<Fields>(pod['spec']?.initContainers ?? []);
  return (container) => {
    const asked: Fields | undefined = container['resources']?.[side];
    const status = statuses.get(container['name']);
    if (!status?.['resources'] || (inits.has(container) && !restartsAlways(container))) return asked;
    const lists: (Fields | undefined)[] = [status['resources'][side]];
    if (!infeasible) lists.push(asked);
    if (side === 'requests') lists.push(status['allocatedResources']);
    const most = new Map<string, Quantity>();
    for (const list of lists)
      atLeast(most, new Map(Object.entries(list ?? {}).map(([name, value]) => [name, quantityOf(value)])));
    return Object.fromEntries([...most].map(([name, amount]) => [name, amount.toString()]));
  };
}

function add(to: Map<string, Quantity>, name: string, amount: Quantity): void {
  to.set(name, to.get(name)?.add(amount) ?? amount);
}

function atLeast(to: Map<string, Quantity>, amounts: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of amounts) {
    const before = to.get(name);
    if (!before || amount.compare(before) > 0) to.set(name, amount);
  }
}
