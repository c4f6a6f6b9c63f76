import type { Fields } from '../../../meta/object.ts';
import type { Quantity } from '../../../meta/quantity.ts';
import { quantityOf } from './resources.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'];

/** How well a pod is kept when a node runs short, by what it asks for (pkg/apis/core/helper/qos). */
export function qosClass(spec: Fields): QosClass {
  const requests = new Map<string, Quantity>();
  const limits = new Map<string, Quantity>();
  let guaranteed = true;
  const gather = (amounts: Fields | undefined, into: Map<string, Quantity>): number => {
    let found = 0;
    for (const name of COMPUTE) {
      if (amounts?.[name] === undefined) continue;
      const amount = quantityOf(amounts[name]);
      if (amount.sign <= 0) continue;
      found++;
      into.set(name, into.get(name)?.add(amount) ?? amount);
    }
    return found;
  };
  if (spec['resources']) {
    gather(spec['resources'].requests, requests);
    const own = spec['resources'].limits;
    if (own && Object.keys(own).length && gather(own, limits) < COMPUTE.length) guaranteed = false;
  } else {
    for (const container of [...(spec['containers'] ?? []), ...(spec['initContainers'] ?? [])]) {
      gather(container.resources?.requests, requests);
      if (gather(container.resources?.limits, limits) < COMPUTE.length) guaranteed = false;
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const match =
    requests.size === limits.size &&
    [...requests].every(([name, amount]) => limits.get(name)?.compare(amount) === 0);
  return guaranteed && match ? 'Guaranteed' : 'Burstable';
}
