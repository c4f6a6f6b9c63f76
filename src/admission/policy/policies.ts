import type { KubeObject } from '../../meta/object.ts';
import type { Lister } from '../../registry/lister.ts';
import { MatchConditions } from '../evaluation.ts';
import { PolicyExpressions } from '../expressions.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import type { ResourceVersions } from '../versions.ts';
import { isAdmissionConfiguration, ruleKey } from '../webhook/rules.ts';
import { compileMatch, type Match, mayMatch } from './matching.ts';
import type { BindingSpec, PolicySpec } from './objects.ts';

export interface Binding {
  name: string;
  spec: BindingSpec;
  match: Match;
}

/** A policy with the bindings that put it in force. */
export interface Policy<Spec extends PolicySpec, Compiled> {
  name: string;
  spec: Spec;
  failsOpen: boolean;
  match: Match;
  conditions: MatchConditions;
  /** With the variables in it. */
  expressions: PolicyExpressions;
  compiled: Compiled;
  bindings: readonly Binding[];
}

/** Reviews answer whether somebody may: to interfere with them may break a cluster. */
const LEFT_ALONE = new Set([
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

const MAX_SHAPES = 5000;

/**
 * The policies of a kind that have bindings, by name. A policy is compiled once for each change of it; which policies a
 * request's shape concerns is found once for each shape.
 */
export class Policies<Spec extends PolicySpec, Compiled> {
  readonly #policies: Lister;
  readonly #bindings: Lister;
  readonly #compile: (spec: Spec, expressions: PolicyExpressions) => Compiled;
  readonly #patchTypes: boolean;
  readonly #versions: ResourceVersions;
  #all: readonly Policy<Spec, Compiled>[] | undefined;
  #shapes = new Map<string, readonly Policy<Spec, Compiled>[]>();
  /** By the object they are made of: objects in the cache do not change. */
  readonly #made = new WeakMap<KubeObject, Omit<Policy<Spec, Compiled>, 'bindings'>>();

  constructor(
    policies: Lister,
    bindings: Lister,
    compile: (spec: Spec, expressions: PolicyExpressions) => Compiled,
    patchTypes: boolean,
    versions: ResourceVersions,
  ) {
    this.#policies = policies;
    this.#bindings = bindings;
    this.#compile = compile;
    this.#patchTypes = patchTypes;
    this.#versions = versions;
    versions.onChange(() => this.#shapes.clear());
    const changed = (): void => {
      this.#all = undefined;
      this.#shapes.clear();
    };
    policies.onChange(changed);
    bindings.onChange(changed);
  }

  for(attributes: AdmissionAttributes): readonly Policy<Spec, Compiled>[] {
    this.#all ??= this.#make();
    if (this.#all.length === 0) return this.#all;
    const key = ruleKey(attributes);
    let fitting = this.#shapes.get(key);
    if (!fitting) {
      const { group, resource } = attributes.resource;
      const none = isAdmissionConfiguration(attributes) || LEFT_ALONE.has(`${group}/${resource}`);
      fitting = none ? [] : this.#all.filter(({ match }) => mayMatch(match, attributes, this.#versions));
      if (this.#shapes.size >= MAX_SHAPES) this.#shapes.clear();
      this.#shapes.set(key, fitting);
    }
    return fitting;
  }

  #make(): Policy<Spec, Compiled>[] {
    const bindings = new Map<string, Binding[]>();
    for (const object of this.#bindings.list()) {
      const spec = object['spec'] as BindingSpec;
      const binding = { name: object.metadata.name ?? '', spec, match: compileMatch(spec.matchResources) };
      const others = bindings.get(spec.policyName);
      if (others) others.push(binding);
      else bindings.set(spec.policyName, [binding]);
    }
    return this.#policies.list().flatMap((object) => {
      const own = bindings.get(object.metadata.name ?? '');
      return own ? [{ ...this.#policy(object), bindings: own }] : [];
    });
  }

  #policy(object: KubeObject): Omit<Policy<Spec, Compiled>, 'bindings'> {
    let made = this.#made.get(object);
    if (!made) {
      const spec = object['spec'] as Spec;
      const params = Boolean(spec.paramKind);
      const variables = spec.variables ?? [];
      // Conditions decide whether a policy is asked at all: they know no variables.
      const conditions = new MatchConditions(
        spec.matchConditions ?? [],
        new PolicyExpressions(false),
        params,
      );
      const expressions = new PolicyExpressions(variables.length > 0);
      for (const { name, expression } of variables) {
        expressions.addVariable(name, {
          expression,
          result: 'any',
          params,
          authorizer: true,
          patchTypes: this.#patchTypes,
        });
      }
      made = {
        name: object.metadata.name ?? '',
        spec,
        failsOpen: spec.failurePolicy === 'Ignore',
        match: compileMatch(spec.matchConstraints),
        conditions,
        expressions,
        compiled: this.#compile(spec, expressions),
      };
      this.#made.set(object, made);
    }
    return made;
  }
}
