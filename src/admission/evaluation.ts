import { pathAttributes, resourceAttributes } from '../authorization/attributes.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { fieldSelectorAttributes, labelSelectorAttributes } from '../authorization/selectors.ts';
import {
  authorizerValue,
  type Bindings,
  type CelObject,
  type CelValue,
  type CheckAuthorization,
  type Evaluation,
  jsonValue,
  PER_CALL_LIMIT,
  type Program,
  RUNTIME_CEL_COST_BUDGET_MATCH_CONDITIONS,
  requestResourceValue,
} from '../cel/index.ts';
import { aggregateText } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { Budget, type Compiled, type PolicyExpressions } from './expressions.ts';
import type { AdmissionAttributes } from './plugin.ts';
import { requestedVersion } from './versions.ts';

const INTS = { numbers: 'int' } as const;

/** Puts an expression's question about rights to the authorizers. */
export function askOf(authorization: Pick<AuthorizationChain, 'authorize'>): CheckAuthorization {
  return (check) => {
    const attributes =
      check.kind === 'path'
        ? pathAttributes(check.user, check.verb, check.path)
        : resourceAttributes(check.user, {
            ...check,
            fieldSelector: check.fieldSelector ? fieldSelectorAttributes(check.fieldSelector) : undefined,
            labelSelector: check.labelSelector ? labelSelectorAttributes(check.labelSelector) : undefined,
          });
    const answer = (outcome: { decision: string; reason: string; error?: string | undefined }) => ({
      decision: outcome.decision as 'allow' | 'deny' | 'noOpinion',
      reason: outcome.reason,
      ...(outcome.error === undefined ? {} : { error: outcome.error }),
    });
    const asked = authorization.authorize(attributes);
    return asked instanceof Promise ? asked.then(answer) : answer(asked);
  };
}

/** What expressions see of one request. `object` may be another than the attributes hold, as mutations go on. */
export function requestBindings(
  attributes: AdmissionAttributes,
  ask: CheckAuthorization,
  namespace: KubeObject | undefined,
  object: KubeObject | undefined = attributes.object,
): Bindings {
  const { oldObject, user, resource, subresource, name } = attributes;
  let authorizer: CelObject | undefined;
  const session = (): CelObject => {
    authorizer ??= authorizerValue(user, ask);
    return authorizer;
  };
  return {
    object: jsonValue(object ?? null, INTS),
    oldObject: jsonValue(oldObject ?? null, INTS),
    request: () => jsonValue(requestOf(attributes), INTS),
    namespaceObject: () => jsonValue(namespace ? namespaceView(namespace) : null, INTS),
    authorizer: session,
    'authorizer.requestResource': (): CelValue =>
      requestResourceValue(session(), {
        group: resource.group,
        resource: resource.resource,
        subresource,
        namespace: attributes.namespace,
        name,
      }),
  };
}

function requestOf(attributes: AdmissionAttributes): Record<string, unknown> {
  const { kind, resource, subresource, name, namespace, operation, user, dryRun, options } = attributes;
  const requested = requestedVersion(attributes);
  return {
    kind,
    resource,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: requested.kind,
    requestResource: requested.resource,
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} },
    dryRun,
    options: optionsOf(attributes) ?? options,
  };
}

/** The options as those of the operation: a patch is an update, or a create, by now. */
export function optionsOf({ operation, options }: AdmissionAttributes): Record<string, unknown> | undefined {
  if (Object.keys(options).length === 0) return undefined;
  const kind = {
    CREATE: 'CreateOptions',
    UPDATE: 'UpdateOptions',
    DELETE: 'DeleteOptions',
    CONNECT: undefined,
  }[operation];
  if (kind === undefined) return options;
  const { force: _force, ...rest } = options;
  return { ...rest, kind, apiVersion: 'meta.k8s.io/v1' };
}

const NAMESPACE_METADATA = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'resourceVersion',
  'finalizers',
];

function namespaceView({ metadata, spec, status }: KubeObject): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  const fields = metadata as unknown as Record<string, unknown>;
  for (const name of NAMESPACE_METADATA) if (fields[name] !== undefined) shown[name] = fields[name];
  if (metadata.uid) shown['UID'] = metadata.uid;
  return { metadata: shown, spec: spec ?? {}, status: status ?? {} };
}

/** The outcome of one expression, in kube-apiserver's words where there is an error. */
export type Outcome =
  | { value: CelValue; error?: never }
  | { error: string; outOfBudget?: boolean; value?: never };

export interface Expression {
  expression: string;
  compiled: Compiled;
}

/** Evaluates, and takes the cost from the budget. Only where an authorizer answers later is there a promise. */
export async function evaluate(
  { expression, compiled }: Expression,
  bindings: Bindings,
  budget: Budget,
): Promise<Outcome> {
  if (!compiled.ok) return { error: `compilation error: ${compiled.fault}` };
  const result: Evaluation = await run(compiled.program, bindings);
  budget.left -= result.cost;
  if (budget.left < 0) {
    return {
      error: 'validation failed due to running out of cost budget, no further validation rules will be run',
      outOfBudget: true,
    };
  }
  if (result.error) return { error: `expression '${expression}' resulted in error: ${result.error.message}` };
  return { value: result.value };
}

const run = (program: Program, bindings: Bindings): Promise<Evaluation> =>
  program.evaluateAsync(bindings, { costLimit: PER_CALL_LIMIT });

export interface MatchConditionObject {
  name: string;
  expression: string;
}

/** matchConditions of a webhook or policy, compiled. */
export class MatchConditions {
  readonly #conditions: readonly Expression[];

  constructor(conditions: readonly MatchConditionObject[], expressions: PolicyExpressions, params: boolean) {
    this.#conditions = conditions.map(({ expression }) => ({
      expression: expression.trim(),
      compiled: expressions.compile({
        expression,
        result: 'bool',
        params,
        authorizer: true,
        patchTypes: false,
      }),
    }));
  }

  get none(): boolean {
    return this.#conditions.length === 0;
  }

  /** True: they hold. One that is false settles it, whatever the others could not tell. */
  async hold(bindings: Bindings): Promise<boolean | { error: string }> {
    const budget = new Budget(RUNTIME_CEL_COST_BUDGET_MATCH_CONDITIONS);
    const errors: string[] = [];
    for (const condition of this.#conditions) {
      const { value, error } = await evaluate(condition, bindings, budget);
      if (value === false) return false;
      if (error !== undefined) errors.push(error);
    }
    return errors.length ? { error: aggregateText(errors) } : true;
  }
}
