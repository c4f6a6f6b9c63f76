import { child, type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';

/** A rule as a request carries it: every list may be absent. */
interface Rule {
  verbs?: string[] | null;
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** Role (pkg/registry/rbac/role/strategy.go). */
export const role: Strategy = {
  allowCreateOnUpdate: true,
  validateName: (name) => pathSegmentFaults(name),
  defaults: withoutEmptyLists,
  validate: (object) => validateRules(object, true),
  validateUpdate: (object) => validateRules(object, true),
};

/** Lists without items are stored as absent, and `rules` of a role without any is null. */
export function withoutEmptyLists(object: KubeObject): void {
  const rules: Rule[] | null | undefined = object['rules'];
  object['rules'] = rules?.length ? rules : null;
  for (const rule of rules ?? []) {
    for (const field of ['apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const) {
      if (rule[field] !== undefined && !rule[field]?.length) delete rule[field];
    }
  }
}

/** Faults of a role's rules (pkg/apis/rbac/validation/validation.go). */
export function validateRules(object: KubeObject, namespaced: boolean): FieldError[] {
  return ((object['rules'] ?? []) as Rule[]).flatMap((rule, i) =>
    validateRule(rule, namespaced, index('rules', i)),
  );
}

function validateRule(rule: Rule, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length)
    errors.push(required(child(path, 'verbs'), 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    const at = child(path, 'nonResourceURLs');
    const refuse = (words: string): number => errors.push(invalid(at, rule.nonResourceURLs, words));
    if (namespaced) refuse('namespaced rules cannot apply to non-resource URLs');
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
      refuse('rules cannot apply to both regular resources and non-resource URLs');
    return errors;
  }
  if (!rule.apiGroups?.length)
    errors.push(required(child(path, 'apiGroups'), 'resource rules must supply at least one api group'));
  if (!rule.resources?.length)
    errors.push(required(child(path, 'resources'), 'resource rules must supply at least one resource'));
  return errors;
}
