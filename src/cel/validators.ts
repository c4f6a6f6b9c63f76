import { type Ast, children, type Expr, walk } from './ast.ts';
import { toDuration, toTimestamp } from './conversion.ts';
import type { Issues } from './issues.ts';
import type { Validator } from './library.ts';
import { compileRegex } from './regex.ts';
import { type CelType, ERROR, formatType, isEquivalentType } from './types.ts';
import { CelError, type CelValue } from './values.ts';

function literalArgument(fn: string, wrong: (value: CelValue) => boolean): Validator {
  return (ast, issues) =>
    walk(ast.root, (expr) => {
      if (expr.kind !== 'call' || expr.fn !== fn) return;
      const arg = expr.args[0];
      if (arg?.kind !== 'literal' || !wrong(arg.value)) return;
      issues.report(ast.offsets[arg.id] ?? -1, `invalid ${fn} argument`, arg.id);
    });
}

/** `duration('x')` of a constant that is none. */
export const durationLiterals: Validator = literalArgument(
  'duration',
  (v) => toDuration(v) instanceof CelError,
);
/** `timestamp('x')` of a constant that is none. */
export const timestampLiterals: Validator = literalArgument(
  'timestamp',
  (v) => toTimestamp(v) instanceof CelError,
);
/** `matches('[')` of a constant that is no pattern. */
export const regexLiterals: Validator = literalArgument(
  'matches',
  (v) => typeof v === 'string' && !compileRegex(v).ok,
);

/** List and map literals hold values of one type, except within the arguments of some functions. */
export function homogeneousLiterals(exempt: ReadonlySet<string>): Validator {
  return (ast, issues) => {
    const go = (expr: Expr, exempted: boolean): void => {
      if (!exempted && expr.kind === 'list') checkList(ast, expr, issues);
      if (!exempted && expr.kind === 'map') checkMap(ast, expr, issues);
      const inside = exempted || (expr.kind === 'call' && exempt.has(expr.fn));
      for (const child of children(expr)) go(child, inside);
    };
    go(ast.root, false);
  };
}

function typeAt(ast: Ast, expr: Expr, optional: boolean): CelType {
  const type = ast.types.get(expr.id) ?? ERROR;
  return optional ? (type.parameters[0] ?? type) : type;
}

function mismatch(ast: Ast, expr: Expr, expected: CelType, actual: CelType, issues: Issues): void {
  const message = `expected type '${formatType(expected)}' but found '${formatType(actual)}'`;
  issues.report(ast.offsets[expr.id] ?? -1, message, expr.id);
}

function checkList(ast: Ast, list: Extract<Expr, { kind: 'list' }>, issues: Issues): void {
  let first: CelType | undefined;
  for (const [i, element] of list.elements.entries()) {
    const type = typeAt(ast, element, list.optionals.has(i));
    first ??= type;
    if (isEquivalentType(first, type)) continue;
    mismatch(ast, element, first, type, issues);
    return;
  }
}

function checkMap(ast: Ast, map: Extract<Expr, { kind: 'map' }>, issues: Issues): void {
  let key: CelType | undefined;
  let value: CelType | undefined;
  for (const entry of map.entries) {
    const keyType = typeAt(ast, entry.key, false);
    const valueType = typeAt(ast, entry.value, entry.optional);
    key ??= keyType;
    value ??= valueType;
    if (!isEquivalentType(key, keyType)) mismatch(ast, entry.key, key, keyType, issues);
    if (!isEquivalentType(value, valueType)) mismatch(ast, entry.value, value, valueType, issues);
  }
}
