import { type CheckAuthorization, RUNTIME_CEL_COST_BUDGET } from '../../cel/index.ts';
import { policyWords } from '../../explain/words/policy.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import { forbiddenError, internalError, StatusError } from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import { askOf, requestBindings } from '../evaluation.ts';
import { Budget } from '../expressions.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from '../plugin.ts';
import { replaceObject, writtenForm } from '../redecode.ts';
import { Reinvocable } from '../reinvocation.ts';
import type { ResourceVersions } from '../versions.ts';
import { type Invocation, invocations, namespaceOf } from './invocations.ts';
import { compileMutations, type Mutation, mutate } from './mutations.ts';
import type { MutatingSpec } from './objects.ts';
import type { FindParams } from './params.ts';
import { Policies, type Policy } from './policies.ts';
import { type ValidatingPolicyOptions, withVariables } from './validating.ts';

type MutatingPolicy = Policy<MutatingSpec, readonly Mutation[]>;

interface Denial {
  policy: string;
  binding: string | undefined;
  why: string;
  reason: 'Forbidden' | 'Invalid';
}

/** Evaluates MutatingAdmissionPolicies and changes objects by them (apiserver pkg/admission/plugin/policy/mutating). */
export class MutatingAdmissionPolicy implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionPolicy';
  readonly #policies: Policies<MutatingSpec, readonly Mutation[]>;
  readonly #namespaces: Lister;
  readonly #find: FindParams;
  readonly #ask: CheckAuthorization;
  readonly #versions: ResourceVersions;

  constructor({
    policies,
    bindings,
    namespaces,
    authorization,
    findParams,
    versions,
  }: ValidatingPolicyOptions) {
    this.#policies = new Policies(policies, bindings, compileMutations, true, versions);
    this.#namespaces = namespaces;
    this.#find = findParams;
    this.#versions = versions;
    this.#ask = askOf(authorization);
  }

  handles(): boolean {
    return true;
  }

  admit(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const policies = this.#policies.for(attributes);
    if (policies.length === 0) return ACCEPTED;
    const found = invocations<MutatingSpec, readonly Mutation[], MutatingPolicy>(
      policies,
      attributes,
      { namespaces: this.#namespaces, versions: this.#versions },
      this.#find,
    );
    return found.length === 0 ? ACCEPTED : this.#evaluate(found, attributes);
  }

  async #evaluate(
    found: ReturnType<typeof invocations<MutatingSpec, readonly Mutation[], MutatingPolicy>>,
    attributes: AdmissionAttributes,
  ): Promise<PluginVerdict> {
    const denials: Denial[] = [];
    const changed: string[] = [];
    const reinvocable = Reinvocable.of(attributes, this.name);
    for (const one of found) {
      if (!('why' in one)) continue;
      const { policy, binding, why } = one;
      if (!policy.failsOpen)
        denials.push({ policy: policy.name, binding: binding?.name, why, reason: 'Forbidden' });
    }
    const runs = found.filter((one): one is Invocation<MutatingPolicy> => !('why' in one));
    if (runs.length) {
      reinvocable.begin(attributes.object);
      for (const run of runs) {
        const result = await this.#run(run, attributes, reinvocable);
        if (result instanceof StatusError) {
          const facts = { policy: run.policy.name, binding: run.binding.name, why: result.message };
          return { outcome: 'denied', code: 'MUTATING_POLICY_DENIED', facts, error: result };
        }
        if (result.changed) changed.push(run.policy.name);
        for (const why of result.errors) {
          if (!run.policy.failsOpen)
            denials.push({ policy: run.policy.name, binding: run.binding.name, why, reason: 'Invalid' });
        }
      }
      reinvocable.end(attributes.object);
    }
    if (denials.length) return denied(denials, attributes);
    const policies = [...new Set(runs.map(({ policy }) => policy.name))];
    return changed.length
      ? { outcome: 'changed', code: 'POLICIES_CHANGED', facts: { policies: changed } }
      : { outcome: 'accepted', code: 'POLICIES_ACCEPTED', facts: { policies } };
  }

  /** One policy with one parameter: its mutations one after the other; one that fails does not keep the next from running. */
  async #run(
    { policy, binding, param, version }: Invocation<MutatingPolicy>,
    attributes: AdmissionAttributes,
    reinvocable: Reinvocable,
  ): Promise<{ changed: boolean; errors: string[] } | StatusError> {
    const namespace = namespaceOf(attributes, this.#namespaces);
    if (namespace instanceof StatusError) return namespace;
    const result: { changed: boolean; errors: string[] } = { changed: false, errors: [] };
    let view = await this.#versions.view(attributes, version);
    let object = view.object && writtenForm(view.object, view.kind);
    const before = object;
    const bindings = (budget: Budget) =>
      withVariables(requestBindings(view, this.#ask, namespace, object), param, policy.expressions, budget);
    if (!policy.conditions.none) {
      const hold = await policy.conditions.hold(bindings(new Budget(RUNTIME_CEL_COST_BUDGET)));
      if (hold === false) return result;
      if (hold !== true) return { changed: false, errors: [hold.error] };
    }
    const key = [policy.name, binding.name, param?.metadata.namespace ?? '', param?.metadata.name ?? ''].join(
      '/',
    );
    if (!reinvocable.calls(key)) return result;
    for (const mutation of policy.compiled) {
      if (!object) break;
      const budget = new Budget(RUNTIME_CEL_COST_BUDGET);
      const mutated = await mutate(mutation, object, view, bindings(budget), budget);
      if (!mutated.ok) {
        result.errors.push(mutated.error);
        continue;
      }
      const decoded = await this.#versions.back(mutated.value, view, attributes);
      if (!decoded.ok) return internalError(decoded.error);
      replaceObject(attributes.object!, decoded.object);
      view = await this.#versions.view(attributes, version);
      object = view.object && writtenForm(view.object, view.kind);
    }
    result.changed = !deepEqual(object, before);
    if (result.changed) reinvocable.changed();
    if (policy.spec.reinvocationPolicy === 'IfNeeded') reinvocable.mayAgain(key);
    return result;
  }
}

/** The first denial is the answer, all are its causes. */
function denied(denials: readonly Denial[], attributes: AdmissionAttributes): PluginVerdict {
  const code = 'MUTATING_POLICY_DENIED';
  const factsOf = ({ policy, binding, why }: Denial) => ({
    policy,
    why,
    ...(binding === undefined ? {} : { binding }),
  });
  const texts = denials.map((denial) => policyWords[code]!(factsOf(denial)));
  const { status } = forbiddenError(attributes.resource, attributes.name, '');
  const error = new StatusError({
    code: 403,
    reason: denials[0]!.reason,
    message: texts[0]!,
    details: { ...status.details, causes: texts.map((message) => ({ message })) },
  });
  return { outcome: 'denied', code, facts: factsOf(denials[0]!), error };
}
