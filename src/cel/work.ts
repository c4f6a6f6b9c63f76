/**
 * A bound on what one evaluation may do inside a single step. Costs are counted between steps; some steps (comparing
 * nested lists, building a text) do far more than they are charged for, and must not hold up the server.
 */

/** Thrown when an evaluation has used up its budget. It never leaves the evaluator. */
export class BudgetExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

const BUDGET = 50_000_000;
let left = BUDGET;

/** Runs an evaluation with a budget of its own. */
export function withBudget<T>(run: () => T): T {
  const before = left;
  left = BUDGET;
  try {
    return run();
  } finally {
    left = before;
  }
}

/** Takes from the budget: about one unit for an element compared or a character copied. */
export function charge(units: number): void {
  left -= units;
  if (left < 0) throw new BudgetExceeded();
}

/** Thrown where an answer has to be waited for; the evaluation is begun anew when it is there. */
export class Suspended extends Error {
  readonly ready: Promise<void>;
  constructor(ready: Promise<void>) {
    super('the evaluation has to wait for an answer');
    this.ready = ready;
    // Whoever catches this waits; nobody else should be told of a failure.
    ready.catch(() => undefined);
  }
}
