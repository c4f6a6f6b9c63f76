import { own } from '../apply/schema-node.ts';
import {
  badArgument,
  isObject,
  type Json,
  listOfLists,
  noElements,
  noMergeKey,
  notAMapAt,
  orderMismatch,
  unlikeElements,
} from './strategic-errors.ts';

/** Items of the lists that a strategic merge merges: their one type, and which is which. */

/** The patch's items must be named by its order list, in that order; deletions are free. */
export function checkOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || items.length === 0) return;
  let at = 0;
  let named = 0;
  let kept = items;
  if (mergeKey !== '') {
    for (const item of items) if (!isObject(item)) throw badArgument({}, item);
    kept = items.filter((item) => own(item as Json, '$patch') !== 'delete');
  }
  while (at < kept.length && named < order.length) {
    const item = kept[at];
    if (isObject(item) && Object.hasOwn(item, '$patch')) at++;
    else if (sameItem(item, order[named++], mergeKey)) at++;
  }
  if (at < kept.length && named >= order.length) throw orderMismatch(items, order);
}

function sameItem(left: unknown, right: unknown, mergeKey: string): boolean {
  if (mergeKey === '') return left === right;
  for (const item of [left, right]) {
    if (!isObject(item)) throw badArgument({}, item);
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
  }
  return (left as Json)[mergeKey] === (right as Json)[mergeKey];
}

/** Splits a list into the items that `by` names and the others. */
export function partition(
  list: readonly unknown[],
  by: readonly unknown[],
  mergeKey: string,
): [unknown[], unknown[]] {
  const inside: unknown[] = [];
  const outside: unknown[] = [];
  if (mergeKey === '') {
    const named = new Set(by);
    for (const item of list) (named.has(item) ? inside : outside).push(item);
    return [inside, outside];
  }
  const index = new KeyIndex(by, mergeKey);
  for (const item of list) {
    if (!isObject(item)) throw badArgument({}, item);
    if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
    (index.find(item[mergeKey]) >= 0 ? inside : outside).push(item);
  }
  return [inside, outside];
}

/** Where in a list of maps a merge key's value stands. */
export class KeyIndex {
  private readonly places = new Map<unknown, number>();
  /** A search that gets as far as an item that is no map fails there. */
  private readonly failing: number;
  private readonly mergeKey: string;

  constructor(list: readonly unknown[], mergeKey: string) {
    this.mergeKey = mergeKey;
    this.failing = list.findIndex((item) => !isObject(item));
    const end = this.failing < 0 ? list.length : this.failing;
    for (let i = 0; i < end; i++) this.add(list[i] as Json, i);
  }

  add(item: Json, place: number): void {
    if (!Object.hasOwn(item, this.mergeKey)) return;
    const value = item[this.mergeKey];
    if (!this.places.has(value)) this.places.set(value, place);
  }

  find(value: unknown): number {
    const place = this.places.get(value);
    if (place !== undefined) return place;
    if (this.failing >= 0) throw notAMapAt(this.failing);
    return -1;
  }
}

export type ElementType = 'map' | 'list' | 'string' | 'number' | 'boolean' | 'null';

export function typeOf(value: unknown): ElementType {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return 'map';
  return typeof value as ElementType;
}

/** The one type of all elements. */
export function elementType(lists: readonly (readonly unknown[])[]): ElementType {
  let type: ElementType | undefined;
  for (const list of lists) {
    for (const item of list) {
      const next = typeOf(item);
      if (type === undefined && next === 'list') throw listOfLists();
      if (next === 'null' || (type !== undefined && next !== type)) throw unlikeElements(lists);
      type = next;
    }
  }
  if (type === undefined) throw noElements();
  return type;
}
