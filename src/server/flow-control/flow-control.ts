import type { Clock } from '../../meta/clock.ts';
import type { ObjectClient } from '../../registry/client.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ServerOptions } from '../options.ts';
import { MaxInflight } from './max-inflight.ts';
import { type FlowControl, PriorityAndFairness } from './priority-and-fairness.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';

/** What bounds the requests of a server, as the options say. Undefined: nothing does. */
export function flowControlOf(
  options: ServerOptions,
  registry: Registry,
  client: ObjectClient,
  clock: Clock,
): FlowControl | undefined {
  const { maxRequestsInflight: readOnly, maxMutatingRequestsInflight: mutating } = options;
  if (!options.priorityAndFairness)
    return readOnly || mutating ? new MaxInflight({ readOnly, mutating }, clock) : undefined;
  return new PriorityAndFairness({
    schemas: client.lister({ group: GROUP, resource: 'flowschemas' })!,
    levels: client.lister({ group: GROUP, resource: 'prioritylevelconfigurations' })!,
    seats: readOnly + mutating,
    requestTimeoutMs: options.requestTimeoutMs,
    sizeOf: ({ apiGroup, apiVersion, resource }) => {
      const cache = registry.find(apiGroup, apiVersion, resource)?.store?.cache;
      return cache && { objects: cache.count, bytes: cache.averageBytes };
    },
    clock,
  });
}
