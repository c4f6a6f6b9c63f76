/**
 * What merging needs to know of a type: the shapes a value may have, who owns what inside it (listType, mapType), and
 * the strategic merge's keys. Built from the type table or from a CRD's schema; cyclic, never changed once built.
 * Sources: structured-merge-diff schema/elements.go, kube-openapi pkg/schemaconv, apimachinery pkg/util/strategicpatch/meta.go.
 */

/** `untyped` takes any scalar: times, quantities, int-or-string. */
export type Scalar = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface SchemaField {
  readonly name: string;
  /** The field's path element in FieldsV1: `f:name`. */
  readonly element: string;
  readonly node: SchemaNode;
  /** As the schema states it; undefined without one. Missing keys of list items take it. */
  readonly default: unknown;
  /** What an empty object of the type holds in the field: undefined where it is left out. */
  readonly zero: unknown;
  readonly patchStrategies: readonly string[];
  /** Empty: none. */
  readonly patchMergeKey: string;
}

export interface MapShape {
  /** Declared fields; undefined for a map with free keys. */
  fields: ReadonlyMap<string, SchemaField> | undefined;
  /** The type of keys that are no declared fields; undefined: there may be none. */
  element: SchemaNode | undefined;
  atomic: boolean;
}

export interface ListShape {
  element: SchemaNode;
  /** `set` and `map` lists own their items each for itself. */
  relation: 'atomic' | 'set' | 'map';
  /** Of a map list. */
  keys: readonly string[];
}

/** One type. More than one of scalar, list and map may be there: such a value is what it is found to be. */
export interface SchemaNode {
  /** The type's Go name, for messages: `PodSpec`. */
  name: string;
  scalar: Scalar | undefined;
  list: ListShape | undefined;
  map: MapShape | undefined;
}

export type Kind = 'scalar' | 'list' | 'map' | 'none';

/** A node to be filled: types may refer to themselves. */
export const blankNode = (name = ''): SchemaNode => ({
  name,
  scalar: undefined,
  list: undefined,
  map: undefined,
});

export const scalarNode = (scalar: Scalar): SchemaNode => ({ ...blankNode(), scalar });

/** Any value, owned as a whole. */
export const ATOMIC: SchemaNode = blankNode();
ATOMIC.scalar = 'untyped';
ATOMIC.list = { element: ATOMIC, relation: 'atomic', keys: [] };
ATOMIC.map = { fields: undefined, element: ATOMIC, atomic: true };

/** Any value without a schema: maps are owned key by key, lists as a whole (typed.DeducedParseableType). */
export const DEDUCED: SchemaNode = blankNode();
DEDUCED.scalar = 'untyped';
DEDUCED.list = { element: ATOMIC, relation: 'atomic', keys: [] };
DEDUCED.map = { fields: undefined, element: DEDUCED, atomic: false };

/** Whether nothing is known of a map but that it is one; its owned fields are then left as they are. */
export const isDeducedMap = (map: MapShape): boolean =>
  map.fields === undefined && map.element !== undefined && isUntyped(map.element);

const isUntyped = (node: SchemaNode): boolean =>
  node === DEDUCED || (node.scalar === 'untyped' && !node.list && !node.map);

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The shape that a value's walk takes: its own where the type allows it, else the type's first. */
export function kindOf(node: SchemaNode, value: unknown): Kind {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      if (node.scalar) return 'scalar';
      break;
    case 'object':
      if (value === null) break;
      if (Array.isArray(value)) {
        if (node.list) return 'list';
      } else if (node.map) return 'map';
      break;
  }
  return firstKind(node);
}

export function firstKind(node: SchemaNode): Kind {
  return node.map ? 'map' : node.scalar ? 'scalar' : node.list ? 'list' : 'none';
}

/** Whether two values of a type are walked as one shape (Atom.Equals after deduceAtom). */
export function sameShape(node: SchemaNode, left: unknown, right: unknown): boolean {
  return deduced(node, left) === deduced(node, right);
}

/** `*` stands for the type with all its shapes; where it has but one, that one. */
function deduced(node: SchemaNode, value: unknown): string {
  const shapes = (node.scalar ? 1 : 0) + (node.list ? 1 : 0) + (node.map ? 1 : 0);
  if (shapes === 1) return firstKind(node);
  if (value === null || value === undefined) return '*';
  if (Array.isArray(value)) return node.list ? 'list' : '*';
  if (typeof value === 'object') return node.map ? 'map' : '*';
  return node.scalar ? 'scalar' : '*';
}

/** The declared field or the type of free keys; undefined where the key is unknown. */
export function childNode(map: MapShape, key: string): SchemaNode | undefined {
  return map.fields?.get(key)?.node ?? map.element;
}

/** Reads a key that a client chose: never what every object inherits. */
export const own = (object: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** Writes a key that a client chose: `__proto__` becomes a field, not the prototype. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** Value equality of structured-merge-diff: null is no empty list, an absent key is no null. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameValue(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) if (!Object.hasOwn(right, key) || !sameValue(left[key], right[key])) return false;
  return true;
}
