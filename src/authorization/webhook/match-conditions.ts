import type { SentSpec } from './review.ts';

/** CEL conditions on whether a webhook is asked about a request at all. */
export interface MatchConditions {
  /** True: ask. False: leave it alone. Else what went wrong with the conditions that could not tell. */
  matches(spec: SentSpec): boolean | { error: string };
}

export function compileMatchCondition(_expression: string): { error: string } | { ok: true } {
  return { error: 'not there yet' };
}

export function matchConditionsOf(expressions: readonly string[]): MatchConditions | undefined {
  if (expressions.length === 0) return undefined;
  throw new Error('not there yet');
}
