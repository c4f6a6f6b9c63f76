import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { bindingErrors } from './binding-validation.ts';
import { paramRefAccess } from './param-access.ts';
import { reservedNameWarnings } from './reserved-names.ts';
import { defaultMatchResources } from './rules.ts';

/** A label selector as Go prints the API type. */
function goSelectorText(selector: Fields): string {
  const labels: Record<string, string> = selector['matchLabels'] ?? {};
  const pairs = Object.keys(labels)
    .sort()
    .map((key) => `${key}: ${labels[key]},`);
  const terms = ((selector['matchExpressions'] ?? []) as Fields[]).map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key ?? ''},Operator:${operator ?? ''},Values:[${(values ?? []).join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${pairs.join('')}},MatchExpressions:[]LabelSelectorRequirement{${terms.join('')}},}`;
}

function paramCell(ref: Fields | undefined): string {
  if (ref?.['name']) return `${ref['namespace'] || '*'}/${ref['name']}`;
  return ref?.['selector'] ? goSelectorText(ref['selector']) : '<unset>';
}

function bindings(mutating: boolean): Strategy {
  return {
    defaults: (object: KubeObject) => defaultMatchResources(object['spec']?.matchResources),
    validate: (object) => bindingErrors(object, mutating),
    validateUpdate: (object) => bindingErrors(object, mutating),
    validateAccess: (object, _old, context) =>
      paramRefAccess(object, context, mutating ? 'mutatingadmissionpolicies' : 'validatingadmissionpolicies'),
    warnings: reservedNameWarnings,
    generation: true,
    allowUnconditionalUpdate: false,
    row: (object, now) => [
      object.metadata.name ?? '',
      object['spec']?.policyName ?? '',
      paramCell(object['spec']?.paramRef),
      age(object, now),
    ],
  };
}

/** pkg/registry/admissionregistration/{validating,mutating}admissionpolicybinding/strategy.go. */
export const validatingadmissionpolicybindings: Strategy = bindings(false);
export const mutatingadmissionpolicybindings: Strategy = bindings(true);
