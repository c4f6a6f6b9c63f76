import type { AuthorizationVerdict } from '../../explain/verdict.ts';
import { type Binding, bindingOf } from '../rbac/policy.ts';
import { rulesOf } from '../rbac/role-rules.ts';
import type { PolicyRule } from '../rbac/rule.ts';
import type { RbacSource } from '../rbac/source.ts';

/** A rule that a binding gives to its subjects, and whether a decision has rested on it. */
export interface CoveredRule {
  rule: PolicyRule;
  touched: boolean;
}

export interface CoveredBinding {
  binding: Pick<Binding, 'kind' | 'namespace' | 'name' | 'roleRef'>;
  rules: readonly CoveredRule[];
  touched: boolean;
}

const DEFAULTS_LABEL = 'kubernetes.io/bootstrapping';

/**
 * Which rules, by which bindings, allowed anything among the decisions shown to it. The default bindings of every cluster
 * are left out.
 */
export class RuleCoverage {
  readonly #source: RbacSource;
  readonly #touched = new Map<string, Set<unknown>>();

  constructor(source: RbacSource) {
    this.#source = source;
  }

  note({ code, facts }: Pick<AuthorizationVerdict, 'code' | 'facts'>): void {
    if (code !== 'RBAC_ALLOWED') return;
    const key = keyOf(facts['binding'] as Binding);
    const rules = this.#touched.get(key);
    if (rules) rules.add(facts['rule']);
    else this.#touched.set(key, new Set([facts['rule']]));
  }

  bindings(): CoveredBinding[] {
    return [...this.#source.clusterrolebindings.list(), ...this.#source.rolebindings.list()]
      .filter(({ metadata }) => metadata.labels?.[DEFAULTS_LABEL] === undefined)
      .map((object) => {
        const { kind, namespace, name, roleRef } = bindingOf(object);
        const touched = this.#touched.get(keyOf({ kind, namespace, name }));
        const rules = (rulesOf(this.#source, roleRef, namespace) ?? []).map((rule) => ({
          rule,
          touched: touched?.has(rule) ?? false,
        }));
        return { binding: { kind, namespace, name, roleRef }, rules, touched: touched !== undefined };
      });
  }
}

const keyOf = ({ kind, namespace, name }: Pick<Binding, 'kind' | 'namespace' | 'name'>): string =>
  `${kind}/${namespace}/${name}`;
