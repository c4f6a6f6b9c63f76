import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  notFound,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import { dns1123LabelFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { parseQuantity, Quantity } from '../../../meta/quantity.ts';
import {
  containerResourceName,
  isIntegerResource,
  isNativeResource,
  resourceName,
} from '../resource-names.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { containersOf } from './visit.ts';

/** What containers and pods ask for (validateResourceRequirements in pkg/apis/core/validation/validation.go). */

export { isNativeResource };

const HUGE_PAGES = 'hugepages-';
const QOS_RESOURCES = new Set(['cpu', 'memory']);

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);
/** May be asked for by a pod as a whole. */
export const isPodLevelResource = (name: string): boolean => QOS_RESOURCES.has(name) || isHugePages(name);

function podResourceNameErrors(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (errors.length || isPodLevelResource(name)) return errors;
  return [notSupported(path, name, ['cpu', HUGE_PAGES, 'memory'])];
}

const ZERO = Quantity.of(0);

/** A quantity out of an object; one that cannot be read counts as zero, for decoding has refused it already. */
export function quantityOf(value: unknown): Quantity {
  const quantity = parseQuantity(String(value ?? '0'));
  return typeof quantity === 'string' ? ZERO : quantity;
}

/** Not negative, and whole where the resource is counted (ValidateResourceQuantityValue). */
export function quantityErrors(name: string, quantity: Quantity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (quantity.sign < 0)
    errors.push(invalid(path, quantity.toString(), 'must be greater than or equal to 0'));
  if (isIntegerResource(name) && quantity.integer() === undefined)
    errors.push(invalid(path, quantity.toString(), 'must be an integer'));
  return errors;
}

function hugePagesFault(name: string, quantity: Quantity): string | undefined {
  const size = parseQuantity(name.slice(HUGE_PAGES.length));
  const divisible =
    typeof size !== 'string' &&
    size.sign > 0 &&
    size.integer() !== undefined &&
    quantity.value() % size.value() === 0n;
  return divisible ? undefined : `${quantity.toString()} is not positive integer multiple of ${name}`;
}

/** True where a stored spec asks for parts of huge pages, which newer rules refuse. */
export function indivisibleHugePages(spec: Fields): boolean {
  const lists: Fields[] = [];
  for (const container of containersOf(spec))
    lists.push(container['resources']?.limits ?? {}, container['resources']?.requests ?? {});
  lists.push(spec['overhead'] ?? {}, spec['resources']?.limits ?? {}, spec['resources']?.requests ?? {});
  return lists.some((list) =>
    Object.entries(list).some(
      ([name, value]) => isHugePages(name) && hugePagesFault(name, quantityOf(value)) !== undefined,
    ),
  );
}

const sortedEntries = (list: Fields | undefined): [string, unknown][] =>
  list ? Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)) : [];

/** ResourceRequirements of a container (or, with `podLevel`, of the pod as a whole). `claims` are the names in spec.resourceClaims. */
export function resourceRequirementsErrors(
  requirements: Fields | undefined,
  claims: ReadonlySet<string>,
  path: string,
  options: PodValidationOptions,
  podLevel = false,
): FieldError[] {
  if (!requirements) return [];
  const errors: FieldError[] = [];
  const nameErrors = podLevel ? podResourceNameErrors : containerResourceName;
  const limits: Fields = requirements['limits'] ?? {};
  let computes = false;
  let hugePages = false;
  const one = (name: string, quantity: Quantity, at: string) => {
    if (isHugePages(name)) {
      hugePages = true;
      const fault = options.allowIndivisibleHugePages ? undefined : hugePagesFault(name, quantity);
      if (fault) errors.push(invalid(at, quantity.toString(), fault));
    }
    if (QOS_RESOURCES.has(name)) computes = true;
  };
  const limitPath = child(path, 'limits');
  for (const [name, value] of sortedEntries(limits)) {
    const at = key(limitPath, name);
    const quantity = quantityOf(value);
    add(errors, nameErrors(name, at));
    add(errors, quantityErrors(name, quantity, at));
    one(name, quantity, at);
  }
  const requestPath = child(path, 'requests');
  for (const [name, value] of sortedEntries(requirements['requests'])) {
    const at = key(requestPath, name);
    const quantity = quantityOf(value);
    add(errors, nameErrors(name, at));
    add(errors, quantityErrors(name, quantity, at));
    if (Object.hasOwn(limits, name)) {
      const limit = quantityOf(limits[name]);
      const order = quantity.compare(limit);
      if (order !== 0 && !isOvercommitAllowed(name))
        errors.push(
          invalid(requestPath, quantity.toString(), `must be equal to ${name} limit of ${limit.toString()}`),
        );
      else if (order > 0)
        errors.push(
          invalid(
            requestPath,
            quantity.toString(),
            `must be less than or equal to ${name} limit of ${limit.toString()}`,
          ),
        );
    } else if (!isOvercommitAllowed(name))
      errors.push(required(limitPath, 'Limit must be set for non overcommitable resources'));
    one(name, quantity, at);
  }
  if (hugePages && !computes) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  add(errors, claimNameErrors(requirements['claims'], claims, child(path, 'claims')));
  return errors;
}

function claimNameErrors(
  claims: Fields[] | undefined,
  podClaims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  /** How many requests of each claim were named. */
  const requested = new Map<string, number>();
  claims?.forEach((claim, i) => {
    const at = index(path, i);
    const name: string = claim['name'] ?? '';
    const request: string = claim['request'] ?? '';
    if (name === '') {
      errors.push(required(at));
      return;
    }
    if (names.has(name)) errors.push(duplicate(at, name));
    else {
      let full = name;
      if (request !== '') {
        for (const fault of dns1123LabelFaults(request))
          errors.push(invalid(child(at, 'request'), request, fault));
        full += `/${request}`;
      }
      if (names.has(full)) errors.push(duplicate(at, full));
      else if (request === '') {
        for (let n = requested.get(name) ?? 0; n > 0; n--) errors.push(duplicate(at, name));
      }
      names.add(full);
      if (request !== '') requested.set(name, (requested.get(name) ?? 0) + 1);
    }
    if (!podClaims.has(name)) {
      const known = podClaims.size ? `: ${[...podClaims].sort().join(', ')}` : ' which is empty';
      errors.push({
        ...notFound(at, name),
        detail: `must be one of the names in pod.spec.resourceClaims${known}`,
      });
    }
  });
  return errors;
}
