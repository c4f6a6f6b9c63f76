import { elementOf } from './compare.ts';
import { EMPTY, type FieldSet, hasChildren, isMember } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import {
  childNode,
  isMap,
  kindOf,
  type ListShape,
  type MapShape,
  put,
  type SchemaNode,
} from './schema-node.ts';

/**
 * The value without the fields and items of the set (typed/remove.go). What becomes empty stays, empty; the value is
 * not changed, and is returned where nothing goes.
 */
export function removeItems(value: unknown, set: FieldSet, schema: SchemaNode): unknown {
  if (!hasChildren(set)) return value;
  const kind = kindOf(schema, value);
  if (kind === 'map') return isMap(value) ? removeFromMap(value, set, schema.map!) : null;
  if (kind === 'list') return Array.isArray(value) ? removeFromList(value, set, schema.list!) : null;
  return value;
}

const isIn = (set: FieldSet, element: PathElement): boolean =>
  Object.hasOwn(set, element) && isMember(set[element]!);

const below = (set: FieldSet, element: PathElement): FieldSet =>
  Object.hasOwn(set, element) ? set[element]! : EMPTY;

function removeFromMap(map: Record<string, unknown>, set: FieldSet, shape: MapShape): unknown {
  const keys = Object.keys(map);
  if (keys.length === 0 || shape.atomic) return null;
  const out: Record<string, unknown> = {};
  let touched = false;
  for (const key of keys) {
    const element = shape.fields?.get(key)?.element ?? `f:${key}`;
    if (isIn(set, element)) continue;
    const rest = below(set, element);
    const child = childNode(shape, key);
    if (hasChildren(rest) && child) {
      touched = true;
      put(out, key, removeBelow(map[key], rest, child));
    } else put(out, key, map[key]);
  }
  return Object.keys(out).length || touched ? out : null;
}

function removeFromList(list: readonly unknown[], set: FieldSet, shape: ListShape): unknown {
  if (list.length === 0 || shape.relation === 'atomic') return null;
  const out: unknown[] = [];
  let touched = false;
  for (const item of list) {
    const element = elementOf(shape, item);
    if (isIn(set, element)) continue;
    const rest = below(set, element);
    if (hasChildren(rest)) {
      touched = true;
      out.push(removeBelow(item, rest, shape.element));
    } else out.push(item);
  }
  return out.length || touched ? out : null;
}

function removeBelow(value: unknown, set: FieldSet, node: SchemaNode): unknown {
  const left = removeItems(value, set, node);
  if (left !== null) return left;
  if (isMap(value)) return {};
  return Array.isArray(value) ? [] : null;
}
