import type { Expr } from './ast.ts';

/** How deep rules may nest, and how many parts an expression may have once macros are written out. */
const MAX_DEPTH = 250;
const MAX_PARTS = 200_000;
/** How high the tree may get in all: walking over it must not exhaust the stack. */
const MAX_HEIGHT = 1000;

/** Rules or operations nested too deep, or too many of them. */
export class TooLarge extends Error {}

type Rule = 'expr' | 'relation' | 'calc' | 'member';

/** Keeps count of how deep an expression nests while it is parsed, with cel-go's limits. */
export class Nesting {
  readonly #depth: Record<Rule, number> = { expr: 0, relation: 0, calc: 0, member: 0 };
  readonly #heights: number[] = [];
  readonly #tree: number[] = [];

  enter(rule: Rule): void {
    if (++this.#depth[rule] > MAX_DEPTH) {
      throw new TooLarge(`expression recursion limit exceeded: ${MAX_DEPTH}`);
    }
  }

  leave(rule: Rule): void {
    this.#depth[rule]--;
  }

  /** Macros that write an argument twice could otherwise double the expression again and again. */
  count(parts: number): void {
    if (parts > MAX_PARTS) throw new TooLarge(`expression exceeds limit of ${MAX_PARTS} parts`);
  }

  /** An operation is one higher than its highest part. */
  over(expr: Expr, ...parts: Expr[]): Expr {
    const height = this.#grow(expr, parts) + 1;
    if (height > MAX_DEPTH) throw new TooLarge('max recursion depth exceeded');
    this.#heights[expr.id] = height;
    return expr;
  }

  /** What only holds other expressions is as high as the highest of them. */
  around(expr: Expr, ...parts: Expr[]): Expr {
    const height = this.#grow(expr, parts);
    if (height > 0) this.#heights[expr.id] = height;
    return expr;
  }

  #grow(expr: Expr, parts: readonly Expr[]): number {
    let height = 0;
    let tree = 0;
    for (const part of parts) {
      height = Math.max(height, this.#heights[part.id] ?? 0);
      tree = Math.max(tree, this.#tree[part.id] ?? 0);
    }
    if (++tree > MAX_HEIGHT) throw new TooLarge('max recursion depth exceeded');
    this.#tree[expr.id] = tree;
    return height;
  }
}
