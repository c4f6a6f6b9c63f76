import type { Ast } from './ast.ts';
import { type Bindings, Frame } from './frame.ts';
import type { PlanScope } from './planned.ts';
import { type Plan, plan } from './planner.ts';
import { CelError, type CelValue } from './values.ts';
import { BudgetExceeded, Suspended, withBudget } from './work.ts';

/** How an expression is evaluated. */
export interface EvaluateOptions {
  /** In cost units; the evaluation ends with an error when it has spent more. No limit if not given. */
  costLimit?: number;
  /** Keep the value of every sub-expression (the last one, in loops), for showing how a result came about. */
  record?: boolean;
}

/** What came of an evaluation: a value, or an error. `cost` is what was spent, in cost units. */
export type Evaluation = ({ value: CelValue; error?: never } | { error: CelError; value?: never }) & {
  cost: number;
  /** By expression id, if asked for. */
  values?: ReadonlyMap<number, CelValue>;
};

/** A compiled expression. It keeps no state: one program may be evaluated any number of times. */
export class Program {
  readonly ast: Ast;
  readonly #scope: PlanScope;
  readonly #plan: Plan;
  #recording: Plan | undefined;

  /** Throws PlanError if the expression cannot be run. */
  constructor(ast: Ast, scope: PlanScope) {
    this.ast = ast;
    this.#scope = scope;
    this.#plan = plan(ast, scope, false);
  }

  /**
   * Evaluates with variables bound to values. Never throws for what an expression does; only where an authorizer
   * answers later does it throw Suspended, and evaluateAsync is to be used.
   */
  evaluate(bindings: Bindings = {}, options: EvaluateOptions = {}): Evaluation {
    let plan_ = this.#plan;
    let values: Map<number, CelValue> | undefined;
    if (options.record) {
      this.#recording ??= plan(this.ast, this.#scope, true);
      plan_ = this.#recording;
      values = new Map();
    }
    const frame = new Frame(bindings, options.costLimit ?? Number.POSITIVE_INFINITY, plan_.slots, values);
    const recorded = values ? { values } : {};
    try {
      const value = withBudget(() => plan_.node(frame));
      if (value instanceof CelError) return { error: value, cost: frame.cost, ...recorded };
      return { value, cost: frame.cost, ...recorded };
    } catch (problem) {
      if (problem instanceof BudgetExceeded) {
        return { error: new CelError(problem.message), cost: frame.cost, ...recorded };
      }
      // A text or list beyond what the engine can hold.
      if (problem instanceof RangeError) {
        return { error: new CelError(`internal error: ${problem.message}`), cost: frame.cost, ...recorded };
      }
      throw problem;
    }
  }
  /** As evaluate, waiting for an authorizer's answers: each makes the evaluation begin anew, with the answer known. */
  async evaluateAsync(bindings: Bindings = {}, options: EvaluateOptions = {}): Promise<Evaluation> {
    for (;;) {
      try {
        return this.evaluate(bindings, options);
      } catch (problem) {
        if (!(problem instanceof Suspended)) throw problem;
        await problem.ready;
      }
    }
  }
}
