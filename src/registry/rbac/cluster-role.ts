import { type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { type LabelSelectorObject, labelSelectorErrors } from '../../meta/label-selector.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { validateRules, withoutEmptyLists } from './role.ts';

/** ClusterRole (pkg/registry/rbac/clusterrole/strategy.go). */
export const clusterRole: Strategy = {
  allowCreateOnUpdate: true,
  validateName: (name) => pathSegmentFaults(name),
  defaults: withoutEmptyLists,
  validate,
  validateUpdate: validate,
};

function validate(object: KubeObject): FieldError[] {
  return [...validateRules(object, false), ...validateAggregation(object)];
}

function validateAggregation(object: KubeObject): FieldError[] {
  const rule = object['aggregationRule'];
  if (rule === undefined || rule === null) return [];
  const path = 'aggregationRule.clusterRoleSelectors';
  const selectors: LabelSelectorObject[] = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0)
    return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return selectors.flatMap((selector, i) => {
    const faults = labelSelectorErrors(selector, index(path, i));
    return faults.length ? [...faults, invalid(index(path, i), null, 'invalid label selector.')] : [];
  });
}
