import { child, type FieldError, forbidden, index, invalid, key } from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import type { Quantity } from '../../../meta/quantity.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import {
  isHugePages,
  isOvercommitAllowed,
  isPodLevelResource,
  quantityOf,
  resourceRequirementsErrors,
} from './resources.ts';
import { restartsAlways } from './visit.ts';

/** spec.resources, what a pod asks for as a whole (validatePodResources; component-helpers resource/helpers.go). */

export function podResourcesErrors(
  spec: Fields,
  claims: ReadonlySet<string>,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const resources: Fields | undefined = spec['resources'];
  if (!resources) return [];
  const at = child(path, 'resources');
  if (spec['os']?.name === 'windows') return [forbidden(at, 'may not be set for a windows pod')];
  const errors: FieldError[] = [];
  if (resources['claims'])
    errors.push(forbidden(child(at, 'claims'), 'claims may not be set for Resources at pod-level'));
  add(errors, resourceRequirementsErrors(resources, claims, at, options, true));
  add(errors, consistencyErrors(spec, resources, at));
  return errors;
}

function consistencyErrors(spec: Fields, resources: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, sum] of sorted(aggregate(spec, 'requests'))) {
    if (resources['requests']?.[name] === undefined) continue;
    const own = quantityOf(resources['requests'][name]);
    if (sum.compare(own) > 0)
      errors.push(
        invalid(
          key(child(path, 'requests'), name),
          own.toString(),
          `must be greater than or equal to aggregate container requests of ${sum.toString()}`,
        ),
      );
  }
  for (const [name, sum] of sorted(aggregate(spec, 'limits'))) {
    if (!isHugePages(name) || resources['limits']?.[name] === undefined) continue;
    const own = quantityOf(resources['limits'][name]);
    if (sum.compare(own) > 0)
      errors.push(
        invalid(
          key(child(path, 'limits'), name),
          own.toString(),
          `must be greater than or equal to aggregate container limits of ${sum.toString()}`,
        ),
      );
  }
  spec['containers']?.forEach((container: Fields, i: number) => {
    for (const name of Object.keys(container['resources']?.limits ?? {}).sort()) {
      if (resources['limits']?.[name] === undefined) continue;
      const limit = quantityOf(container['resources'].limits[name]);
      const own = quantityOf(resources['limits'][name]);
      if (limit.compare(own) > 0)
        errors.push(
          invalid(
            `${key(index(child(path, 'containers'), i), name)}.limits`,
            limit.toString(),
            `must be less than or equal to pod limits of ${own.toString()}`,
          ),
        );
    }
  });
  return errors;
}

const sorted = (amounts: Map<string, Quantity>): [string, Quantity][] =>
  [...amounts].sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * What the containers need together: regular ones and sidecars at once, each init container with the sidecars before it
 * (AggregateContainerRequests, AggregateContainerLimits).
 */
export function aggregate(spec: Fields, side: 'requests' | 'limits'): Map<string, Quantity> {
  const sum = new Map<string, Quantity>();
  const sidecars = new Map<string, Quantity>();
  const initial = new Map<string, Quantity>();
  const add = (to: Map<string, Quantity>, name: string, amount: Quantity) =>
    to.set(name, to.get(name)?.add(amount) ?? amount);
  const atLeast = (to: Map<string, Quantity>, name: string, amount: Quantity) => {
    const before = to.get(name);
    if (!before || amount.compare(before) > 0) to.set(name, amount);
  };
  for (const container of spec['containers'] ?? []) {
    for (const [name, value] of Object.entries(container.resources?.[side] ?? {}))
      add(sum, name, quantityOf(value));
  }
  for (const container of spec['initContainers'] ?? []) {
    const own = Object.entries(container.resources?.[side] ?? {});
    let needed = new Map<string, Quantity>();
    if (restartsAlways(container)) {
      for (const [name, value] of own) {
        add(sum, name, quantityOf(value));
        add(sidecars, name, quantityOf(value));
      }
      needed = sidecars;
    } else {
      for (const [name, value] of own) needed.set(name, quantityOf(value));
      for (const [name, amount] of sidecars) add(needed, name, amount);
    }
    for (const [name, amount] of needed) atLeast(initial, name, amount);
  }
  for (const [name, amount] of initial) atLeast(sum, name, amount);
  return sum;
}

/** Fills in what spec.resources leaves out, from its limits and from the containers (defaultHugePagePodLimits, defaultPodRequests). */
export function defaultPodResources(spec: Fields): void {
  const resources: Fields | undefined = spec['resources'];
  if (!resources) return;
  const limits: Fields = { ...resources['limits'] };
  const requests: Fields = { ...resources['requests'] };
  if (Object.keys(limits).length || Object.keys(requests).length) {
    for (const [name, sum] of aggregate(spec, 'limits'))
      if (isHugePages(name) && requests[name] === undefined) limits[name] ??= sum.toString();
    if (Object.keys(limits).length) resources['limits'] = limits;
  }
  if (Object.keys(limits).length === 0) return;
  for (const [name, sum] of aggregate(spec, 'requests'))
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= sum.toString();
  for (const [name, limit] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= limit;
  if (Object.keys(requests).length) resources['requests'] = requests;
}
