import { Environment } from './environment.ts';
import { TWO_VARIABLE_COMPREHENSIONS } from './library/comprehensions.ts';
import { kubernetesCallCost } from './library/kubernetes-costs.ts';
import { KUBERNETES_LISTS } from './library/kubernetes-lists.ts';
import { lists } from './library/lists.ts';
import { OPTIONALS } from './library/optionals.ts';
import { REGEX } from './library/regexes.ts';
import { SETS } from './library/sets.ts';
import { strings } from './library/strings.ts';
import type { Library } from './library.ts';
import { durationLiterals, homogeneousLiterals, regexLiterals, timestampLiterals } from './validators.ts';

/** Cost units one expression may spend (apiserver pkg/apis/cel/config.go PerCallLimit). */
export const PER_CALL_LIMIT = 1_000_000;
/** Cost units all expressions of one validation of a request may spend together. */
export const RUNTIME_CEL_COST_BUDGET = 10_000_000;

/** What came with which minor version of Kubernetes 1.x (apiserver pkg/cel/environment/base.go). */
const LIBRARIES: readonly { since: number; until?: number; library: Library }[] = [
  { since: 0, library: REGEX },
  { since: 0, library: KUBERNETES_LISTS },
  { since: 28, library: OPTIONALS },
  { since: 0, until: 29, library: strings(0) },
  { since: 29, library: strings(2) },
  { since: 29, library: SETS },
  { since: 32, library: TWO_VARIABLE_COMPREHENSIONS },
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
      homogeneousLiterals: true,
      crossTypeComparisons: minor >= 28,
      presenceTestCosts: false,
      callCost: kubernetesCallCost,
      validators:
        minor >= 29 ? [durationLiterals, timestampLiterals, regexLiterals, homogeneousLiterals(mixed)] : [],
    });
    made.set(minor, env);
  }
  return env;
}
