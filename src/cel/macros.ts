import {
  ACCUMULATOR,
  type ComprehensionExpr,
  type EntryExpr,
  type Expr,
  OLD_ACCUMULATOR,
  OP,
  UNUSED_VARIABLE,
} from './ast.ts';
import { type CelValue, int } from './values.ts';

/** A macro's arguments do not suit it; `id` is the expression at fault. */
export class MacroError {
  readonly id: number;
  readonly message: string;
  constructor(id: number, message: string) {
    this.id = id;
    this.message = message;
  }
}

/** Makes expressions that stand where the macro stands. */
export interface MacroFactory {
  literal(value: CelValue): Expr;
  ident(name: string): Expr;
  accumulator(): Expr;
  list(...elements: Expr[]): Expr;
  map(...entries: EntryExpr[]): Expr;
  call(fn: string, ...args: Expr[]): Expr;
  memberCall(fn: string, target: Expr, ...args: Expr[]): Expr;
  presenceTest(operand: Expr, field: string): Expr;
  fold(parts: Omit<ComprehensionExpr, 'kind' | 'id' | 'iterVar2'> & { iterVar2?: string }): Expr;
  copy(expr: Expr): Expr;
}

/**
 * A call that is rewritten while parsing. `args` is the number of arguments, or 'any'. The expander gives undefined
 * where the call is an ordinary one after all.
 */
export interface Macro {
  name: string;
  receiver: boolean;
  args: number | 'any';
  expand(make: MacroFactory, target: Expr | undefined, args: Expr[]): Expr | MacroError | undefined;
}

/** A loop variable's name, or what is wrong with it. */
export function loopVariable(expr: Expr, words = 'argument must be a simple name'): string | MacroError {
  if (expr.kind !== 'ident') return new MacroError(expr.id, words);
  if (expr.name === ACCUMULATOR || expr.name === OLD_ACCUMULATOR) {
    return new MacroError(expr.id, 'iteration variable overwrites accumulator variable');
  }
  return expr.name;
}

type Quantifier = 'all' | 'exists' | 'existsOne';

/** all(), exists() and existsOne() over one or two loop variables. */
export function quantifier(
  kind: Quantifier,
  make: MacroFactory,
  range: Expr,
  iterVar: string,
  iterVar2: string,
  predicate: Expr,
): Expr {
  const common = { range, iterVar, iterVar2, accuVar: ACCUMULATOR };
  switch (kind) {
    case 'all':
      return make.fold({
        ...common,
        init: make.literal(true),
        condition: make.call(OP.notStrictlyFalse, make.accumulator()),
        step: make.call(OP.and, make.accumulator(), predicate),
        result: make.accumulator(),
      });
    case 'exists':
      return make.fold({
        ...common,
        init: make.literal(false),
        condition: make.call(OP.notStrictlyFalse, make.call(OP.not, make.accumulator())),
        step: make.call(OP.or, make.accumulator(), predicate),
        result: make.accumulator(),
      });
    case 'existsOne':
      return make.fold({
        ...common,
        init: make.literal(int(0)),
        condition: make.literal(true),
        step: make.call(
          OP.conditional,
          predicate,
          make.call(OP.add, make.accumulator(), make.literal(int(1))),
          make.accumulator(),
        ),
        result: make.call(OP.equals, make.accumulator(), make.literal(int(1))),
      });
  }
}

/** A fold that collects `element` of each entry for which `filter` holds. */
export function collect(
  make: MacroFactory,
  range: Expr,
  iterVar: string,
  iterVar2: string,
  filter: Expr | undefined,
  element: Expr,
): Expr {
  let step = make.call(OP.add, make.accumulator(), make.list(element));
  if (filter) step = make.call(OP.conditional, filter, step, make.accumulator());
  return make.fold({
    range,
    iterVar,
    iterVar2,
    accuVar: ACCUMULATOR,
    init: make.list(),
    condition: make.literal(true),
    step,
    result: make.accumulator(),
  });
}

/** `name` bound to `value` within `body`: a fold over nothing, whose accumulator is evaluated when first read. */
export function bind(make: MacroFactory, name: string, value: Expr, body: Expr): Expr {
  return make.fold({
    range: make.list(),
    iterVar: UNUSED_VARIABLE,
    accuVar: name,
    init: value,
    condition: make.literal(false),
    step: make.ident(name),
    result: body,
  });
}

function quantifierMacro(name: string, kind: Quantifier): Macro {
  return {
    name,
    receiver: true,
    args: 2,
    expand(make, target, args) {
      const variable = loopVariable(args[0]!);
      if (variable instanceof MacroError) return variable;
      return quantifier(kind, make, target!, variable, '', args[1]!);
    },
  };
}

/** map() with and without a filter; also what sortBy() is made of. */
export function expandMap(make: MacroFactory, target: Expr, args: Expr[]): Expr | MacroError {
  const variable = loopVariable(args[0]!, 'argument is not an identifier');
  if (variable instanceof MacroError) return variable;
  return collect(make, target, variable, '', args.length === 3 ? args[1] : undefined, args.at(-1)!);
}

/** The macros of the language itself. */
export const STANDARD_MACROS: readonly Macro[] = [
  {
    name: 'has',
    receiver: false,
    args: 1,
    expand(make, _target, args) {
      const arg = args[0]!;
      if (arg.kind !== 'select' || arg.testOnly)
        return new MacroError(arg.id, 'invalid argument to has() macro');
      return make.presenceTest(arg.operand, arg.field);
    },
  },
  quantifierMacro('all', 'all'),
  quantifierMacro('exists', 'exists'),
  quantifierMacro('exists_one', 'existsOne'),
  quantifierMacro('existsOne', 'existsOne'),
  { name: 'map', receiver: true, args: 2, expand: (make, target, args) => expandMap(make, target!, args) },
  { name: 'map', receiver: true, args: 3, expand: (make, target, args) => expandMap(make, target!, args) },
  {
    name: 'filter',
    receiver: true,
    args: 2,
    expand(make, target, args) {
      const variable = loopVariable(args[0]!, 'argument is not an identifier');
      if (variable instanceof MacroError) return variable;
      return collect(make, target!, variable, '', args[1]!, args[0]!);
    },
  },
];
