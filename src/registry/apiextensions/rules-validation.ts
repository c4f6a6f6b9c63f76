import {
  child,
  type FieldError,
  forbidden,
  index,
  internal,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { compileRules } from '../custom-resources/cel-rules.ts';
import { followFieldPath } from '../custom-resources/field-path.ts';
import { structural, structuralFault, type ValidationRule } from '../custom-resources/structural.ts';
import { type CelContext, EXPRESSION_COST_LIMIT, multiplied } from './cel-context.ts';
import { shownRule } from './internal-json.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const NEWLINE = /[\n\r]/;
const RULES = 'x-kubernetes-validations';

/** Faults of rules that can be seen without compiling them. */
export function ruleErrors(schema: Fields, path: string): FieldError[] {
  const rules: ValidationRule[] = schema[RULES] ?? [];
  return rules.flatMap((rule, i) => oneRule(schema, rule, index(child(path, RULES), i)));
}

function oneRule(schema: Fields, rule: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  const { rule: expression = '', message = '', messageExpression = '', reason, fieldPath = '' } = rule;
  if (expression.trim() === '') errors.push(required(at('rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '')
    errors.push(invalid(at('message'), message, 'must be non-empty if specified'));
  else if (NEWLINE.test(message.trim()))
    errors.push(invalid(at('message'), message, 'must not contain line breaks'));
  else if (NEWLINE.test(expression.trim()) && message.trim() === '')
    errors.push(required(at('message'), 'message must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(required(at('messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupported(at('reason'), reason, REASONS));
  if (fieldPath !== '' && fieldPath.trim() === '')
    errors.push(invalid(at('fieldPath'), fieldPath, 'must be non-empty if specified'));
  if (NEWLINE.test(fieldPath))
    errors.push(invalid(at('fieldPath'), fieldPath, 'must not contain line breaks'));
  if (
    fieldPath !== '' &&
    structuralFault(schema) === undefined &&
    !followFieldPath(fieldPath, structural(schema)).ok
  )
    errors.push(invalid(at('fieldPath'), fieldPath, 'must be a valid path'));
  return errors;
}

export interface ExpressionOptions {
  /** The schema is as it was: an expression that is too expensive by today's measure may stay. */
  lenientCosts: boolean;
  /** The part of the schema above whose values before and after a change cannot be told to be the same. */
  uncorrelated: string | undefined;
}

/** Faults of rules that compiling them shows, and what they are estimated to cost. */
export function expressionErrors(
  context: CelContext,
  path: string,
  options: ExpressionOptions,
): FieldError[] {
  const at = child(path, RULES);
  const type = context.type();
  if (!type)
    return [
      internal(
        at,
        'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
      ),
    ];
  const errors: FieldError[] = [];
  for (const [i, compiled] of compileRules(context.schema, type, true).entries()) {
    const rulePath = child(index(at, i), 'rule');
    const messagePath = child(index(at, i), 'messageExpression');
    const check = (where: string, what: string, cost: number): void => {
      if (!options.lenientCosts && cost > EXPRESSION_COST_LIMIT)
        errors.push(forbidden(where, tooExpensive(what, cost, EXPRESSION_COST_LIMIT)));
      context.costs.observe(where, cost);
    };
    const { rule } = compiled;
    check(
      rulePath,
      'estimated rule cost',
      multiplied(compiled.maxCost, context.maxCardinality ?? compiled.maxCardinality),
    );
    if (compiled.error !== undefined) errors.push(invalid(rulePath, shownRule(rule), compiled.error));
    if (compiled.messageError !== undefined)
      errors.push(invalid(messagePath, shownRule(rule), compiled.messageError));
    else if (compiled.message)
      check(messagePath, 'estimated messageExpression cost', compiled.messageMaxCost);
    if (compiled.usesOldSelf) {
      if (options.uncorrelated !== undefined)
        errors.push(
          invalid(
            rulePath,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${options.uncorrelated}`,
          ),
        );
    } else if (rule.optionalOldSelf !== undefined && rule.optionalOldSelf !== null)
      errors.push(
        invalid(
          child(index(at, i), 'optionalOldSelf'),
          rule.optionalOldSelf,
          'may not be set if oldSelf is not used in rule',
        ),
      );
  }
  return errors;
}

/** By how much an estimate is over its limit. */
export function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown =
    factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
