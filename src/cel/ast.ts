import type { CelType } from './types.ts';
import type { CelValue } from './values.ts';

/** One node of an expression. Ids are unique within an expression; `SourceMap` says where each stands. */
export type Expr =
  | LiteralExpr
  | IdentExpr
  | SelectExpr
  | CallExpr
  | ListExpr
  | MapExpr
  | StructExpr
  | ComprehensionExpr
  | UnspecifiedExpr;

export interface LiteralExpr {
  kind: 'literal';
  id: number;
  value: CelValue;
}
export interface IdentExpr {
  kind: 'ident';
  id: number;
  name: string;
}
/** `operand.field`, or with testOnly what has() makes of it. */
export interface SelectExpr {
  kind: 'select';
  id: number;
  operand: Expr;
  field: string;
  testOnly: boolean;
}
/** A function call; operators are functions with names such as `_+_`. */
export interface CallExpr {
  kind: 'call';
  id: number;
  fn: string;
  target: Expr | undefined;
  args: Expr[];
}
export interface ListExpr {
  kind: 'list';
  id: number;
  elements: Expr[];
  /** Indices of elements written `?e`. */
  optionals: ReadonlySet<number>;
}
export interface EntryExpr {
  id: number;
  key: Expr;
  value: Expr;
  optional: boolean;
}
export interface MapExpr {
  kind: 'map';
  id: number;
  entries: EntryExpr[];
}
export interface FieldExpr {
  id: number;
  name: string;
  value: Expr;
  optional: boolean;
}
export interface StructExpr {
  kind: 'struct';
  id: number;
  typeName: string;
  fields: FieldExpr[];
}
/** What macros expand to: a fold over a list or map. iterVar2 is empty in the one-variable form. */
export interface ComprehensionExpr {
  kind: 'comprehension';
  id: number;
  range: Expr;
  iterVar: string;
  iterVar2: string;
  accuVar: string;
  init: Expr;
  condition: Expr;
  step: Expr;
  result: Expr;
}
/** Stands where something could not be parsed. */
export interface UnspecifiedExpr {
  kind: 'unspecified';
  id: number;
}

/** What the checker found a name or call to mean. */
export interface Reference {
  /** For identifiers: the declared name. */
  name?: string;
  /** For constants (enum values): the value. */
  value?: CelValue;
  /** For calls: the overloads that may apply. */
  overloads?: string[];
}

/** A parsed and, after checking, typed expression. */
export interface Ast {
  root: Expr;
  source: Source;
  /** By expression id: where it begins in the source, in UTF-16 units; -1 = nowhere. */
  offsets: number[];
  /** By expression id. Empty until checked. */
  types: Map<number, CelType>;
  references: Map<number, Reference>;
}

/** The text of an expression with its lines. */
export class Source {
  readonly text: string;
  readonly description: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string, description = '<input>') {
    this.text = text;
    this.description = description;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#lineStarts.push(i + 1);
  }

  /** Line from 1 and column from 0 (in characters) of a UTF-16 offset. */
  locate(offset: number): { line: number; column: number } {
    if (offset < 0) return { line: -1, column: -1 };
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.#lineStarts[mid]! <= offset) low = mid;
      else high = mid - 1;
    }
    const start = this.#lineStarts[low]!;
    let column = 0;
    for (let i = start; i < offset; column++) i += this.text.codePointAt(i)! > 0xffff ? 2 : 1;
    return { line: low + 1, column };
  }

  /** The text of a line, counted from 1, without its newline; undefined if there is no such line. */
  line(line: number): string | undefined {
    const start = this.#lineStarts[line - 1];
    if (start === undefined) return undefined;
    const next = this.#lineStarts[line];
    return this.text.slice(start, next === undefined ? undefined : next - 1);
  }
}

/** The direct children of an expression, in the order of evaluation. */
export function children(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap((e) => [e.key, e.value]);
    case 'struct':
      return expr.fields.map((f) => f.value);
    case 'comprehension':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}

/** Visits an expression and all below it, parents first; `parents` runs from the root down. */
export function walk(root: Expr, visit: (expr: Expr, parents: readonly Expr[]) => void): void {
  const parents: Expr[] = [];
  const go = (expr: Expr): void => {
    visit(expr, parents);
    parents.push(expr);
    for (const child of children(expr)) go(child);
    parents.pop();
  };
  go(root);
}

/** `a.b.c` as one name, if the expression is nothing but identifiers and selections. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.testOnly) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}

/** Names of operators as functions. */
export const OP = {
  conditional: '_?_:_',
  and: '_&&_',
  or: '_||_',
  not: '!_',
  equals: '_==_',
  notEquals: '_!=_',
  less: '_<_',
  lessEquals: '_<=_',
  greater: '_>_',
  greaterEquals: '_>=_',
  add: '_+_',
  subtract: '_-_',
  multiply: '_*_',
  divide: '_/_',
  modulo: '_%_',
  negate: '-_',
  index: '_[_]',
  optIndex: '_[?_]',
  optSelect: '_?._',
  in: '@in',
  notStrictlyFalse: '@not_strictly_false',
} as const;

/** The accumulator of macros; no source can name it. */
export const ACCUMULATOR = '@result';
/** Its name of old, which iteration variables may not take either. */
export const OLD_ACCUMULATOR = '__result__';
export const UNUSED_VARIABLE = '#unused';
