import { type DeclType, escapeName } from '../../cel/index.ts';
import { declarationOf } from '../custom-resources/cel-rules.ts';
import type { Structural } from '../custom-resources/structural.ts';

/** What all rules of a definition's version may cost together, in estimated cost units. */
export const TOTAL_COST_LIMIT = 100_000_000;
/** What one expression may cost. */
export const EXPRESSION_COST_LIMIT = 10_000_000;

const MAX_UINT = 2 ** 64;
const SHOWN = 4;

/** A product of costs, which are uint64 in Go. */
export const multiplied = (cost: number, times: number): number =>
  cost === 0 ? 0 : Math.min(cost * times, MAX_UINT);

/** The estimated costs of all expressions in one schema, and which of them count most. */
export class TotalCost {
  total = 0;
  mostExpensive: { path: string; cost: number }[] = [];

  observe(path: string, cost: number): void {
    this.total = Math.min(this.total + cost, MAX_UINT);
    if (cost < TOTAL_COST_LIMIT / 100) return;
    this.mostExpensive.push({ path, cost });
    this.mostExpensive.sort((a, b) => b.cost - a.cost);
    this.mostExpensive.length = Math.min(this.mostExpensive.length, SHOWN);
  }
}

/** Where a walk over a schema is, as far as expressions are concerned (pkg/apis/apiextensions/validation/cel_validation.go). */
export class CelContext {
  readonly schema: Structural;
  readonly costs: TotalCost;
  /** How often values of this schema can be in one object; undefined: the schema sets no limit. */
  readonly maxCardinality: number | undefined;
  readonly #parent: CelContext | undefined;
  /** The schema's type as part of its parent's. */
  readonly #fromParent: ((parent: DeclType) => DeclType | undefined) | undefined;
  /** Here or above there are rules. */
  readonly #inScope: boolean;
  #type: DeclType | undefined;

  private constructor(
    schema: Structural,
    costs: TotalCost,
    maxCardinality: number | undefined,
    parent?: CelContext,
    fromParent?: (parent: DeclType) => DeclType | undefined,
  ) {
    this.schema = schema;
    this.costs = costs;
    this.maxCardinality = maxCardinality;
    this.#parent = parent;
    this.#fromParent = fromParent;
    const within = parent === undefined ? false : parent.#inScope;
    this.#inScope = within || schema.rules.length > 0;
  }

  static root(schema: Structural): CelContext {
    return new CelContext(schema, new TotalCost(), 1);
  }

  property(name: string): CelContext | undefined {
    const schema = this.schema.properties?.get(name);
    if (!schema) return undefined;
    return this.#child(schema, (parent) => {
      const escaped = escapeName(name);
      return escaped === undefined ? undefined : parent.fields?.get(escaped);
    });
  }

  additional(): CelContext | undefined {
    const schema = this.schema.additional?.schema;
    return schema && this.#child(schema, (parent) => parent.element);
  }

  items(): CelContext | undefined {
    const { items } = this.schema;
    return items && this.#child(items, (parent) => parent.element);
  }

  /** The type that expressions see here; undefined where they see none. */
  type(): DeclType | undefined {
    if (!this.#inScope) return undefined;
    if (this.#type) return this.#type;
    const parent = this.#parent?.type();
    const own = parent && this.#fromParent?.(parent);
    this.#type = own ?? declarationOf(this.schema, this.#parent === undefined || this.schema.embedded);
    return this.#type;
  }

  #child(schema: Structural, fromParent: (parent: DeclType) => DeclType | undefined): CelContext {
    const most = maxElements(this.schema);
    const cardinality =
      this.maxCardinality === undefined || most === undefined
        ? undefined
        : multiplied(this.maxCardinality, most);
    return new CelContext(schema, this.costs, cardinality, this, fromParent);
  }
}

/** How many values of a schema's inner schema one value of it can hold; undefined: any number. */
function maxElements({ type, additional, values }: Structural): number | undefined {
  const limit = (value: unknown): number | undefined =>
    typeof value === 'number' ? Math.max(value, 0) : undefined;
  if (type === 'array') return limit(values['maxItems']);
  return type === 'object' && additional ? limit(values['maxProperties']) : 1;
}
