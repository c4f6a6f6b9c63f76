import { add } from '../arithmetic.ts';
import { compare, equals } from '../comparison.ts';
import { type FunctionDecl, member } from '../declarations.ts';
import { error } from '../errors.ts';
import type { Library } from '../library.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from '../types.ts';
import { CelDuration, CelError, type CelList, type CelValue, int, uint } from '../values.ts';

/** Types with an order, by the names overload ids have for them. */
const ORDERED: readonly [string, CelType][] = [
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['bool', BOOL],
  ['duration', DURATION],
  ['timestamp', TIMESTAMP],
  ['string', STRING],
  ['bytes', BYTES],
];
const SUMMABLE: readonly [string, CelType, CelValue][] = [
  ['int', INT, int(0)],
  ['uint', UINT, uint(0)],
  ['double', DOUBLE, 0],
  ['duration', DURATION, new CelDuration(0n)],
];

function isSorted(list: CelList): CelValue {
  for (let i = 1; i < list.length; i++) {
    const order = compare(list.at(i - 1), list.at(i));
    if (order === 1) return false;
  }
  return true;
}

function sum(list: CelList, zero: CelValue): CelValue {
  let total = zero;
  for (let i = 0; i < list.length; i++) {
    total = add(total, list.at(i));
    if (total instanceof CelError) return total;
  }
  return total;
}

function extreme(name: 'min' | 'max'): FunctionDecl {
  const better = name === 'min' ? 1 : -1;
  const run = (list: CelList): CelValue => {
    if (list.length === 0) return error(`${name} called on empty list`);
    let best = list.at(0);
    for (let i = 1; i < list.length; i++) {
      const next = list.at(i);
      if (compare(best, next) === better) best = next;
    }
    return best;
  };
  return {
    name,
    overloads: ORDERED.map(([type, t]) =>
      member(`list_${type}_${name}_${type}`, [listType(t)], t, (list) => run(list as CelList)),
    ),
  };
}

function indexOf(list: CelList, item: CelValue, backwards: boolean): CelValue {
  for (let k = 0; k < list.length; k++) {
    const i = backwards ? list.length - 1 - k : k;
    if (equals(list.at(i), item) === true) return int(i);
  }
  return int(-1);
}

const A = typeParam('A');

/** Kubernetes' functions on lists (apiserver pkg/cel/library/lists.go). */
export const KUBERNETES_LISTS: Library = {
  name: 'kubernetes.lists',
  functions: [
    {
      name: 'isSorted',
      overloads: ORDERED.map(([name, type]) =>
        member(`list_${name}_is_sorted_bool`, [listType(type)], BOOL, (list) => isSorted(list as CelList)),
      ),
    },
    {
      name: 'sum',
      overloads: SUMMABLE.map(([name, type, zero]) =>
        member(`list_${name}_sum_${name}`, [listType(type)], type, (list) => sum(list as CelList, zero)),
      ),
    },
    extreme('max'),
    extreme('min'),
    {
      name: 'indexOf',
      overloads: [
        member('list_a_index_of_int', [listType(A), A], INT, (list, item) =>
          indexOf(list as CelList, item!, false),
        ),
      ],
    },
    {
      name: 'lastIndexOf',
      overloads: [
        member('list_a_last_index_of_int', [listType(A), A], INT, (list, item) =>
          indexOf(list as CelList, item!, true),
        ),
      ],
    },
  ],
};
