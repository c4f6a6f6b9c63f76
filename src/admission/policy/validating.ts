import type { AuthorizationChain } from '../../authorization/chain.ts';
import {
  type Bindings,
  type CheckAuthorization,
  jsonValue,
  PER_CALL_LIMIT,
  RUNTIME_CEL_COST_BUDGET,
} from '../../cel/index.ts';
import { policyWords } from '../../explain/words/policy.ts';
import type { KubeObject } from '../../meta/object.ts';
import { forbiddenError, StatusError, type StatusReason } from '../../meta/status.ts';
import type { ResourceVersion } from '../../registry/admission-hook.ts';
import type { Lister } from '../../registry/lister.ts';
import { askOf, evaluate, requestBindings } from '../evaluation.ts';
import { Budget, type PolicyExpressions, variablesValue } from '../expressions.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from '../plugin.ts';
import type { ResourceVersions } from '../versions.ts';
import { invocations, namespaceOf } from './invocations.ts';
import type { ValidatingSpec } from './objects.ts';
import type { FindParams } from './params.ts';
import { Policies, type Policy } from './policies.ts';
import { type CompiledValidations, compileValidations, messageOf } from './validations.ts';

export interface ValidatingPolicyOptions {
  policies: Lister;
  bindings: Lister;
  namespaces: Lister;
  authorization: Pick<AuthorizationChain, 'authorize'>;
  findParams: FindParams;
  versions: ResourceVersions;
}

type ValidatingPolicy = Policy<ValidatingSpec, CompiledValidations>;

interface Denial {
  policy: string;
  binding: string | undefined;
  why: string;
  reason: string;
}

const MAX_ANNOTATION = 10 * 1024;
const CODES: Record<string, number> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** Evaluates ValidatingAdmissionPolicies (apiserver pkg/admission/plugin/policy/validating). */
export class ValidatingAdmissionPolicy implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionPolicy';
  readonly #policies: Policies<ValidatingSpec, CompiledValidations>;
  readonly #namespaces: Lister;
  readonly #find: FindParams;
  readonly #ask: CheckAuthorization;
  readonly #versions: ResourceVersions;

  constructor(options: ValidatingPolicyOptions) {
    const { policies, bindings, namespaces, authorization, findParams, versions } = options;
    this.#policies = new Policies(policies, bindings, compileValidations, false, versions);
    this.#namespaces = namespaces;
    this.#find = findParams;
    this.#versions = versions;
    this.#ask = askOf(authorization);
  }

  handles(): boolean {
    return true;
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const policies = this.#policies.for(attributes);
    if (policies.length === 0) return ACCEPTED;
    const found = invocations<ValidatingSpec, CompiledValidations, ValidatingPolicy>(
      policies,
      attributes,
      { namespaces: this.#namespaces, versions: this.#versions },
      this.#find,
    );
    return found.length === 0 ? ACCEPTED : this.#evaluate(found, attributes);
  }

  async #evaluate(
    found: ReturnType<typeof invocations<ValidatingSpec, CompiledValidations, ValidatingPolicy>>,
    attributes: AdmissionAttributes,
  ): Promise<PluginVerdict> {
    const denials: Denial[] = [];
    const annotations = new Map<string, Set<string>>();
    const namespace = namespaceOf(attributes, this.#namespaces);
    if (namespace instanceof StatusError) {
      return {
        outcome: 'denied',
        code: 'NAMESPACE_NOT_FOUND',
        facts: { namespace: attributes.namespace },
        error: namespace,
      };
    }
    const views = new Map<ResourceVersion, Bindings>();
    const bindingsIn = async (version: ResourceVersion): Promise<Bindings> => {
      let bindings = views.get(version);
      if (!bindings) {
        const view = await this.#versions.view(attributes, version);
        bindings = requestBindings(view, this.#ask, namespace);
        views.set(version, bindings);
      }
      return bindings;
    };
    for (const one of found) {
      const { policy } = one;
      if ('why' in one) {
        if (!policy.failsOpen)
          denials.push({ policy: policy.name, binding: one.binding?.name, why: one.why, reason: '' });
        continue;
      }
      const actions = one.binding.spec.validationActions ?? [];
      const results = await this.#validate(policy, await bindingsIn(one.version), one.param);
      for (const { why, reason, index } of results.failures) {
        for (const action of actions) {
          if (action === 'Deny')
            denials.push({ policy: policy.name, binding: one.binding.name, why, reason });
          else if (action === 'Warn') {
            attributes.warn(
              `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${one.binding.name}': ${why}`,
            );
          } else if (action === 'Audit') {
            const value = {
              message: why,
              policy: policy.name,
              binding: one.binding.name,
              expressionIndex: index,
              validationActions: actions,
            };
            attributes.annotate(
              'validation.policy.admission.k8s.io/validation_failure',
              JSON.stringify([value]),
            );
          }
        }
      }
      for (const why of results.annotationErrors)
        denials.push({ policy: policy.name, binding: one.binding.name, why, reason: '' });
      for (const [key, value] of results.annotations) {
        const values = annotations.get(`${policy.name}/${key}`);
        if (values) values.add(value);
        else annotations.set(`${policy.name}/${key}`, new Set([value]));
      }
    }
    for (const [key, values] of annotations) attributes.annotate(key, [...values].join(', '));
    const first = denials[0];
    return first
      ? denied(first, attributes)
      : {
          outcome: 'accepted',
          code: 'POLICIES_ACCEPTED',
          facts: { policies: [...new Set(found.map(({ policy }) => policy.name))] },
        };
  }

  /** One policy with one parameter. */
  async #validate(
    policy: ValidatingPolicy,
    request: Bindings,
    param: KubeObject | undefined,
  ): Promise<Results> {
    const results: Results = { failures: [], annotations: [], annotationErrors: [] };
    const fail = (index: number, why: string): void => {
      if (!policy.failsOpen) results.failures.push({ why, reason: '', index });
    };
    const budget = new Budget(RUNTIME_CEL_COST_BUDGET);
    const bindings = withVariables(request, param, policy.expressions, budget);
    if (!policy.conditions.none) {
      const hold = await policy.conditions.hold(bindings);
      if (hold === false) return results;
      if (hold !== true) {
        fail(0, hold.error);
        return results;
      }
    }
    for (const [index, validation] of policy.compiled.validations.entries()) {
      const { value, error, ...rest } = await evaluate(validation, bindings, budget);
      if (error !== undefined) fail(index, error);
      else if (value !== true) {
        results.failures.push({
          why: await messageOf(validation, bindings, budget),
          reason: validation.reason,
          index,
        });
      }
      if ('outOfBudget' in rest && rest.outOfBudget) return results;
    }
    const annotationBudget = new Budget(RUNTIME_CEL_COST_BUDGET);
    for (const annotation of policy.compiled.annotations) {
      const { value, error } = await evaluate(annotation, bindings, annotationBudget);
      if (error !== undefined) {
        if (!policy.failsOpen) results.annotationErrors.push(error);
      } else if (typeof value === 'string' && value.trim() !== '') {
        results.annotations.push([annotation.key, value.trim().slice(0, MAX_ANNOTATION)]);
      } else if (typeof value !== 'string' && value !== null && !policy.failsOpen) {
        results.annotationErrors.push(
          `valueExpression '${annotation.expression}' resulted in unsupported return type. Return type must be either string or null.`,
        );
      }
    }
    return results;
  }
}

interface Results {
  failures: { why: string; reason: string; index: number }[];
  annotations: [string, string][];
  annotationErrors: string[];
}

/** The bindings of a request with those of one evaluation of a policy. */
export function withVariables(
  request: Bindings,
  param: KubeObject | undefined,
  expressions: PolicyExpressions,
  budget: Budget,
): Bindings {
  const bindings = { ...request, params: jsonValue(param ?? null, { numbers: 'int' }) };
  if (expressions.variables.length === 0) return bindings;
  return { ...bindings, variables: variablesValue(expressions.variables, bindings, budget, PER_CALL_LIMIT) };
}

function denied({ policy, binding, why, reason }: Denial, attributes: AdmissionAttributes): PluginVerdict {
  const code = 'VALIDATING_POLICY_DENIED';
  const facts = { policy, why, ...(binding === undefined ? {} : { binding }) };
  const text = policyWords[code]!(facts);
  const { status } = forbiddenError(
    attributes.resource,
    attributes.name || attributes.object?.metadata.generateName || '',
    text,
  );
  const ownReason = reason || 'Invalid';
  const error = new StatusError({
    code: CODES[ownReason] ?? 422,
    reason: ownReason as StatusReason,
    message: status.message ?? '',
    details: { ...status.details, causes: [{ message: text }] },
  });
  return { outcome: 'denied', code, facts, error };
}
