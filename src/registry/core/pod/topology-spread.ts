import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import { labelNameErrors, labelSelectorErrors } from '../../../meta/label-selector.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';

/** spec.topologySpreadConstraints (validateTopologySpreadConstraints in validation.go). */

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const NODE_POLICIES = ['Honor', 'Ignore'];

const positive = (value: number, path: string): FieldError[] =>
  value > 0 ? [] : [invalid(path, value, 'must be greater than zero')];

function labelKeysErrors(
  keys: string[] | undefined,
  selector: Fields | undefined,
  path: string,
): FieldError[] {
  if (!keys?.length) return [];
  if (!selector) return [forbidden(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((name, i) => labelNameErrors(name, index(path, i)));
}

/** matchLabelKeys and mismatchLabelKeys beside a label selector; `path` is that of the term that holds them. */
export function matchLabelKeysErrors(
  match: string[] | undefined,
  mismatch: string[] | undefined,
  selector: Fields | undefined,
  path: string,
): FieldError[] {
  if (!match?.length && !mismatch?.length) return [];
  const errors = labelKeysErrors(match, selector, child(path, 'matchLabelKeys'));
  add(errors, labelKeysErrors(mismatch, selector, child(path, 'mismatchLabelKeys')));
  const places = new Map<string, number>(match?.map((name, i) => [name, i]));
  if (selector) {
    const seen = new Set(Object.keys(selector['matchLabels'] ?? {}));
    for (const expression of selector['matchExpressions'] ?? []) {
      const i = places.get(expression.key) ?? -1;
      // The server puts each key into the selector itself: only a second one is the client's.
      if (i >= 0 && seen.has(expression.key))
        errors.push(
          invalid(index(path, i), expression.key, 'exists in both matchLabelKeys and labelSelector'),
        );
      seen.add(expression.key);
    }
  }
  const avoided = new Set(mismatch);
  match?.forEach((name, i) => {
    if (avoided.has(name))
      errors.push(
        invalid(
          index(child(path, 'matchLabelKeys'), i),
          name,
          'exists in both matchLabelKeys and mismatchLabelKeys',
        ),
      );
  });
  return errors;
}

/** The rule of before v1.34, for objects stored under it. */
function oldMatchLabelKeysErrors(
  keys: string[] | undefined,
  selector: Fields | undefined,
  path: string,
): FieldError[] {
  if (!keys?.length) return [];
  const errors: FieldError[] = [];
  const taken = new Set(Object.keys(selector?.['matchLabels'] ?? {}));
  for (const expression of selector?.['matchExpressions'] ?? []) taken.add(expression.key);
  if (!selector) errors.push(forbidden(path, 'must not be specified when labelSelector is not set'));
  keys.forEach((name, i) => {
    add(errors, labelNameErrors(name, index(path, i)));
    if (taken.has(name))
      errors.push(invalid(index(path, i), name, 'exists in both matchLabelKeys and labelSelector'));
  });
  return errors;
}

const nodePolicyErrors = (policy: string | undefined, path: string): FieldError[] =>
  policy === undefined || NODE_POLICIES.includes(policy) ? [] : [notSupported(path, policy, NODE_POLICIES)];

const pair = (constraint: Fields): string =>
  JSON.stringify([constraint['topologyKey'] ?? '', constraint['whenUnsatisfiable'] ?? '']);

export function topologySpreadErrors(
  constraints: Fields[] | undefined,
  options: PodValidationOptions,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const last = new Map<string, number>();
  constraints?.forEach((constraint, i) => {
    last.set(pair(constraint), i);
  });
  constraints?.forEach((constraint, i) => {
    const at = index(path, i);
    const action: string = constraint['whenUnsatisfiable'] ?? '';
    add(errors, positive(constraint['maxSkew'] ?? 0, child(at, 'maxSkew')));
    if (!constraint['topologyKey']) errors.push(required(child(at, 'topologyKey'), 'can not be empty'));
    if (!ACTIONS.includes(action)) errors.push(notSupported(child(at, 'whenUnsatisfiable'), action, ACTIONS));
    const again = last.get(pair(constraint))! > i;
    if (again)
      errors.push(
        duplicate(
          child(at, '{topologyKey, whenUnsatisfiable}'),
          `{${constraint['topologyKey'] ?? ''}, ${action}}`,
        ),
      );
    const minDomains: number | undefined = constraint['minDomains'];
    if (minDomains !== undefined) {
      add(errors, positive(minDomains, child(at, 'minDomains')));
      if (action !== 'DoNotSchedule')
        errors.push(
          invalid(
            child(at, 'minDomains'),
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`,
          ),
        );
    }
    add(errors, nodePolicyErrors(constraint['nodeAffinityPolicy'], child(at, 'nodeAffinityPolicy')));
    add(errors, nodePolicyErrors(constraint['nodeTaintsPolicy'], child(at, 'nodeTaintsPolicy')));
    const keys: string[] | undefined = constraint['matchLabelKeys'];
    const selector: Fields | undefined = constraint['labelSelector'];
    add(
      errors,
      options.oldMatchLabelKeysInvalid
        ? oldMatchLabelKeysErrors(keys, selector, child(at, 'matchLabelKeys'))
        : matchLabelKeysErrors(keys, undefined, selector, at),
    );
    if (!options.allowInvalidSpreadSelector)
      add(errors, labelSelectorErrors(selector, child(at, 'labelSelector')));
  });
  return errors;
}
