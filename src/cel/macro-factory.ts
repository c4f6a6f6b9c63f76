import { ACCUMULATOR, type Expr } from './ast.ts';
import type { MacroFactory } from './macros.ts';

/**
 * Makes what a macro is written out as. `newId` numbers an expression at a place in the text; `offsetOf` gives the
 * place of one that there is.
 */
export function macroFactory(
  at: number,
  newId: (offset: number) => number,
  offsetOf: (id: number) => number,
): MacroFactory {
  const id = (): number => newId(at);
  const again = (of: { id: number }): number => newId(offsetOf(of.id));

  const copy = (expr: Expr): Expr => {
    const same = { id: again(expr) };
    switch (expr.kind) {
      case 'select':
        return { ...expr, ...same, operand: copy(expr.operand) };
      case 'call':
        return { ...expr, ...same, target: expr.target && copy(expr.target), args: expr.args.map(copy) };
      case 'list':
        return { ...expr, ...same, elements: expr.elements.map(copy) };
      case 'map':
        return {
          ...expr,
          ...same,
          entries: expr.entries.map((e) => ({ ...e, id: again(e), key: copy(e.key), value: copy(e.value) })),
        };
      case 'struct':
        return {
          ...expr,
          ...same,
          fields: expr.fields.map((f) => ({ ...f, id: again(f), value: copy(f.value) })),
        };
      case 'comprehension':
        return {
          ...expr,
          ...same,
          range: copy(expr.range),
          init: copy(expr.init),
          condition: copy(expr.condition),
          step: copy(expr.step),
          result: copy(expr.result),
        };
      default:
        return { ...expr, ...same };
    }
  };

  return {
    literal: (value) => ({ kind: 'literal', id: id(), value }),
    ident: (name) => ({ kind: 'ident', id: id(), name }),
    accumulator: () => ({ kind: 'ident', id: id(), name: ACCUMULATOR }),
    list: (...elements) => ({ kind: 'list', id: id(), elements, optionals: new Set() }),
    map: (...entries) => ({ kind: 'map', id: id(), entries }),
    call: (fn, ...args) => ({ kind: 'call', id: id(), fn, target: undefined, args }),
    memberCall: (fn, target, ...args) => ({ kind: 'call', id: id(), fn, target, args }),
    presenceTest: (operand, field) => ({ kind: 'select', id: id(), operand, field, testOnly: true }),
    fold: (parts) => ({ kind: 'comprehension', id: id(), iterVar2: '', ...parts }),
    copy,
  };
}
