import { compareElements, type PathElement, readElement } from './path-element.ts';
import { isMap } from './schema-node.ts';

/**
 * A set of fields in the form in which FieldsV1 stores it: a tree whose keys are path elements. An empty node is a
 * field that is in the set; a node with others below is in the set itself where it has the key `.`. Sets are never
 * changed once made, and share what they have in common (structured-merge-diff fieldpath/set.go, serialize.go).
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

export type MutableSet = Record<PathElement, FieldSet>;

const SELF = '.';

/** A field that is in the set, with none below it. Also the set of nothing. */
export const LEAF: FieldSet = Object.freeze({});
export const EMPTY: FieldSet = LEAF;

const has = (set: FieldSet, key: string): boolean => Object.hasOwn(set, key);

/** Whether a node stands for a field that is in the set, and not only for those below it. */
export function isMember(node: FieldSet): boolean {
  for (const key in node) return key === SELF || has(node, SELF);
  return true;
}

/** Whether a node has fields below it. */
export function hasChildren(node: FieldSet): boolean {
  for (const key in node) if (key !== SELF) return true;
  return false;
}

export function isEmpty(set: FieldSet | undefined): boolean {
  return set === undefined || !hasChildren(set);
}

/** A node out of its membership and of what is below; undefined where there is neither. */
function node(member: boolean, below: MutableSet | undefined): FieldSet | undefined {
  if (below === undefined) return member ? LEAF : undefined;
  return member ? { [SELF]: LEAF, ...below } : below;
}

/** The fields of either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  const out: MutableSet = { ...a };
  for (const key of Object.keys(b)) {
    if (key === SELF) continue;
    const mine = a[key];
    const yours = b[key]!;
    out[key] = mine && has(a, key) ? unionNodes(mine, yours) : yours;
  }
  return sorted(out);
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const member = isMember(a) || isMember(b);
  if (!hasChildren(a) && !hasChildren(b)) return LEAF;
  const below = union(withoutSelf(a), withoutSelf(b));
  return node(member, below as MutableSet)!;
}

/** The fields of both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return common(a, b) ?? EMPTY;
}

function common(a: FieldSet, b: FieldSet): MutableSet | undefined {
  if (a === b) return hasChildren(a) ? (withoutSelf(a) as MutableSet) : undefined;
  let out: MutableSet | undefined;
  for (const key of Object.keys(a)) {
    if (key === SELF || !has(b, key)) continue;
    const mine = a[key]!;
    const yours = b[key]!;
    const kept = node(isMember(mine) && isMember(yours), common(mine, yours));
    if (!kept) continue;
    out ??= {};
    out[key] = kept;
  }
  return out;
}

/** The fields of `a` that are not in `b`; a field stays though its parent or its children are in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false) ?? EMPTY;
}

/** The fields of `a` that are not in `b` nor below a field of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true) ?? EMPTY;
}

/** Undefined for nothing left; `a` itself where nothing goes. */
function subtract(a: FieldSet, b: FieldSet, recursive: boolean): MutableSet | undefined {
  let out: MutableSet | undefined;
  let changed = has(a, SELF);
  for (const key of Object.keys(a)) {
    if (key === SELF) continue;
    const mine = a[key]!;
    let kept: FieldSet | undefined = mine;
    if (has(b, key)) {
      const yours = b[key]!;
      const taken = isMember(yours);
      if (recursive && taken) kept = undefined;
      else if (taken || hasChildren(yours)) {
        const member = isMember(mine);
        const below = hasChildren(mine) ? subtract(mine, yours, recursive) : undefined;
        const left = member && !taken;
        kept = left === member && below !== undefined && sameBelow(mine, below) ? mine : node(left, below);
        if (!hasChildren(mine) && left) kept = mine;
      }
    }
    if (kept !== mine) changed = true;
    if (!kept) continue;
    out ??= {};
    out[key] = kept;
  }
  return changed ? out : hasChildren(a) ? (a as MutableSet) : undefined;
}

function sameBelow(before: FieldSet, below: FieldSet): boolean {
  if (before === below) return true;
  const keys = Object.keys(below);
  const size = Object.keys(before).length - (has(before, SELF) ? 1 : 0);
  return keys.length === size && keys.every((key) => before[key] === below[key]);
}

function withoutSelf(set: FieldSet): FieldSet {
  if (!has(set, SELF)) return set;
  const { [SELF]: _, ...rest } = set;
  return rest;
}

/** Whether the field at the path is in the set. */
export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  if (path.length === 0) return false;
  let at = set;
  for (const element of path) {
    if (!has(at, element)) return false;
    at = at[element]!;
  }
  return isMember(at);
}

/** The set of the one field at the path. */
export function setOf(path: readonly PathElement[]): FieldSet {
  let out = LEAF;
  for (let i = path.length - 1; i >= 0; i--) out = { [path[i]!]: out };
  return out;
}

/** The set of the fields at the paths. */
export const setOfAll = (paths: readonly (readonly PathElement[])[]): FieldSet =>
  paths.reduce<FieldSet>((set, path) => union(set, setOf(path)), EMPTY);

/** All paths of the set: those that end at a level before those that go on from it. */
export function paths(set: FieldSet): PathElement[][] {
  const out: PathElement[][] = [];
  collect(set, [], out);
  return out;
}

function collect(set: FieldSet, prefix: readonly PathElement[], out: PathElement[][]): void {
  const keys = Object.keys(set)
    .filter((key) => key !== SELF)
    .sort(compareElements);
  for (const key of keys) if (isMember(set[key]!)) out.push([...prefix, key]);
  for (const key of keys) if (hasChildren(set[key]!)) collect(set[key]!, [...prefix, key], out);
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => has(b, key) && sameSet(a[key]!, b[key]!));
}

/** The set with its keys in FieldsV1's order; itself where they are. Levels below are taken to be in order. */
export function sorted(set: MutableSet): FieldSet {
  const keys = Object.keys(set);
  if (inOrder(keys)) return set;
  const out: MutableSet = {};
  for (const key of keys.sort(compareKeys)) out[key] = set[key]!;
  return out;
}

function compareKeys(a: string, b: string): number {
  if (a === SELF) return b === SELF ? 0 : -1;
  return b === SELF ? 1 : compareElements(a, b);
}

function inOrder(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (compareKeys(keys[i - 1]!, keys[i]!) > 0) return false;
  return true;
}

/**
 * Reads a set out of FieldsV1 as a client or the store holds it: steps of unknown kinds are left out, texts made
 * canonical. Returns the given object where nothing had to be done. Throws for what is no set.
 */
export function readFieldSet(fields: unknown): FieldSet {
  if (fields === null || fields === undefined) return EMPTY;
  if (!isMap(fields)) throw new TypeError('fieldsV1 must be an object');
  return readNode(fields);
}

function readNode(fields: Record<string, unknown>): FieldSet {
  const out: MutableSet = {};
  let same = true;
  let member = false;
  let below = false;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (key === SELF) {
      member = true;
      out[SELF] = LEAF;
      continue;
    }
    const element = readElement(key);
    if (element === undefined) {
      same = false;
      continue;
    }
    if (value !== null && !isMap(value)) throw new TypeError(`${key}: expected an object`);
    const child = value === null ? LEAF : readNode(value);
    if (child !== value || element !== key) same = false;
    out[element] = has(out, element) ? unionNodes(out[element]!, child) : child;
    below = true;
  }
  if (!below) return same && !member ? (fields as FieldSet) : LEAF;
  const ordered = sorted(out);
  return same && ordered === out ? (fields as FieldSet) : ordered;
}
