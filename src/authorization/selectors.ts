import { parseFieldSelector } from '../meta/field-selector.ts';
import { type LabelOperator, parseLabelSelector } from '../meta/label-selector.ts';
import type { SelectorAttributes, SelectorRequirement } from './authorizer.ts';

/** A field selector's terms as attributes carry them: `a=b` is an In with one value, `a!=b` a NotIn. */
export function fieldSelectorAttributes(raw: string): SelectorAttributes {
  const parsed = parseFieldSelector(raw);
  if ('error' in parsed) return { requirements: [], error: parsed.error };
  return {
    requirements: parsed.requirements.map(({ field, operator, value }) => ({
      key: field,
      operator: operator === '=' ? 'In' : 'NotIn',
      values: [value],
    })),
  };
}

const OPERATORS: Readonly<Record<LabelOperator, SelectorRequirement['operator']>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
  gt: 'Gt',
  lt: 'Lt',
};

/** The same of a label selector, sorted by key. */
export function labelSelectorAttributes(raw: string): SelectorAttributes {
  const parsed = parseLabelSelector(raw);
  if ('error' in parsed) return { requirements: [], error: parsed.error };
  return {
    requirements: parsed.selector.requirements.map(({ key, operator, values }) => ({
      key,
      operator: OPERATORS[operator],
      values,
    })),
  };
}
