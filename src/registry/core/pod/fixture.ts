import { cloneJson } from '../../../meta/clone.ts';
import { errorText } from '../../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import type { Strategy, StrategyContext } from '../../strategy.ts';

/** For tests: runs strategies in the order in which the generic store does. */

export const NOW = Date.parse('2026-01-02T03:04:05Z');

export function context(subresource = '', allowPrivileged = false): StrategyContext {
  return {
    user: { name: 'admin', groups: [] },
    namespace: 'ns',
    subresource,
    now: NOW,
    client: undefined as never,
    options: { allowPrivileged, serviceClusterIpRange: '10.0.0.0/24' },
  };
}

/** An object as it is decoded: with its defaults. */
export function decoded(strategy: Strategy, object: Fields, meta: Fields = {}): KubeObject {
  const whole: KubeObject = cloneJson({
    ...object,
    metadata: { name: 'x', namespace: 'ns', uid: 'u', ...meta },
  });
  strategy.defaults?.(whole);
  return whole;
}

/** An object ready to be stored, whatever its faults. */
export function created(strategy: Strategy, object: Fields, meta: Fields = {}): KubeObject {
  const whole = decoded(strategy, object, meta);
  strategy.prepareForCreate?.(whole, context());
  return whole;
}

/** The faults of a create. */
export function createFaults(
  strategy: Strategy,
  object: Fields,
  meta: Fields = {},
  allowPrivileged = false,
): string[] {
  return (strategy.validate?.(created(strategy, object, meta), context('', allowPrivileged)) ?? []).map(
    errorText,
  );
}

/** What an update, of a subresource where one is named, makes of an object, and its faults. */
export function updated(
  strategy: Strategy,
  old: KubeObject,
  change: (object: KubeObject) => void,
  subresource = '',
): { object: KubeObject; faults: string[] } {
  const object = cloneJson(old);
  change(object);
  strategy.defaults?.(object);
  const at = context(subresource);
  const side = subresource === 'status' ? strategy.status : strategy;
  side?.prepareForUpdate?.(object, old, at);
  return { object, faults: (side?.validateUpdate?.(object, old, at) ?? []).map(errorText) };
}

/** A pod's spec with one flawless container. */
export const podSpec = (spec: Fields = {}): Fields => ({
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});

/** That container, with more to it. */
export const container = (more: Fields = {}): Fields => ({ name: 'c', image: 'i:1', ...more });
