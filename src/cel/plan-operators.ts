import { labelled } from './attribute.ts';
import { equals } from './comparison.ts';
import type { Implementation } from './declarations.ts';
import { noSuchOverload } from './errors.ts';
import type { Frame, Node } from './frame.ts';
import type { CallCost } from './library.ts';
import { CelError, CelOptional, type CelValue } from './values.ts';

/** What a call costs: a number where it is always the same. */
type Cost = number | CallCost;

function spend(frame: Frame, cost: Cost, args: CelValue[], result: CelValue): void {
  frame.spend(typeof cost === 'number' ? cost : cost(args, result));
}

/** && (decided by false) and || (by true): an error counts only where no other term decides. */
export function logicalNode(terms: readonly Node[], decisive: boolean, id: number): Node {
  return (frame) => {
    let failed: CelValue | undefined;
    for (const term of terms) {
      const value = term(frame);
      if (value === decisive) return decisive;
      if (typeof value !== 'boolean') failed ??= labelled(noSuchOverload(value), id);
    }
    return failed ?? !decisive;
  };
}

/** == and !=, whatever the types. */
export function equalityNode(left: Node, right: Node, negated: boolean, cost: Cost, id: number): Node {
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    let result: CelValue;
    if (a instanceof CelError) result = a;
    else if (b instanceof CelError) result = b;
    else {
      result = equals(a, b);
      if (negated) result = result !== true;
    }
    spend(frame, cost, [a, b], result);
    return labelled(result, id);
  };
}

/** or() and orValue(): the other side is evaluated only if there is no value. */
export function optionalOrNode(fn: string, left: Node, right: Node): Node {
  return (frame) => {
    const value = left(frame);
    if (!(value instanceof CelOptional)) return value;
    if (value.value === undefined) return right(frame);
    return fn === 'or' ? value : value.value;
  };
}

/** A call of a function. Errors among the arguments are what it gives, unless it is not strict. */
export function callNode(
  args: readonly Node[],
  run: Implementation,
  cost: Cost,
  nonStrict: boolean,
  id: number,
): Node {
  if (args.length === 1) {
    const [only] = args as [Node];
    return (frame) => {
      const a = only(frame);
      const result = a instanceof CelError && !nonStrict ? a : run(a);
      spend(frame, cost, [a], result);
      return labelled(result, id);
    };
  }
  if (args.length === 2) {
    const [left, right] = args as [Node, Node];
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      let result: CelValue;
      if (!nonStrict && a instanceof CelError) result = a;
      else if (!nonStrict && b instanceof CelError) result = b;
      else result = run(a, b);
      spend(frame, cost, [a, b], result);
      return labelled(result, id);
    };
  }
  return (frame) => {
    const values: CelValue[] = [];
    for (const arg of args) {
      const value = arg(frame);
      // What comes behind an error is not evaluated, and then the call costs nothing.
      if (value instanceof CelError && !nonStrict) return value;
      values.push(value);
    }
    const result = run(...values);
    spend(frame, cost, values, result);
    return labelled(result, id);
  };
}
