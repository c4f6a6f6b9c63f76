import { contains } from '../comparison.ts';
import { type CallEstimator, ONE, plus, scaled, times } from '../cost-estimate.ts';
import { overload } from '../declarations.ts';
import type { CallCost, Library } from '../library.ts';
import { BOOL, listType, typeParam } from '../types.ts';
import { type CelList, type CelValue, sizeForCost } from '../values.ts';

const T = listType(typeParam('T'));

function holdsAll(list: CelList, part: CelList): CelValue {
  for (let i = 0; i < part.length; i++) {
    const found = contains(list, part.at(i));
    if (found !== true) return found;
  }
  return true;
}

function intersects(a: CelList, b: CelList): CelValue {
  for (let i = 0; i < a.length; i++) if (contains(b, a.at(i)) === true) return true;
  return false;
}

function equivalent(a: CelList, b: CelList): CelValue {
  const forth = holdsAll(a, b);
  return forth === true ? holdsAll(b, a) : forth;
}

const product =
  (factor: number): CallCost =>
  (args) =>
    1 + Math.floor(sizeForCost(args[0]!) * sizeForCost(args[1]!) * factor);

const productEstimate =
  (factor: number): CallEstimator =>
  (_target, args, size) =>
    args.length === 2
      ? { cost: plus(scaled(times(size(args[0]!), size(args[1]!)), factor), ONE) }
      : undefined;

/** sets.contains(), sets.equivalent() and sets.intersects(). */
export const SETS: Library = {
  name: 'cel.lib.ext.sets',
  functions: [
    {
      name: 'sets.contains',
      overloads: [
        overload('list_sets_contains_list', [T, T], BOOL, (a, b) => holdsAll(a as CelList, b as CelList)),
      ],
    },
    {
      name: 'sets.equivalent',
      overloads: [
        overload('list_sets_equivalent_list', [T, T], BOOL, (a, b) => equivalent(a as CelList, b as CelList)),
      ],
    },
    {
      name: 'sets.intersects',
      overloads: [
        overload('list_sets_intersects_list', [T, T], BOOL, (a, b) => intersects(a as CelList, b as CelList)),
      ],
    },
  ],
  costs: {
    list_sets_contains_list: product(1),
    list_sets_intersects_list: product(1),
    list_sets_equivalent_list: product(2),
  },
  estimates: {
    list_sets_contains_list: productEstimate(1),
    list_sets_intersects_list: productEstimate(1),
    list_sets_equivalent_list: productEstimate(2),
  },
};
