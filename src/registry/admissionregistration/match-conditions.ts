import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  required,
  tooMany,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import type { ExpressionScope } from '../admission-expressions.ts';
import { qualifiedName } from '../field-validation.ts';

const MOST = 64;

/** Faults of the conditions that narrow what a webhook or policy is asked for. `params`: they may name `params`. */
export function matchConditionsErrors(
  conditions: Fields[] | undefined,
  scope: ExpressionScope,
  params: boolean,
  path: string,
): FieldError[] {
  const all = conditions ?? [];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  if (all.length > MOST) errors.push(tooMany(path, all.length, MOST));
  all.forEach((condition, i) => {
    const here = index(path, i);
    const expression = ((condition['expression'] ?? '') as string).trim();
    const at = child(here, 'expression');
    if (expression === '') errors.push(required(at));
    else {
      const fault = scope.fault({ expression, result: 'bool', params, authorizer: true, patchTypes: false });
      if (fault !== undefined) errors.push(invalid(at, expression, fault));
    }
    const name: string = condition['name'] ?? '';
    const atName = child(here, 'name');
    if (name === '') {
      errors.push(required(atName));
      return;
    }
    errors.push(...qualifiedName(name, atName));
    if (names.has(name)) errors.push(duplicate(atName, name));
    names.add(name);
  });
  return errors;
}
