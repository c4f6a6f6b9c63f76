import type { Bindings } from '../../cel/index.ts';
import { type Expression, evaluate } from '../evaluation.ts';
import type { Budget, PolicyExpressions } from '../expressions.ts';
import type { ValidatingSpec } from './objects.ts';

export interface Validation extends Expression {
  message: string;
  reason: string;
  messageExpression: Expression | undefined;
}

export interface CompiledValidations {
  validations: readonly Validation[];
  annotations: readonly (Expression & { key: string })[];
}

export function compileValidations(
  spec: ValidatingSpec,
  expressions: PolicyExpressions,
): CompiledValidations {
  const params = Boolean(spec.paramKind);
  const common = { params, patchTypes: false };
  return {
    validations: (spec.validations ?? []).map(
      ({ expression, message = '', reason = '', messageExpression }) => ({
        expression,
        compiled: expressions.compile({ expression, result: 'bool', authorizer: true, ...common }),
        message,
        reason,
        messageExpression: messageExpression
          ? {
              expression: messageExpression,
              compiled: expressions.compile({
                expression: messageExpression,
                result: 'string',
                authorizer: false,
                ...common,
              }),
            }
          : undefined,
      }),
    ),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: valueExpression,
      compiled: expressions.compile({
        expression: valueExpression,
        result: 'stringOrNull',
        authorizer: true,
        ...common,
      }),
    })),
  };
}

const MAX_MESSAGE = 5 * 1024;

/** What a failed validation says: its messageExpression, else its message, else its expression. */
export async function messageOf(validation: Validation, bindings: Bindings, budget: Budget): Promise<string> {
  if (validation.messageExpression) {
    const { value } = await evaluate(validation.messageExpression, bindings, budget);
    const text = typeof value === 'string' ? value.trim() : '';
    if (text !== '' && Buffer.byteLength(text) <= MAX_MESSAGE && !text.includes('\n')) return text;
  }
  return validation.message.trim() || `failed expression: ${validation.expression.trim()}`;
}
