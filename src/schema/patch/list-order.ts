import { own } from '../apply/schema-node.ts';
import { badArgument, isObject, noMergeKey } from './strategic-errors.ts';

/**
 * The order of a merged list (apimachinery pkg/util/strategicpatch, normalizeElementOrder): the patch's items in the
 * patch's order, the others in the server's, and these put between where the server had them before one of those.
 */

/** What tells one item of a list from another: its merge key's value, or itself in a list of scalars. */
const identity = (mergeKey: string) => (item: unknown) =>
  mergeKey === '' ? item : isObject(item) ? own(item, mergeKey) : undefined;

/** Places in `order` by identity; the first place counts. */
function placesIn(order: readonly unknown[], id: (item: unknown) => unknown): Map<unknown, number> {
  const places = new Map<unknown, number>();
  order.forEach((item, i) => {
    const value = id(item);
    if (!places.has(value)) places.set(value, i);
  });
  return places;
}

/**
 * @param fromPatch items that the patch names
 * @param serverOnly the others
 * @param maps the items are maps, told apart by mergeKey
 */
export function normalizeOrder(
  fromPatch: readonly unknown[],
  serverOnly: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
  maps: boolean,
): unknown[] {
  const key = maps ? mergeKey : '';
  const right = sortBy(fromPatch, patchOrder, key, maps);
  const left = sortBy(serverOnly, serverOrder, key, maps);
  return interleave(left, right, serverOrder, identity(key));
}

function sortBy(items: readonly unknown[], order: readonly unknown[], key: string, maps: boolean): unknown[] {
  let kept = items;
  let deletions: readonly unknown[] = [];
  if (maps) {
    for (const list of [items, order]) {
      for (const item of list) {
        if (!isObject(item)) throw badArgument({}, item);
        if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
      }
    }
    kept = items.filter((item) => !isDeletion(item));
    deletions = items.filter(isDeletion);
  }
  const id = identity(key);
  const places = placesIn(order, id);
  const ranked = kept.map((item) => ({ item, at: places.get(id(item)) ?? -1 }));
  const sorted = ranked.every(({ at }) => at >= 0)
    ? ranked.sort((a, b) => a.at - b.at)
    : insertionSort(ranked);
  return [...sorted.map(({ item }) => item), ...deletions];
}

const isDeletion = (item: unknown): boolean => isObject(item) && own(item, '$patch') === 'delete';

/**
 * Go's stable sort of a short list under an order that is none: an item without a place goes before whatever it meets,
 * and whatever it meets goes before it.
 */
function insertionSort<T extends { at: number }>(items: T[]): T[] {
  if (items.length > 1000) return items.sort((a, b) => a.at - b.at);
  const less = (a: T, b: T): boolean => a.at < 0 || b.at < 0 || a.at < b.at;
  for (let i = 1; i < items.length; i++) {
    for (let j = i; j > 0 && less(items[j]!, items[j - 1]!); j--) {
      [items[j], items[j - 1]] = [items[j - 1]!, items[j]!];
    }
  }
  return items;
}

function interleave(
  left: readonly unknown[],
  right: readonly unknown[],
  order: readonly unknown[],
  id: (item: unknown) => unknown,
): unknown[] {
  const places = placesIn(order, id);
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (j >= right.length) out.push(left[i++]);
    else if (i >= left.length) out.push(right[j++]);
    else {
      const l = places.get(id(left[i])) ?? -1;
      const r = places.get(id(right[j])) ?? -1;
      out.push(l >= 0 && r >= 0 && l < r ? left[i++] : right[j++]);
    }
  }
  return out;
}
