import { StatusError } from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { type Rule, ruleFits } from '../webhook/rules.ts';
import { compileSelectors, type Selectors, selected } from '../webhook/selectors.ts';
import type { MatchResources } from './objects.ts';

/** matchConstraints of a policy or matchResources of a binding, made ready. */
export interface Match {
  /** Absent: every resource. */
  rules: readonly Rule[];
  excluded: readonly Rule[];
  selectors: Selectors;
}

export function compileMatch(resources: MatchResources | null | undefined): Match {
  return {
    rules: resources?.resourceRules ?? [],
    excluded: resources?.excludeResourceRules ?? [],
    selectors: compileSelectors(resources ?? {}),
  };
}

/** Whether a request of a shape may match at all: its names and labels are not looked at. */
export const mayMatch = ({ rules }: Match, attributes: AdmissionAttributes): boolean =>
  rules.length === 0 || rules.some((rule) => ruleFits(rule, attributes));

/** apiserver pkg/admission/plugin/policy/matching. A text is why nobody can tell. */
export function matches(
  match: Match,
  attributes: AdmissionAttributes,
  namespaces: Lister,
): boolean | { error: string } {
  const fits = (rule: Rule): boolean => ruleFits(rule, attributes) && named(rule, attributes.name);
  if (match.excluded.some(fits)) return false;
  if (match.rules.length > 0 && !match.rules.some(fits)) return false;
  const chosen = selected(match.selectors, attributes, namespaces);
  return chosen instanceof StatusError ? { error: chosen.message } : chosen;
}

const named = ({ resourceNames }: Rule, name: string): boolean =>
  !resourceNames?.length || resourceNames.includes(name);
