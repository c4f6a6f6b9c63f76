import { StatusError } from '../../meta/status.ts';
import type { ResourceVersion } from '../../registry/admission-hook.ts';
import type { Lister } from '../../registry/lister.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { type ResourceVersions, requestedVersion } from '../versions.ts';
import { matchedVersion, type Rule, ruleFits } from '../webhook/rules.ts';
import { compileSelectors, type Selectors, selected } from '../webhook/selectors.ts';
import type { MatchResources } from './objects.ts';

/** What matching looks at besides the request. */
export interface MatchParts {
  namespaces: Lister;
  versions: ResourceVersions;
}

/** matchConstraints of a policy or matchResources of a binding, made ready. */
export interface Match {
  /** Absent: every resource. */
  rules: readonly Rule[];
  excluded: readonly Rule[];
  selectors: Selectors;
  matchPolicy: string | null | undefined;
}

export function compileMatch(resources: MatchResources | null | undefined): Match {
  return {
    rules: resources?.resourceRules ?? [],
    excluded: resources?.excludeResourceRules ?? [],
    selectors: compileSelectors(resources ?? {}),
    matchPolicy: resources?.matchPolicy,
  };
}

/** Whether a request of a shape may match at all: its names and labels are not looked at. */
export const mayMatch = (
  { rules, matchPolicy }: Match,
  attributes: AdmissionAttributes,
  versions: ResourceVersions,
): boolean =>
  rules.length === 0 ||
  matchedVersion(
    (request) => rules.some((rule) => ruleFits(rule, request)),
    matchPolicy,
    attributes,
    versions,
  ) !== undefined;

/** The version in which a request matches, or undefined (apiserver pkg/admission/plugin/policy/matching). A text is why nobody can tell. */
export function matches(
  match: Match,
  attributes: AdmissionAttributes,
  { namespaces, versions }: MatchParts,
): ResourceVersion | { error: string } | undefined {
  const among = (rules: readonly Rule[]): ResourceVersion | undefined =>
    matchedVersion(
      (request) => rules.some((rule) => ruleFits(rule, request) && named(rule, attributes.name)),
      match.matchPolicy,
      attributes,
      versions,
    );
  if (match.excluded.length > 0 && among(match.excluded)) return undefined;
  const version = match.rules.length > 0 ? among(match.rules) : requestedVersion(attributes);
  if (!version) return undefined;
  const chosen = selected(match.selectors, attributes, namespaces);
  if (chosen instanceof StatusError) return { error: chosen.message };
  return chosen ? version : undefined;
}

const named = ({ resourceNames }: Rule, name: string): boolean =>
  !resourceNames?.length || resourceNames.includes(name);
