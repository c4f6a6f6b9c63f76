import { type Ast, type Expr, type ListExpr, walk } from '../ast.ts';
import type { Issues } from '../issues.ts';
import { type CelType, ERROR, type TypeKind } from '../types.ts';
import { type Clause, FORMAT_WORDS, FormatMismatch, walkFormat } from './format-string.ts';

/** A clause that cannot show the type of its argument; `id` is the argument at fault. */
class TypeMismatch extends FormatMismatch {
  readonly id: number;
  constructor(id: number, message: string) {
    super(message);
    this.id = id;
  }
}

const SHOWN: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'list',
  'map',
  'int',
  'uint',
  'double',
  'bool',
  'string',
  'timestamp',
  'bytes',
  'duration',
  'type',
  'null',
]);

/** The kinds each clause takes: of the older formatter, and of the newer. */
const TAKES: Readonly<Record<string, readonly [readonly TypeKind[], readonly TypeKind[]]>> = {
  d: [
    ['int', 'uint'],
    ['int', 'uint', 'double'],
  ],
  f: [
    ['double', 'string'],
    ['int', 'uint', 'double'],
  ],
  e: [
    ['double', 'string'],
    ['int', 'uint', 'double'],
  ],
  b: [
    ['int', 'uint', 'bool'],
    ['int', 'uint', 'bool'],
  ],
  x: [
    ['int', 'uint', 'string', 'bytes'],
    ['int', 'uint', 'string', 'bytes'],
  ],
  o: [
    ['int', 'uint'],
    ['int', 'uint'],
  ],
};

/** Checks `'…'.format([…])` where both are literals: clauses, the number of arguments and their types. */
export function checkFormatCalls(ast: Ast, issues: Issues, plain: boolean): void {
  walk(ast.root, (expr) => {
    if (expr.kind !== 'call' || expr.fn !== 'format' || expr.args.length !== 1) return;
    const format = expr.target;
    const list = expr.args[0];
    if (format?.kind !== 'literal' || typeof format.value !== 'string' || list?.kind !== 'list') return;
    checkCall(ast, expr, format.value, list, issues, plain);
  });
}

function checkCall(
  ast: Ast,
  call: Expr,
  format: string,
  list: ListExpr,
  issues: Issues,
  plain: boolean,
): void {
  let asked = 0;
  const report = (id: number, message: string): void => issues.report(ast.offsets[id] ?? -1, message, id);
  const done = walkFormat(format, list.elements.length, (index, clause) => {
    asked++;
    checkArgument(ast, clause, list.elements[index]!, plain);
    return '';
  });
  if ('problem' in done) {
    report(done.mismatch instanceof TypeMismatch ? done.mismatch.id : call.id, done.problem);
  } else if (list.elements.length > asked) {
    report(
      call.id,
      `too many arguments supplied to string.format (expected ${asked}, got ${list.elements.length})`,
    );
  }
}

function checkArgument(ast: Ast, clause: Clause, argument: Expr, plain: boolean): void {
  const verb = clause.verb.toLowerCase();
  const bad =
    verb === 's' ? unshowable(ast, argument) : wrongKind(ast, argument, TAKES[verb]![plain ? 1 : 0]);
  if (!bad) return;
  const type = typeOf(ast, bad);
  throw new TypeMismatch(bad.id, `${FORMAT_WORDS[verb]![plain ? 1 : 0]}, was given ${type.name}`);
}

function typeOf(ast: Ast, expr: Expr): CelType {
  return ast.types.get(expr.id) ?? ERROR;
}

function wrongKind(ast: Ast, expr: Expr, kinds: readonly TypeKind[]): Expr | undefined {
  const { kind } = typeOf(ast, expr);
  return kind === 'dyn' || kinds.includes(kind) ? undefined : expr;
}

/** The first part of a literal that %s cannot show. */
function unshowable(ast: Ast, expr: Expr): Expr | undefined {
  const { kind } = typeOf(ast, expr);
  if (kind !== 'dyn' && !SHOWN.has(kind)) return expr;
  const parts =
    expr.kind === 'list'
      ? expr.elements
      : expr.kind === 'map'
        ? expr.entries.flatMap((e) => [e.key, e.value])
        : [];
  for (const part of parts) {
    const bad = unshowable(ast, part);
    if (bad) return bad;
  }
  return undefined;
}
