import { type Attribute, labelled, resolve } from './attribute.ts';
import { COST } from './call-cost.ts';
import type { Node } from './frame.ts';
import type { CallContext } from './plan-call.ts';
import { CelOptional, type CelValue } from './values.ts';

/** Why a typed expression cannot be made a program. */
export class PlanError extends Error {}

/** What planning needs to know of an environment. */
export interface PlanScope extends CallContext {
  container: string;
  /** A type or constant by name, for expressions that were not type-checked. */
  findConstant(name: string): CelValue | undefined;
  /** Makes a message; undefined = no such type. */
  construct(typeName: string): ((fields: Map<string, CelValue>) => CelValue) | undefined;
  /** Whether constant parts are evaluated when the program is made, and cost nothing. */
  foldConstants: boolean;
  /** Whether has() costs a unit. */
  presenceTestCosts: boolean;
  /** Whether has() and optional selection of what has no fields is an error instead of false. */
  strictPresenceTests: boolean;
}

/** An expression half planned: constants may still be folded, selections may still be added to. */
export type Planned =
  | { kind: 'constant'; value: CelValue }
  | { kind: 'attribute'; attribute: Attribute; testOnly: boolean }
  | { kind: 'node'; node: Node };

export function constantOf(planned: Planned): CelValue | undefined {
  return planned.kind === 'constant' ? planned.value : undefined;
}

/** The closure of what was planned, counting its own cost. */
export function plannedNode(scope: PlanScope, planned: Planned): Node {
  if (planned.kind === 'node') return planned.node;
  if (planned.kind === 'constant') {
    const { value } = planned;
    return () => value;
  }
  const { attribute } = planned;
  if (planned.testOnly) {
    const cost = scope.presenceTestCosts ? COST.select : 0;
    return (frame) => {
      const value = resolve(attribute, frame);
      frame.spend(cost);
      return value instanceof CelOptional ? value.value !== undefined : value;
    };
  }
  if (attribute.kind === 'conditional') return (frame) => labelled(resolve(attribute, frame), attribute.id);
  if (attribute.steps.length === 0) {
    const { root } = attribute;
    return (frame) => {
      const value = root(frame);
      frame.spend(COST.select);
      return value;
    };
  }
  return (frame) => {
    const value = resolve(attribute, frame);
    frame.spend(COST.select);
    return value;
  };
}
