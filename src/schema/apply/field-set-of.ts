import { elementOf } from './compare.ts';
import { type FieldSet, LEAF, type MutableSet, sorted } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import { isMap, kindOf, type ListShape, type MapShape, type SchemaNode } from './schema-node.ts';

/** The fields that an applied configuration names: each leaf and each list item (typed/tofieldset.go). */
export function fieldSetOf(value: unknown, schema: SchemaNode): FieldSet {
  return walk(value, schema) ?? LEAF;
}

/** Undefined: nothing to own, not even the field itself. */
function walk(value: unknown, node: SchemaNode): FieldSet | undefined {
  switch (kindOf(node, value)) {
    case 'map':
      return node.map!.atomic ? LEAF : isMap(value) ? walkMap(value, node.map!) : undefined;
    case 'list':
      if (node.list!.relation === 'atomic') return LEAF;
      return Array.isArray(value) ? walkList(value, node.list!) : undefined;
    default:
      return LEAF;
  }
}

function walkMap(map: Record<string, unknown>, shape: MapShape): FieldSet | undefined {
  let out: MutableSet | undefined;
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value === undefined) continue;
    const field = shape.fields?.get(key);
    const child = field ? field.node : shape.element;
    if (!child) continue;
    const below = walk(value, child);
    // Free keys are owned besides what they hold; so is what holds nothing.
    const self = !field || value === null || (isMap(value) && Object.keys(value).length === 0);
    const node = self ? withSelf(below) : below;
    if (!node) continue;
    out ??= {};
    out[field ? field.element : `f:${key}`] = node;
  }
  return out && sorted(out);
}

function walkList(list: readonly unknown[], shape: ListShape): FieldSet | undefined {
  const items = new Map<PathElement, unknown>();
  const repeated = new Set<PathElement>();
  for (const item of list) {
    const element = elementOf(shape, item);
    if (items.has(element)) repeated.add(element);
    else items.set(element, item);
  }
  const out: MutableSet = {};
  for (const [element, item] of items) {
    out[element] = repeated.has(element) ? LEAF : withSelf(walk(item, shape.element));
  }
  return items.size ? sorted(out) : undefined;
}

const withSelf = (below: FieldSet | undefined): FieldSet =>
  below === undefined || below === LEAF || Object.hasOwn(below, '.')
    ? (below ?? LEAF)
    : { '.': LEAF, ...below };
