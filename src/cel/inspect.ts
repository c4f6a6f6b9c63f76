import { type Ast, children, type Expr, OP } from './ast.ts';

/** A chain of fields read from a variable: `claims.a.?b['c']` is `claims` and [a, b, c]. */
export interface FieldPath {
  variable: string;
  fields: readonly string[];
  /** Whether has() only asked for its presence. */
  tested: boolean;
}

/**
 * The fields an expression reads of its variables, longest chains only, in the order of the text. Indices that are
 * no string literals end a chain; names that macros bind are no variables.
 */
export function fieldPaths(ast: Ast): FieldPath[] {
  const found: FieldPath[] = [];
  const inner = new Set<Expr>();
  walkScoped(ast.root, new Set(), (expr, bound) => {
    if (inner.has(expr)) return;
    const path = chain(expr, inner);
    if (path && !bound.has(path.variable)) found.push(path);
  });
  return found;
}

/** The variables an expression names, whatever it does with them. */
export function variablesOf(ast: Ast): Set<string> {
  const names = new Set<string>();
  walkScoped(ast.root, new Set(), (expr, bound) => {
    if (expr.kind === 'ident' && !bound.has(expr.name)) names.add(expr.name);
  });
  return names;
}

/** Visits every expression with the names that comprehensions around it bind. */
function walkScoped(
  expr: Expr,
  bound: ReadonlySet<string>,
  visit: (expr: Expr, bound: ReadonlySet<string>) => void,
): void {
  visit(expr, bound);
  if (expr.kind !== 'comprehension') {
    for (const part of children(expr)) walkScoped(part, bound, visit);
    return;
  }
  const result = new Set([...bound, expr.accuVar]);
  const loop = new Set([...result, expr.iterVar, ...(expr.iterVar2 ? [expr.iterVar2] : [])]);
  walkScoped(expr.range, bound, visit);
  walkScoped(expr.init, bound, visit);
  walkScoped(expr.condition, loop, visit);
  walkScoped(expr.step, loop, visit);
  walkScoped(expr.result, result, visit);
}

/** An expression as a chain of fields; its parts are added to `inner`. */
function chain(expr: Expr, inner: Set<Expr>): FieldPath | undefined {
  const fields: string[] = [];
  const parts: Expr[] = [];
  let tested = false;
  let at: Expr = expr;
  while (at.kind !== 'ident') {
    let operand: Expr | undefined;
    if (at.kind === 'select') {
      tested ||= at.testOnly;
      fields.unshift(at.field);
      operand = at.operand;
    } else if (at.kind === 'call' && STEPS.has(at.fn) && at.args.length === 2) {
      const key = at.args[1]!;
      operand = at.args[0]!;
      if (key.kind === 'literal' && typeof key.value === 'string') fields.unshift(key.value);
      else return undefined;
    }
    if (!operand) return undefined;
    parts.push(operand);
    at = operand;
  }
  for (const part of parts) inner.add(part);
  return { variable: at.name, fields, tested };
}

const STEPS: ReadonlySet<string> = new Set([OP.index, OP.optIndex, OP.optSelect]);
