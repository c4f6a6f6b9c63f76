import { type FieldSet, hasChildren, isEmpty, LEAF, type MutableSet } from './field-set.ts';
import { childNode, firstKind, isDeducedMap, type SchemaNode } from './schema-node.ts';

/** What a set of fields looks like in the light of a type. */

/**
 * The set with the declared fields that lead to its members as members themselves: owning `spec.replicas` then is owning
 * `spec` too, while the keys of free maps stay as they are (Set.EnsureNamedFieldsAreMembers).
 */
export function withNamedFields(set: FieldSet, schema: SchemaNode | undefined): FieldSet {
  const out: MutableSet = {};
  for (const key of Object.keys(set)) {
    const node = set[key]!;
    if (key === '.' || !hasChildren(node)) {
      out[key] = node;
      continue;
    }
    const name = key.startsWith('f:') ? key.slice(2) : undefined;
    const child =
      name !== undefined
        ? schema?.map && childNode(schema.map, name)
        : key.startsWith('k:')
          ? schema?.list?.element
          : undefined;
    const below = withNamedFields(node, child);
    const declared = name !== undefined && schema?.map?.fields?.has(name) === true;
    out[key] = declared && !Object.hasOwn(below, '.') ? { '.': LEAF, ...below } : below;
  }
  return out;
}

/**
 * The set made to fit a type that has changed since the set was written: where a map or list has become atomic, what was
 * owned below it becomes the whole (typed/reconcile_schema.go). The set itself where it fits.
 */
export function reconcile(set: FieldSet, schema: SchemaNode): FieldSet {
  if (fits.get(set) === schema) return set;
  const out = isEmpty(set) ? set : reconcileNode(set, schema);
  fits.set(out, schema);
  return out;
}

/** Sets live as long as the object they are stored with: what was found of one holds for the next request. */
const fits = new WeakMap<FieldSet, SchemaNode>();

function reconcileNode(set: FieldSet, node: SchemaNode): FieldSet {
  const kind = firstKind(node);
  if (kind === 'map') {
    const map = node.map!;
    if (isDeducedMap(map)) return set;
    if (map.atomic) return LEAF;
    return eachChild(set, (key) => (key.startsWith('f:') ? childNode(map, key.slice(2)) : map.element));
  }
  if (kind === 'list') {
    const list = node.list!;
    return list.relation === 'atomic' ? LEAF : eachChild(set, () => list.element);
  }
  return set;
}

function eachChild(set: FieldSet, typeOf: (key: string) => SchemaNode | undefined): FieldSet {
  let out: MutableSet | undefined;
  for (const key of Object.keys(set)) {
    const child = set[key]!;
    if (key === '.' || !hasChildren(child)) continue;
    const node = typeOf(key);
    const next = node ? reconcileNode(child, node) : child;
    if (next === child) continue;
    out ??= { ...set };
    out[key] = next;
  }
  return out ?? set;
}
