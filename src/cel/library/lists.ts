import { compare, equals, isOrdered } from '../comparison.ts';
import {
  type CallEstimate,
  type CallEstimator,
  type EstimateNode,
  fixed,
  MOST,
  plus,
  type Range,
  scaled,
  times,
} from '../cost-estimate.ts';
import { type FunctionDecl, member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { CallCost, Library } from '../library.ts';
import { bind, expandMap, type Macro, MacroError } from '../macros.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from '../types.ts';
import { ArrayList, CelInt, CelList, type CelValue, int, sizeForCost, typeOfValue } from '../values.ts';
import { charge } from '../work.ts';

const ORDERED = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];
const T = typeParam('T');
const LIST_T = listType(T);

function slice(list: CelList, start: number, end: number): CelValue {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0 || end < 0) return error(`${call}, negative indexes not supported`);
  if (start > end) return error(`${call}, start index must be less than or equal to end index`);
  if (list.length < end) return error(`${call}, list is length ${list.length}`);
  charge(end - start);
  const items: CelValue[] = [];
  for (let i = start; i < end; i++) items.push(list.at(i));
  return new ArrayList(items);
}

function flatten(list: CelList, depth: number, into: CelValue[]): void {
  charge(list.length);
  for (let i = 0; i < list.length; i++) {
    const item = list.at(i);
    if (item instanceof CelList && depth > 0) flatten(item, depth - 1, into);
    else into.push(item);
  }
}

function flattened(list: CelValue, depth: CelValue): CelValue {
  if (!(list instanceof CelList) || !(depth instanceof CelInt)) return noSuchOverload(list);
  if (depth.n < 0) return error('level must be non-negative');
  const items: CelValue[] = [];
  flatten(list, depth.n, items);
  return new ArrayList(items);
}

function sortBy(list: CelList, keys: CelList): CelValue {
  if (list.length !== keys.length) {
    return error(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.length} and ${keys.length} elements respectively`,
    );
  }
  if (list.length === 0) return list;
  charge(list.length);
  const items: { key: CelValue; value: CelValue }[] = [];
  for (let i = 0; i < list.length; i++) items.push({ key: keys.at(i), value: list.at(i) });
  const first = items[0]!.key;
  if (!isOrdered(first)) return error('list elements must be comparable');
  const type = typeOfValue(first).name;
  if (items.length > 1 && items.some((item) => typeOfValue(item.key).name !== type)) {
    return error('list elements must have the same type');
  }
  items.sort((a, b) => {
    charge(1);
    const order = compare(a.key, b.key);
    return typeof order === 'number' ? order : 0;
  });
  return new ArrayList(items.map((item) => item.value));
}

function range(count: number): CelValue {
  charge(Math.max(0, count));
  return new ArrayList(Array.from({ length: Math.max(0, count) }, (_, i) => int(i)));
}

function reversed(list: CelList): CelValue {
  charge(list.length);
  const items: CelValue[] = [];
  for (let i = list.length - 1; i >= 0; i--) items.push(list.at(i));
  return new ArrayList(items);
}

function distinct(list: CelList): CelValue {
  if (list.length === 0) return list;
  const items: CelValue[] = [];
  for (let i = 0; i < list.length; i++) {
    const value = list.at(i);
    if (!items.some((known) => equals(value, known) === true)) items.push(value);
  }
  return new ArrayList(items);
}

/** list.sortBy(x, key): the list bound to a name, its keys mapped from it, and both given to a hidden function. */
const SORT_BY: Macro = {
  name: 'sortBy',
  receiver: true,
  args: 2,
  expand(make, target, args) {
    if (!['list', 'select', 'ident', 'comprehension', 'call'].includes(target!.kind)) {
      return new MacroError(
        target!.id,
        'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
      );
    }
    const name = '@__sortBy_input__';
    const keys = expandMap(make, make.ident(name), args);
    if (keys instanceof MacroError) return keys;
    return bind(make, name, target!, make.memberCall('@sortByAssociatedKeys', make.ident(name), keys));
  },
};

function functions(version: number): FunctionDecl[] {
  const out: FunctionDecl[] = [
    {
      name: 'slice',
      overloads: [
        member('list_slice', [LIST_T, INT, INT], LIST_T, (list, start, end) =>
          slice(list as CelList, (start as CelInt).n, (end as CelInt).n),
        ),
      ],
    },
  ];
  if (version >= 1) {
    out.push({
      name: 'flatten',
      unguarded: true,
      overloads: [
        member('list_flatten', [listType(LIST_T)], LIST_T, (list) => flattened(list!, int(1))),
        member('list_flatten_int', [listType(DYN), INT], listType(DYN), (list, depth) =>
          flattened(list!, depth!),
        ),
      ],
    });
  }
  if (version < 2) return out;
  out.push(
    {
      name: 'sort',
      overloads: ORDERED.map((type) => member(`list_${type.name}_sort`, [listType(type)], listType(type))),
      accepts: (value) => value instanceof CelList,
      run: (list) => sortBy(list as CelList, list as CelList),
    },
    {
      name: '@sortByAssociatedKeys',
      overloads: ORDERED.map((type) =>
        member(`list_${type.name}_sortByAssociatedKeys`, [LIST_T, listType(type)], LIST_T),
      ),
      accepts: (value) => value instanceof CelList,
      run: (list, keys) => (keys instanceof CelList ? sortBy(list as CelList, keys) : noSuchOverload(keys)),
    },
    {
      name: 'lists.range',
      overloads: [overload('lists_range', [INT], listType(INT), (count) => range((count as CelInt).n))],
    },
    {
      name: 'reverse',
      overloads: [member('list_reverse', [LIST_T], LIST_T, (list) => reversed(list as CelList))],
    },
    {
      name: 'distinct',
      overloads: [member('list_distinct', [LIST_T], LIST_T, (list) => distinct(list as CelList))],
    },
  );
  return out;
}

const allocating = (factor: number, size: number): number => Math.floor(size * factor) + 1 + 10;
const outputSize: CallCost = (_args, result) => allocating(1, sizeForCost(result));

/** Comparing every element with every other, dearer where each comparison walks a text. */
function comparing(list: CelValue): number {
  const size = sizeForCost(list);
  if (!(list instanceof CelList) || size === 0) return allocating(2, 0);
  const first = list.at(0);
  const walks = typeof first === 'string' || first instanceof Uint8Array;
  return allocating(walks ? 2.1 : 2, size * size);
}

/** A call that makes a list of a size, at so much for each element. */
function making(factor: number, size: Range): CallEstimate {
  return { cost: plus(scaled(size, factor), fixed(1 + 10)), size };
}

function literalInt(node: EstimateNode, otherwise: number): number {
  const { expr } = node;
  return expr?.kind === 'literal' && expr.value instanceof CelInt ? Math.max(0, expr.value.n) : otherwise;
}

const flattening: CallEstimator = (target, args, size) =>
  target && making(args[0] ? literalInt(args[0], MOST) : 1, size(target));

const comparingEstimate =
  (
    of: (target: EstimateNode, args: readonly EstimateNode[]) => EstimateNode | undefined,
    factor = 2,
  ): CallEstimator =>
  (target, args, size) => {
    const list = target && of(target, args);
    return list && making(factor, times(size(list), size(list)));
  };

function estimates(): Record<string, CallEstimator> {
  const out: Record<string, CallEstimator> = {
    list_slice: (target, args, size) => {
      if (!target || args.length !== 2) return undefined;
      const length = literalInt(args[1]!, size(target).max) - literalInt(args[0]!, 0);
      return making(1, fixed(length < 0 ? MOST : length));
    },
    list_flatten: flattening,
    list_flatten_int: flattening,
    lists_range: (target, args) =>
      target || !args[0] ? undefined : making(1, fixed(literalInt(args[0], MOST))),
    list_reverse: (target, _args, size) => target && making(1, size(target)),
    list_distinct: comparingEstimate((target) => target),
  };
  for (const type of ORDERED) {
    const factor = type === STRING || type === BYTES ? 2.1 : 2;
    out[`list_${type.name}_sort`] = comparingEstimate((target) => target, factor);
    out[`list_${type.name}_sortByAssociatedKeys`] = comparingEstimate((_target, args) => args[0], factor);
  }
  return out;
}

/** The lists extension. Versions as in cel-go: 3 changes costs alone. Kubernetes has version 3. */
export function lists(version: 0 | 1 | 2 | 3): Library {
  const costs: Record<string, CallCost> = {
    list_slice: outputSize,
    list_flatten: (args) => allocating(1, sizeForCost(args[0]!)),
    list_flatten_int: (args) => {
      const depth = args[1];
      return allocating(depth instanceof CelInt ? depth.n : 1, sizeForCost(args[0]!));
    },
    lists_range: outputSize,
    list_reverse: outputSize,
    list_distinct: (args) => comparing(args[0]!),
  };
  for (const type of ORDERED) {
    costs[`list_${type.name}_sort`] = (args) => comparing(args[0]!);
    costs[`list_${type.name}_sortByAssociatedKeys`] = (args) => comparing(args[1]!);
  }
  return {
    name: 'cel.lib.ext.lists',
    functions: functions(version),
    ...(version >= 2 ? { macros: [SORT_BY] } : {}),
    ...(version >= 3 ? { costs, estimates: estimates() } : {}),
  };
}
