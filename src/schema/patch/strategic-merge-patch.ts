import { badRequestError } from '../../meta/status.ts';
import { own, put, type SchemaField, type SchemaNode } from '../apply/schema-node.ts';
import { goValue } from './go-value.ts';
import { jsonTypeName, readJson } from './json-text.ts';
import { checkOrder, elementType, KeyIndex, partition, typeOf } from './list-items.ts';
import { normalizeOrder } from './list-order.ts';
import { itemNode, listField, patchField, strategyOf } from './patch-fields.ts';
import { type FieldValidation, type PatchResult, refused } from './patch-result.ts';
import {
  badArgument,
  badDirective,
  badElementOrder,
  badPrimitiveList,
  badRetainKeys,
  isObject,
  type Json,
  mergeDirective,
  noListMergeKey,
  noMergeKey,
  StrategicPatchFault,
} from './strategic-errors.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_PREFIX = '$deleteFromPrimitiveList';
const ORDER_PREFIX = '$setElementOrder';

/**
 * Applies a strategic merge patch, led by the schema's patch strategies and merge keys: `$patch` (replace, delete),
 * `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`. The object is not changed; the result
 * shares with it what the patch does not touch. Source: apimachinery pkg/util/strategicpatch/patch.go.
 *
 * @param object the object in the version that the client sees
 * @param text the body of the request; `null` changes nothing
 * @param schema of the object's type
 */
export function applyStrategicMergePatch(
  object: Json,
  text: string,
  schema: SchemaNode,
  validation: FieldValidation = 'Warn',
): PatchResult {
  const read = readJson(text);
  if (!read.ok) return refused(badRequestError(read.error));
  // Parsed here and held by nobody else: the merge may take it apart, and a refusal shows what is left of it.
  const patch = read.value ?? {};
  if (!isObject(patch)) {
    const why = `json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`;
    return refused(badRequestError(why));
  }
  try {
    const merged = mergeMap(object, patch, schema);
    return {
      ok: true,
      object: merged,
      strictErrors: validation === 'Ignore' ? [] : read.duplicates(),
      shown: () => goValue(patch),
    };
  } catch (error) {
    if (error instanceof StrategicPatchFault) return refused(error.status);
    if (error instanceof RangeError) return refused(badRequestError('exceeded max depth'));
    throw error;
  }
}

function mergeMap(original: Json, patch: Json, schema: SchemaNode | undefined): Json {
  if (Object.hasOwn(patch, DIRECTIVE)) return followDirective(patch);
  const out = { ...original };
  retainKeys(out, patch);
  mergeOrderedLists(out, patch, schema);
  for (const name of Object.keys(patch)) {
    const value = patch[name];
    const deletion = name.startsWith(DELETE_PREFIX);
    const key = deletion ? listName(name, DELETE_PREFIX) : name;
    if (value === null) {
      delete out[key];
      continue;
    }
    const current = own(out, key);
    if (!Object.hasOwn(out, key) || typeOf(current) !== typeOf(value)) {
      if (!deletion) take(out, key, value);
    } else if (isObject(value)) {
      const field = patchField(schema, key);
      const replace = strategyOf(field) === 'replace';
      put(out, key, replace ? value : mergeMap(current as Json, value, field.node));
    } else if (Array.isArray(value)) {
      const field = listField(schema, key);
      put(out, key, mergeListField(current as unknown[], value, field, deletion));
    } else put(out, key, value);
  }
  return out;
}

function followDirective(patch: Json): Json {
  const directive = patch[DIRECTIVE];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw badDirective(directive, patch);
  delete patch[DIRECTIVE];
  return patch;
}

/** A field that the object does not have, or has in another type: the patch's value, without nulls and directives. */
function take(out: Json, key: string, value: unknown): void {
  dropNulls(value);
  const kept = withoutDirectives(value);
  if (kept === undefined) delete out[key];
  else put(out, key, kept);
}

/** `$retainKeys`: what the object has beside the listed keys goes; what the patch sets must be listed. */
function retainKeys(out: Json, patch: Json): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const list = patch[RETAIN_KEYS];
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(list)) throw badRetainKeys();
  const retained = new Set<unknown>(list);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(DELETE_PREFIX) || key.startsWith(ORDER_PREFIX)) continue;
    if (!retained.has(key)) throw badRetainKeys();
  }
  for (const key of Object.keys(out)) if (!retained.has(key)) delete out[key];
}

/** Merges each list that the patch gives an order for, and takes list and order out of the patch. */
function mergeOrderedLists(out: Json, patch: Json, schema: SchemaNode | undefined): void {
  for (const name of Object.keys(patch)) {
    if (!name.startsWith(ORDER_PREFIX) || !Object.hasOwn(patch, name)) continue;
    const order = patch[name];
    delete patch[name];
    if (!Array.isArray(order)) throw badArgument([], order);
    const key = listName(name, ORDER_PREFIX);
    const current = Object.hasOwn(out, key) ? asList(out[key]) : undefined;
    const added = Object.hasOwn(patch, key) ? asList(patch[key]) : undefined;
    const field = listField(schema, key);
    checkOrder(added ?? [], order, field.patchMergeKey);
    let merged: unknown[];
    if (current && added) merged = mergeListField(current, added, field, false);
    else if (current) merged = current;
    else if (added) merged = withoutDirectives(added) as unknown[];
    else continue;
    const [named, others] = partition(merged, order, field.patchMergeKey);
    const maps = elementType([current ?? [], added ?? []]) === 'map';
    put(out, key, normalizeOrder(named, others, order, current ?? [], field.patchMergeKey, maps));
    delete patch[key];
  }
}

function asList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw badArgument([], value);
  return value;
}

function listName(key: string, prefix: string): string {
  const slash = key.indexOf('/');
  if (slash !== prefix.length) throw prefix === DELETE_PREFIX ? badPrimitiveList() : badElementOrder();
  return key.slice(slash + 1);
}

function mergeListField(
  current: unknown[],
  patch: unknown[],
  field: SchemaField,
  deletion: boolean,
): unknown[] {
  return strategyOf(field) === 'merge' || deletion ? mergeList(current, patch, field, deletion) : patch;
}

function mergeList(current: unknown[], patch: unknown[], field: SchemaField, deletion: boolean): unknown[] {
  if (current.length === 0 && patch.length === 0) return current;
  const maps = elementType([current, patch]) === 'map';
  const key = field.patchMergeKey;
  let server: unknown[] = current;
  let items: unknown[] = patch;
  let merged: unknown[];
  if (!maps) {
    if (deletion) {
      const gone = new Set(patch);
      return current.filter((item) => !gone.has(item));
    }
    merged = [...new Set([...current, ...patch])];
  } else {
    if (key === '') throw noListMergeKey('struct');
    [server, items] = followItemDirectives(current, patch, key);
    merged = mergeItems(server, items, key, itemNode(field));
  }
  const [named, others] = partition(merged, items, key);
  return normalizeOrder(named, others, items, server, key, maps);
}

/** `$patch` in items: deletes what bears the item's key, or lets the patch's other items replace the list. */
function followItemDirectives(current: unknown[], patch: unknown[], key: string): [unknown[], unknown[]] {
  const items: unknown[] = [];
  const deleted = new Set<unknown>();
  let replace = false;
  for (const item of patch as Json[]) {
    if (!Object.hasOwn(item, DIRECTIVE)) items.push(item);
    else if (item[DIRECTIVE] === 'delete') {
      if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
      deleted.add(item[key]);
    } else if (item[DIRECTIVE] === 'replace') replace = true;
    else if (item[DIRECTIVE] === 'merge') throw mergeDirective();
    else throw badDirective(item[DIRECTIVE], item);
  }
  if (replace) return [items, []];
  if (deleted.size === 0) return [current, items];
  return [
    current.filter((item) => !(Object.hasOwn(item as Json, key) && deleted.has((item as Json)[key]))),
    items,
  ];
}

function mergeItems(
  current: unknown[],
  patch: unknown[],
  key: string,
  node: SchemaNode | undefined,
): unknown[] {
  const out = [...current];
  const index = new KeyIndex(out, key);
  for (const item of patch as Json[]) {
    if (!Object.hasOwn(item, key)) throw noMergeKey(item, key);
    const at = index.find(item[key]);
    if (at >= 0) out[at] = mergeMap(out[at] as Json, item, node);
    else {
      index.add(item, out.length);
      out.push(item);
    }
  }
  return out;
}

function dropNulls(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) dropNulls(item);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key];
      else dropNulls(value[key]);
    }
  }
}

/** The value without what bears a `$patch`; undefined where it bears one itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept: unknown[] = [];
    for (const item of value) {
      const next = withoutDirectives(item);
      if (next !== undefined) kept.push(next);
    }
    return kept;
  }
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  for (const key of Object.keys(value)) {
    const next = withoutDirectives(value[key]);
    if (next === undefined) delete value[key];
    else put(value, key, next);
  }
  return value;
}
