import { type FieldSet, isMember, LEAF, type MutableSet, sorted } from './field-set.ts';
import { itemElement, type PathElement, PathElementError } from './path-element.ts';
import {
  type Kind,
  kindOf,
  type ListShape,
  type MapShape,
  own,
  type SchemaNode,
  sameShape,
  sameValue,
} from './schema-node.ts';

/** What a change did to an object's fields; undefined where nothing. */
export interface Comparison {
  /** Fields that are new, or hold another value. */
  readonly changed: FieldSet | undefined;
  /** Fields that are gone. */
  readonly removed: FieldSet | undefined;
}

/** A list in an object has items that no path leads to; ownership cannot be told. */
export class UntypedObjectError extends Error {}

/**
 * Compares two objects of one type (structured-merge-diff typed/compare.go, Added and Modified as one). What is the
 * same JavaScript object on both sides is not looked into.
 *
 * @param skip fields that are left out, with all below them
 */
export function compare(left: unknown, right: unknown, schema: SchemaNode, skip?: FieldSet): Comparison {
  const change = compareNode(left, right, schema, skip);
  return { changed: below(change.changed), removed: below(change.removed) };
}

/** The object as a whole is nobody's. */
function below(set: FieldSet | undefined): FieldSet | undefined {
  if (set === undefined || set === LEAF) return undefined;
  if (!Object.hasOwn(set, '.')) return set;
  const { '.': _, ...rest } = set;
  return Object.keys(rest).length ? rest : undefined;
}

interface Change {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const NOTHING: Change = { changed: undefined, removed: undefined };
const CHANGED: Change = { changed: LEAF, removed: undefined };
const REMOVED: Change = { changed: undefined, removed: LEAF };

/** `undefined` stands for a field that is not there. */
function compareNode(left: unknown, right: unknown, node: SchemaNode, skip: FieldSet | undefined): Change {
  if (left === right) return NOTHING;
  if (right === undefined) return compareAs(kindOf(node, left), left, right, node, skip);
  const kind = kindOf(node, right);
  if (left === undefined || sameShape(node, left, right)) return compareAs(kind, left, right, node, skip);
  const first = compareAs(kindOf(node, left), left, right, node, skip);
  const second = compareAs(kind, left, right, node, skip);
  return {
    changed: both(first.changed, second.changed),
    removed: both(first.removed, second.removed),
  };
}

function both(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const out: MutableSet = { ...a, ...b };
  if ((isMember(a) || isMember(b)) && Object.keys(out).length) return sorted({ '.': LEAF, ...out });
  return sorted(out);
}

function compareAs(
  kind: Kind,
  left: unknown,
  right: unknown,
  node: SchemaNode,
  skip: FieldSet | undefined,
): Change {
  if (kind === 'map') return compareMaps(left, right, node.map!, skip);
  if (kind === 'list') return compareLists(left, right, node.list!);
  return compareLeaf(left, right);
}

function compareLeaf(left: unknown, right: unknown): Change {
  if (left === undefined) return CHANGED;
  if (right === undefined) return REMOVED;
  return sameValue(left, right) ? NOTHING : CHANGED;
}

const asMap = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

function compareMaps(left: unknown, right: unknown, shape: MapShape, skip: FieldSet | undefined): Change {
  const before = asMap(left);
  const after = asMap(right);
  const beforeKeys = before ? Object.keys(before) : [];
  const afterKeys = after ? Object.keys(after) : [];
  // Nothing on both sides is a leaf, so that null, absent and empty stay apart.
  if (shape.atomic || (beforeKeys.length === 0 && afterKeys.length === 0)) return compareLeaf(left, right);
  const out = new Builder(left === undefined, right === undefined);
  for (const key of afterKeys) {
    const value = after![key];
    if (value === undefined) continue;
    const old = before ? own(before, key) : undefined;
    if (old !== value) compareField(key, old, value, shape, skip, out);
  }
  for (const key of beforeKeys) {
    const old = before![key];
    if (old !== undefined && (after === undefined || own(after, key) === undefined)) {
      compareField(key, old, undefined, shape, skip, out);
    }
  }
  return out.change();
}

function compareField(
  key: string,
  left: unknown,
  right: unknown,
  shape: MapShape,
  skip: FieldSet | undefined,
  out: Builder,
): void {
  const field = shape.fields?.get(key);
  const element = field ? field.element : `f:${key}`;
  let skipBelow: FieldSet | undefined;
  if (skip && Object.hasOwn(skip, element)) {
    skipBelow = skip[element]!;
    if (isMember(skipBelow)) return;
  }
  const child = field ? field.node : shape.element;
  if (child) out.add(element, compareNode(left, right, child, skipBelow));
}

function compareLists(left: unknown, right: unknown, shape: ListShape): Change {
  const before = Array.isArray(left) ? left : [];
  const after = Array.isArray(right) ? right : [];
  if (shape.relation === 'atomic' || (before.length === 0 && after.length === 0))
    return compareLeaf(left, right);
  const out = new Builder(left === undefined, right === undefined);
  const old = index(before, shape);
  const now = index(after, shape);
  for (const [element, items] of now) compareItems(element, old.get(element), items, shape, out);
  for (const [element, items] of old)
    if (!now.has(element)) compareItems(element, items, undefined, shape, out);
  return out.change();
}

/** Items by path, in the list's order; more than one where the list repeats itself. */
function index(list: readonly unknown[], shape: ListShape): Map<PathElement, unknown[]> {
  const items = new Map<PathElement, unknown[]>();
  for (const item of list) {
    const element = elementOf(shape, item);
    const same = items.get(element);
    if (same) same.push(item);
    else items.set(element, [item]);
  }
  return items;
}

export function elementOf(shape: ListShape, item: unknown): PathElement {
  try {
    return itemElement(shape, item);
  } catch (error) {
    if (error instanceof PathElementError) throw new UntypedObjectError(error.message);
    throw error;
  }
}

function compareItems(
  element: PathElement,
  old: readonly unknown[] | undefined,
  now: readonly unknown[] | undefined,
  shape: ListShape,
  out: Builder,
): void {
  const before = old?.length ?? 0;
  const after = now?.length ?? 0;
  if (before <= 1 && after <= 1) out.add(element, compareNode(old?.[0], now?.[0], shape.element, undefined));
  // Items that repeat one another are one leaf together.
  else if (before >= 2 && after >= 2) {
    if (!sameValue(old, now)) out.add(element, CHANGED);
  } else if (before >= 2) {
    if (after) out.add(element, compareNode(undefined, now![0], shape.element, undefined));
    out.add(element, REMOVED);
  } else {
    if (before) out.add(element, compareNode(old![0], undefined, shape.element, undefined));
    out.add(element, CHANGED);
  }
}

/** Collects the changes below one field, and of the field itself where it came or went. */
class Builder {
  private changed: MutableSet | undefined;
  private removed: MutableSet | undefined;
  private readonly added: boolean;
  private readonly gone: boolean;

  constructor(added: boolean, gone: boolean) {
    this.added = added;
    this.gone = gone;
  }

  add(element: PathElement, { changed, removed }: Change): void {
    if (changed) {
      this.changed ??= this.added ? { '.': LEAF } : {};
      const before = this.changed[element];
      this.changed[element] = before ? both(before, changed)! : changed;
    }
    if (removed) {
      this.removed ??= this.gone ? { '.': LEAF } : {};
      const before = this.removed[element];
      this.removed[element] = before ? both(before, removed)! : removed;
    }
  }

  change(): Change {
    return {
      changed: this.changed ? sorted(this.changed) : this.added ? LEAF : undefined,
      removed: this.removed ? sorted(this.removed) : this.gone ? LEAF : undefined,
    };
  }
}
