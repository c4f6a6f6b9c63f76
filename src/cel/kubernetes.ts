import { Environment } from './environment.ts';
import { AUTHORIZATION, AUTHORIZATION_SELECTORS } from './library/authorization.ts';
import { CIDR } from './library/cidr.ts';
import { TWO_VARIABLE_COMPREHENSIONS } from './library/comprehensions.ts';
import { FORMAT } from './library/formats.ts';
import { IP } from './library/ip.ts';
import { kubernetesCallCost } from './library/kubernetes-costs.ts';
import { kubernetesCallEstimate } from './library/kubernetes-estimates.ts';
import { KUBERNETES_LISTS } from './library/kubernetes-lists.ts';
import { lists } from './library/lists.ts';
import { OPTIONALS } from './library/optionals.ts';
import { QUANTITY } from './library/quantity.ts';
import { REGEX } from './library/regexes.ts';
import { semver } from './library/semver.ts';
import { SETS } from './library/sets.ts';
import { strings } from './library/strings.ts';
import { URLS } from './library/urls.ts';
import type { Library } from './library.ts';
import { durationLiterals, homogeneousLiterals, regexLiterals, timestampLiterals } from './validators.ts';

/** Cost units one expression may spend (apiserver pkg/apis/cel/config.go PerCallLimit). */
export const PER_CALL_LIMIT = 1_000_000;
/** Cost units all expressions of one validation of a request may spend together. */
export const RUNTIME_CEL_COST_BUDGET = 10_000_000;
/** Cost units all match conditions of one webhook or policy binding may spend together. */
export const RUNTIME_CEL_COST_BUDGET_MATCH_CONDITIONS = 2_500_000;

/** What came with which minor version of Kubernetes 1.x (apiserver pkg/cel/environment/base.go). */
const LIBRARIES: readonly { since: number; until?: number; library: Library }[] = [
  { since: 0, library: URLS },
  { since: 0, library: REGEX },
  { since: 0, library: KUBERNETES_LISTS },
  { since: 27, library: AUTHORIZATION },
  { since: 28, library: OPTIONALS },
  { since: 28, library: QUANTITY },
  { since: 0, until: 29, library: strings(0) },
  { since: 29, library: strings(2) },
  { since: 29, library: SETS },
  { since: 30, library: IP },
  { since: 30, library: CIDR },
  { since: 31, library: FORMAT },
  { since: 31, library: AUTHORIZATION_SELECTORS },
  { since: 32, library: TWO_VARIABLE_COMPREHENSIONS },
  { since: 33, library: semver(1) },
  { since: 34, library: lists(3) },
];

const made = new Map<number, Environment>();

/**
 * The environment that Kubernetes 1.<minor> has for expressions, without variables: extend it with those. The
 * default is 1.36.
 */
export function kubernetesEnvironment(minor = 36): Environment {
  let env = made.get(minor);
  if (!env) {
    const libraries = LIBRARIES.filter((l) => l.since <= minor && (l.until === undefined || minor < l.until));
    const mixed = new Set(libraries.flatMap(({ library }) => library.mixedLiterals ?? []));
    env = new Environment({
      libraries: libraries.map(({ library }) => library),
      crossTypeComparisons: minor >= 28,
      presenceTestCosts: false,
      callCost: kubernetesCallCost,
      callEstimate: kubernetesCallEstimate,
      validators: [
        homogeneousLiterals(mixed),
        ...(minor >= 29 ? [durationLiterals, timestampLiterals, regexLiterals] : []),
      ],
    });
    made.set(minor, env);
  }
  return env;
}
