import {
  type Ast,
  type CallExpr,
  type ComprehensionExpr,
  type Expr,
  OLD_ACCUMULATOR,
  type SelectExpr,
} from './ast.ts';
import { COST } from './call-cost.ts';
import {
  type CallEstimate,
  type CallEstimator,
  type EstimateNode,
  fixed,
  MOST,
  NOTHING,
  ONE,
  plus,
  type Range,
  type SizeEstimator,
  scaled,
  times,
  UNKNOWN,
  union,
} from './cost-estimate.ts';
import { type CelType, DYN, isOptionalType } from './types.ts';
import { codePoints } from './values.ts';

/** What an estimate is made with. */
export interface EstimateScope {
  /** Estimates of libraries by overload. */
  estimates: ReadonlyMap<string, CallEstimator>;
  /** Estimates of functions, asked before the standard ones. */
  callEstimate?: ((fn: string, overloadId: string) => CallEstimator | undefined) | undefined;
  presenceTestCosts: boolean;
}

/** How the entries of a list or map are sized: keys (or indices) and values. */
interface EntrySize {
  kind: 'list' | 'map';
  key: Range;
  value: Range;
}

interface Local {
  path: readonly string[] | undefined;
  size: Range | undefined;
  entries: EntrySize | undefined;
}

/** What an expression costs at least and at most, in cost units (cel-go checker/cost.go). */
export function estimateCost(ast: Ast, scope: EstimateScope, sizeOf: SizeEstimator = () => undefined): Range {
  return new Estimator(ast, scope, sizeOf).cost(ast.root);
}

class Estimator {
  readonly #ast: Ast;
  readonly #scope: EstimateScope;
  readonly #sizeOf: SizeEstimator;
  readonly #paths = new Map<number, readonly string[]>();
  readonly #sizes = new Map<number, Range>();
  readonly #entries = new Map<number, EntrySize>();
  readonly #locals = new Map<string, Local[]>();

  constructor(ast: Ast, scope: EstimateScope, sizeOf: SizeEstimator) {
    this.#ast = ast;
    this.#scope = scope;
    this.#sizeOf = sizeOf;
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'ident':
        this.#paths.set(expr.id, this.#local(expr.name)?.path ?? [expr.name]);
        return fixed(COST.select);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const parts = expr.elements.map((e) => this.cost(e));
        const sizes = expr.elements.map((e) => this.#sizeOrUnknown(e));
        this.#entries.set(expr.id, { kind: 'list', key: ONE, value: spread(sizes) });
        return plus(...parts, fixed(COST.createList));
      }
      case 'map': {
        const parts = expr.entries.flatMap((e) => [this.cost(e.key), this.cost(e.value)]);
        const keys = expr.entries.map((e) => this.#sizeOrUnknown(e.key));
        const values = expr.entries.map((e) => this.#sizeOrUnknown(e.value));
        this.#entries.set(expr.id, { kind: 'map', key: spread(keys), value: spread(values) });
        return plus(...parts, fixed(COST.createMap));
      }
      case 'struct':
        return plus(...expr.fields.map((f) => this.cost(f.value)), fixed(COST.createStruct));
      case 'comprehension':
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
      default:
        return NOTHING;
    }
  }

  #type(expr: Expr): CelType {
    return this.#ast.types.get(expr.id) ?? DYN;
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name);
    if (stack) stack.push(local);
    else this.#locals.set(name, [local]);
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #path(expr: Expr): readonly string[] {
    const local = expr.kind === 'ident' ? this.#local(expr.name) : undefined;
    return (local ? local.path : this.#paths.get(expr.id)) ?? [];
  }

  #node(expr: Expr): EstimateNode {
    const path = this.#path(expr);
    const hidden = path.length === 0 || path[0] === '@result' || path[0] === OLD_ACCUMULATOR;
    return {
      path: hidden ? undefined : path,
      type: this.#type(expr),
      computedSize: this.#size(expr),
      expr,
    };
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr.id) ?? literalSize(expr);
    if (known) return known;
    const path = this.#path(expr);
    const asked = this.#sizeOf({
      path: path.length === 0 ? undefined : path,
      type: this.#type(expr),
      computedSize: undefined,
      expr,
    });
    if (asked) {
      this.#sizes.set(expr.id, asked);
      return asked;
    }
    if (isScalar(this.#type(expr))) return ONE;
    return expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined;
  }

  #sizeOrUnknown(expr: Expr): Range {
    return this.#size(expr) ?? UNKNOWN;
  }

  #entriesOf(expr: Expr): EntrySize | undefined {
    const known = this.#entries.get(expr.id);
    if (known) return known;
    return expr.kind === 'ident' ? this.#local(expr.name)?.entries : undefined;
  }

  #select(expr: SelectExpr): Range {
    const name = this.#ast.references.get(expr.id)?.name;
    if (name !== undefined) {
      this.#paths.set(expr.id, [name]);
      return fixed(COST.select);
    }
    if (expr.testOnly) {
      return plus(this.cost(expr.operand), this.#scope.presenceTestCosts ? ONE : NOTHING);
    }
    const operand = this.cost(expr.operand);
    const { kind } = this.#type(expr.operand);
    this.#paths.set(expr.id, [...this.#path(expr.operand), expr.field]);
    return kind === 'map' || kind === 'struct' || kind === 'typeParam'
      ? plus(operand, fixed(COST.select))
      : operand;
  }

  #call(expr: CallExpr): Range {
    if (expr.fn === 'dyn' && expr.args[0]) {
      const cost = this.cost(expr.args[0]);
      this.#copySizes(expr, expr.args[0]);
      return plus(cost, ONE);
    }
    const costs = expr.args.map((arg) => this.cost(arg));
    const args = expr.args.map((arg) => this.#node(arg));
    const overloads = this.#ast.references.get(expr.id)?.overloads ?? [];
    if (overloads.length === 0) return NOTHING;
    const targetCost = expr.target ? this.cost(expr.target) : NOTHING;
    const target = expr.target ? this.#node(expr.target) : undefined;
    let cost: Range = { min: MOST, max: 0 };
    let size: Range | undefined;
    for (const overload of overloads) {
      const estimate = this.#functionCost(expr, overload, target, args, costs);
      cost = union(cost, estimate.cost);
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      if ((overload === 'index_list' || overload === 'index_map') && expr.args[0]) {
        size = this.#entriesOf(expr.args[0])?.value;
        const step = overload === 'index_list' ? '@items' : '@values';
        this.#paths.set(expr.id, [...this.#path(expr.args[0]), step]);
      }
      size ??= this.#size(expr);
    }
    if (size) this.#sizes.set(expr.id, size);
    return plus(targetCost, cost);
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#size(from);
    if (size) this.#sizes.set(to.id, size);
    const entries = this.#entriesOf(from);
    if (entries) this.#entries.set(to.id, entries);
  }

  #functionCost(
    expr: CallExpr,
    overload: string,
    target: EstimateNode | undefined,
    args: EstimateNode[],
    costs: Range[],
  ): CallEstimate {
    const sum = plus(...costs);
    const sizeOf = (node: EstimateNode): Range => node.computedSize ?? this.#sizeOf(node) ?? UNKNOWN;
    const estimator = this.#scope.estimates.get(overload);
    const own =
      estimator?.(target, args, sizeOf) ??
      this.#scope.callEstimate?.(expr.fn, overload)?.(target, args, sizeOf);
    if (own) return { ...own, cost: plus(own.cost, sum) };
    return this.#standardCost(expr, overload, target, args, costs, sum);
  }

  #standardCost(
    expr: CallExpr,
    overload: string,
    target: EstimateNode | undefined,
    args: EstimateNode[],
    costs: Range[],
    sum: Range,
  ): CallEstimate {
    const size = (node: EstimateNode | undefined): Range => node?.computedSize ?? UNKNOWN;
    const walk = (range: Range): Range => scaled(range, COST.perCharacter);
    const [first, second] = args;
    switch (overload) {
      case 'string_format':
        if (target) return { cost: plus(walk(size(target)), sum) };
        break;
      case 'string_to_bytes': {
        const { min, max } = size(first);
        return { cost: plus(walk({ min, max }), sum), size: { min, max: max * 4 } };
      }
      case 'bytes_to_string': {
        const { min, max } = size(first);
        return { cost: plus(walk({ min, max }), sum), size: { min: Math.floor(min / 4), max } };
      }
      case 'strings_quote': {
        const { min, max } = size(first);
        return { cost: plus(walk({ min, max }), sum), size: { min: min + 2, max: max * 2 + 2 } };
      }
      case 'starts_with_string':
      case 'ends_with_string':
        return { cost: plus(walk(size(first)), sum) };
      case 'in_list':
        return { cost: plus(size(second), sum) };
      case 'matches_string':
        if (target) {
          const text = walk(plus(size(target), ONE));
          return { cost: plus(times(text, scaled(size(first), COST.perPatternCharacter)), sum) };
        }
        break;
      case 'contains_string':
        if (target) return { cost: plus(times(walk(size(target)), walk(size(first))), sum) };
        break;
      case 'logical_or':
      case 'logical_and':
        return { cost: { min: costs[0]!.min, max: plus(costs[0]!, costs[1]!).max } };
      case 'conditional': {
        const [yes, no] = [this.#entriesOf(expr.args[1]!), this.#entriesOf(expr.args[2]!)];
        if (yes && no) this.#entries.set(expr.id, joined(yes, no));
        return {
          cost: plus(costs[0]!, union(costs[1]!, costs[2]!)),
          size: union(size(second), size(args[2])),
        };
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const total = plus(size(first), size(second));
        const [left, right] = [this.#entriesOf(expr.args[0]!), this.#entriesOf(expr.args[1]!)];
        if (left && right) this.#entries.set(expr.id, joined(left, right));
        return { cost: plus(overload === 'add_list' ? ONE : walk(total), sum), size: total };
      }
      default:
        if (COMPARING.has(overload)) {
          const most = Math.min(size(first).max, size(second).max);
          return { cost: plus(walk({ min: most > 0 ? 1 : 0, max: most }), sum) };
        }
    }
    return { cost: plus(ONE, sum) };
  }

  #comprehension(expr: ComprehensionExpr): Range {
    const rangeCost = this.cost(expr.range);
    const initCost = this.cost(expr.init);
    this.#pushBinding(expr.accuVar, expr.init);
    const entries = this.#entriesOf(expr.range);
    const kind = entries?.kind ?? this.#type(expr.range).kind;
    const path = this.#path(expr.range);
    const loop = (name: string, step: string, size: Range | undefined): void =>
      this.#push(name, { path: [...path, step], size, entries: undefined });
    const isList = kind === 'list';
    if (expr.iterVar2) {
      loop(expr.iterVar, isList ? '@indices' : '@keys', entries?.key);
      loop(expr.iterVar2, isList ? '@items' : '@values', entries?.value);
    } else loop(expr.iterVar, isList ? '@items' : '@keys', isList ? entries?.value : entries?.key);
    const turn = plus(this.cost(expr.condition), this.cost(expr.step));
    this.#pop(expr.iterVar);
    if (expr.iterVar2) this.#pop(expr.iterVar2);
    const resultCost = this.cost(expr.result);
    this.#pop(expr.accuVar);
    const count = this.#sizeOrUnknown(expr.range);
    if (expr.init.kind === 'literal') {
      const size = this.#size(expr.init);
      if (size) this.#sizes.set(expr.id, size);
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr.id, count);
      const stepEntries = this.#entriesOf(expr.step);
      if (stepEntries) this.#entries.set(expr.id, stepEntries);
    }
    return plus(rangeCost, initCost, resultCost, times(count, turn));
  }

  #binding(expr: ComprehensionExpr): Range {
    const cost = plus(this.cost(expr.range), this.cost(expr.init));
    this.#pushBinding(expr.accuVar, expr.init);
    const result = this.cost(expr.result);
    this.#pop(expr.accuVar);
    this.#copySizes(expr, expr.result);
    return plus(cost, result);
  }

  #pushBinding(name: string, init: Expr): void {
    this.#push(name, { path: this.#path(init), size: this.#size(init), entries: this.#entriesOf(init) });
  }
}

const COMPARING: ReadonlySet<string> = new Set([
  ...['less', 'greater', 'less_equals', 'greater_equals'].flatMap((op) => [`${op}_string`, `${op}_bytes`]),
  'equals',
  'not_equals',
]);

/** A fold over nothing that only gives a name to a value. */
function isBinding(expr: ComprehensionExpr): boolean {
  return (
    expr.range.kind === 'list' &&
    expr.range.elements.length === 0 &&
    expr.condition.kind === 'literal' &&
    expr.condition.value === false &&
    expr.accuVar !== OLD_ACCUMULATOR
  );
}

function spread(sizes: Range[]): Range {
  return sizes.reduce(union, { min: sizes.length === 0 ? 0 : MOST, max: 0 });
}

function joined(a: EntrySize, b: EntrySize): EntrySize {
  return { kind: a.kind, key: union(a.key, b.key), value: union(a.value, b.value) };
}

function literalSize(expr: Expr): Range | undefined {
  switch (expr.kind) {
    case 'literal':
      if (typeof expr.value === 'string') return fixed(codePoints(expr.value));
      return expr.value instanceof Uint8Array ? fixed(expr.value.length) : ONE;
    case 'list':
      return fixed(expr.elements.length);
    case 'map':
      return fixed(expr.entries.length);
    default:
      return undefined;
  }
}

function isScalar(type: CelType): boolean {
  switch (type.kind) {
    case 'bool':
    case 'double':
    case 'duration':
    case 'int':
    case 'timestamp':
    case 'uint':
      return true;
    default:
      return isOptionalType(type) && isScalar(type.parameters[0]!);
  }
}
