import { Quantity } from '../../meta/quantity.ts';
import { quantityOf } from '../../registry/core/pod/resources.ts';

/** Amounts by the names of resources, and what quotas do with them (apiserver pkg/quota/v1/resources.go). */
export type ResourceList = Map<string, Quantity>;

export const ZERO = Quantity.of(0);

export function readResources(list: Readonly<Record<string, unknown>> | undefined): ResourceList {
  return new Map(Object.entries(list ?? {}).map(([name, value]) => [name, quantityOf(value)]));
}

export function writeResources(list: ResourceList): Record<string, string> {
  return Object.fromEntries([...list].sort(byName).map(([name, amount]) => [name, amount.toString()]));
}

/** `cpu=1,memory=2Gi`, by name. */
export const resourcesText = (list: ResourceList): string =>
  [...list]
    .sort(byName)
    .map(([name, amount]) => `${name}=${amount.toString()}`)
    .join(',');

const byName = ([a]: [string, Quantity], [b]: [string, Quantity]): number => (a < b ? -1 : a > b ? 1 : 0);

export function sum(a: ResourceList, b: ResourceList): ResourceList {
  const out = new Map(a);
  for (const [name, amount] of b) out.set(name, out.get(name)?.add(amount) ?? amount);
  return out;
}

/** a - b, nothing below zero; what only b has is zero. */
export function increase(a: ResourceList, b: ResourceList): ResourceList {
  const out: ResourceList = new Map();
  for (const [name, amount] of a) {
    const other = b.get(name);
    const left = other ? amount.sub(other) : amount;
    out.set(name, left.sign > 0 ? left : ZERO);
  }
  for (const name of b.keys()) if (!out.has(name)) out.set(name, ZERO);
  return out;
}

export function only(list: ResourceList, names: { has(name: string): boolean }): ResourceList {
  return new Map([...list].filter(([name]) => names.has(name)));
}

export const withoutZeros = (list: ResourceList): ResourceList =>
  new Map([...list].filter(([, amount]) => !amount.isZero));

export function sameResources(a: ResourceList, b: ResourceList): boolean {
  return a.size === b.size && [...a].every(([name, amount]) => b.get(name)?.equals(amount) === true);
}
