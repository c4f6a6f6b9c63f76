import type { Expr } from './ast.ts';
import type { CelType } from './types.ts';

/**
 * A range of sizes or of costs. Beyond 2^64 nothing is told apart; that is the most there is, as in cel-go, whose
 * estimates are 64-bit integers that stop there.
 */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The most that a size or cost can be. */
export const MOST = 2 ** 64;

export const UNKNOWN: Range = { min: 0, max: MOST };
export const NOTHING: Range = { min: 0, max: 0 };
export const ONE: Range = { min: 1, max: 1 };

export const fixed = (n: number): Range => ({ min: n, max: n });

const capped = (n: number): number => Math.min(n, MOST);

export function plus(...ranges: readonly Range[]): Range {
  let min = 0;
  let max = 0;
  for (const range of ranges) {
    min = capped(min + range.min);
    max = capped(max + range.max);
  }
  return { min, max };
}

export function times(a: Range, b: Range): Range {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) };
}

/** Each end times a factor, rounded up. */
export function scaled(range: Range, factor: number): Range {
  return { min: capped(Math.ceil(range.min * factor)), max: capped(Math.ceil(range.max * factor)) };
}

/** The range that holds both. */
export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** What a call costs, and how large what comes of it is. */
export interface CallEstimate {
  cost: Range;
  size?: Range;
}

/** A part of an expression as estimators see it. */
export interface EstimateNode {
  /** The way to it from a variable: field names, `@items`, `@keys`, `@values`; undefined if there is none. */
  readonly path: readonly string[] | undefined;
  readonly type: CelType;
  /** Its size as far as the expression itself tells. */
  readonly computedSize: Range | undefined;
  readonly expr: Expr | undefined;
}

/** Sizes that only the data's schema can tell; undefined = unknown. */
export type SizeEstimator = (node: EstimateNode) => Range | undefined;

/** What a call of an overload costs; undefined = as if there were no estimator. `size` gives a part's size, or UNKNOWN. */
export type CallEstimator = (
  target: EstimateNode | undefined,
  args: readonly EstimateNode[],
  size: (node: EstimateNode) => Range,
) => CallEstimate | undefined;
