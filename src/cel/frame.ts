import type { CelValue } from './values.ts';
import { BudgetExceeded } from './work.ts';

/** Variables by name. A function is called when the variable is first read, once for an evaluation. */
export type Bindings = Readonly<Record<string, CelValue | (() => CelValue) | undefined>>;

/** The state of one evaluation. */
export class Frame {
  readonly bindings: Bindings;
  readonly limit: number;
  /** Loop variables and accumulators, each in a place of its own; undefined = not evaluated yet. */
  readonly slots: (CelValue | undefined)[];
  /** Values of sub-expressions by id, if asked for: the last one of each. */
  readonly values: Map<number, CelValue> | undefined;
  cost = 0;
  #lazy: Map<string, CelValue> | undefined;

  constructor(bindings: Bindings, limit: number, slots: number, values: Map<number, CelValue> | undefined) {
    this.bindings = bindings;
    this.limit = limit;
    this.slots = new Array<CelValue | undefined>(slots).fill(undefined);
    this.values = values;
  }

  /** Adds to the cost; beyond the limit the evaluation ends. */
  spend(units: number): void {
    this.cost += units;
    if (this.cost > this.limit) throw new BudgetExceeded();
  }

  /** A variable's value; undefined if nothing is bound to the name. */
  variable(name: string): CelValue | undefined {
    const bound = Object.hasOwn(this.bindings, name) ? this.bindings[name] : undefined;
    if (typeof bound !== 'function') return bound;
    const known = this.#lazy?.get(name);
    if (known !== undefined) return known;
    const value = bound();
    this.#lazy ??= new Map();
    this.#lazy.set(name, value);
    return value;
  }
}

/** A compiled expression. */
export type Node = (frame: Frame) => CelValue;
