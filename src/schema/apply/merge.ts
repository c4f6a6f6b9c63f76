import { elementOf } from './compare.ts';
import type { PathElement } from './path-element.ts';
import {
  childNode,
  isMap,
  type Kind,
  kindOf,
  type ListShape,
  type MapShape,
  own,
  put,
  type SchemaNode,
  sameShape,
} from './schema-node.ts';

/**
 * The object with what the configuration says put in: nothing is removed, and lists keep the configuration's order
 * where it says more than the object (typed/merge.go). Neither is changed; the result shares with both.
 */
export function mergeTyped(object: unknown, config: unknown, schema: SchemaNode): unknown {
  return merge(object, config, schema);
}

/** `undefined` stands for a field that is not there; so it does in the result. */
function merge(left: unknown, right: unknown, node: SchemaNode): unknown {
  if (right === undefined || left === right) return left;
  if (left === undefined) return right;
  return mergeAs(kindOf(node, right), left, right, node);
}

function mergeAs(kind: Kind, left: unknown, right: unknown, node: SchemaNode): unknown {
  // Where the two have different shapes, the one side counts for the other as nothing.
  const same = sameShape(node, left, right);
  if (kind === 'map' && isMap(right))
    return mergeMaps(same && isMap(left) ? left : undefined, right, node.map!);
  if (kind === 'list' && Array.isArray(right)) {
    return mergeLists(same && Array.isArray(left) ? left : undefined, right, node.list!);
  }
  if (right === null && kind === 'map' && !node.map!.atomic && isMap(left) && Object.keys(left).length)
    return left;
  if (
    right === null &&
    kind === 'list' &&
    node.list!.relation !== 'atomic' &&
    Array.isArray(left) &&
    left.length
  ) {
    return left;
  }
  return right;
}

function mergeMaps(
  left: Record<string, unknown> | undefined,
  right: Record<string, unknown>,
  shape: MapShape,
): unknown {
  if (shape.atomic || !left) return right;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(right)) {
    const node = childNode(shape, key);
    if (!node || right[key] === undefined) continue;
    const before = own(left, key);
    const value = merge(before, right[key], node);
    if (value === before) continue;
    out ??= { ...left };
    put(out, key, value);
  }
  return out ?? (Object.keys(left).length ? left : right);
}

interface Item {
  element: PathElement;
  value: unknown;
}

function mergeLists(
  left: readonly unknown[] | undefined,
  right: readonly unknown[],
  shape: ListShape,
): unknown {
  if (shape.relation === 'atomic' || !left || (left.length === 0 && right.length === 0)) return right;
  const ours: Item[] = left.map((value) => ({ element: elementOf(shape, value), value }));
  const theirs: Item[] = right.map((value) => ({ element: elementOf(shape, value), value }));
  // Items that repeat one another are not merged into.
  const before = new Map<PathElement, unknown>();
  for (const { element, value } of ours) before.set(element, before.has(element) ? undefined : value);
  const after = new Set(theirs.map(({ element }) => element));
  const shared = theirs.filter(({ element }) => before.has(element)).map(({ element }) => element);
  let next = 0;
  const merged = new Set<PathElement>();
  const out: unknown[] = [];
  const takeTheirs = ({ element, value }: Item): void => {
    merged.add(element);
    out.push(merge(before.get(element), value, shape.element));
  };
  for (let l = 0, r = 0; l < ours.length || r < theirs.length; ) {
    const mine = ours[l];
    const theirsNow = theirs[r];
    if (mine && theirsNow) {
      if (mine.element === theirsNow.element) {
        takeTheirs(theirsNow);
        l++;
        r++;
        next++;
        continue;
      }
      if (after.has(mine.element) && next < shared.length && shared[next] !== mine.element) {
        l++;
        continue;
      }
    }
    if (mine) {
      if (!after.has(mine.element)) {
        out.push(mine.value);
        l++;
        continue;
      }
      if (merged.has(mine.element)) l++;
    }
    if (theirsNow) {
      takeTheirs(theirsNow);
      r++;
      if (shared[next] === theirsNow.element) next++;
    }
  }
  return out;
}
