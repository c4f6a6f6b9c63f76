import {
  ANY,
  APPLY_OBJECT_TYPE,
  AUTHORIZER_TYPE,
  type Bindings,
  BOOL,
  CelError,
  type CelType,
  type CelValue,
  compile,
  DYN,
  type Environment,
  formatType,
  INT,
  JSON_PATCH,
  JSON_PATCH_TYPE,
  kubernetesEnvironment,
  LazyMap,
  listType,
  mapType,
  mutationTypes,
  NULL,
  objectType,
  type Program,
  RESOURCE_CHECK_TYPE,
  STRING,
  type StructResolver,
  type StructType,
  TIMESTAMP,
} from '../cel/index.ts';
import type {
  AdmissionExpression,
  ExpressionCompiler,
  ExpressionScope,
} from '../registry/admission-expressions.ts';

function struct(name: string, fields: Readonly<Record<string, CelType>>): StructType {
  return {
    type: objectType(name),
    field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined),
  };
}

const KIND = struct('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const RESOURCE = struct('kubernetes.GroupVersionResource', {
  group: STRING,
  version: STRING,
  resource: STRING,
});
const USER = struct('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listType(STRING),
  extra: mapType(STRING, listType(STRING)),
});
const REQUEST = struct('kubernetes.AdmissionRequest', {
  kind: KIND.type,
  resource: RESOURCE.type,
  subResource: STRING,
  requestKind: KIND.type,
  requestResource: RESOURCE.type,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER.type,
  dryRun: BOOL,
  options: DYN,
});
const NAMESPACE_CONDITION = struct('kubernetes.NamespaceCondition', {
  status: STRING,
  type: STRING,
  lastTransitionTime: TIMESTAMP,
  message: STRING,
  reason: STRING,
});
const NAMESPACE_METADATA = struct('kubernetes.NamespaceMetadata', {
  name: STRING,
  generateName: STRING,
  namespace: STRING,
  labels: mapType(STRING, STRING),
  annotations: mapType(STRING, STRING),
  UID: STRING,
  creationTimestamp: TIMESTAMP,
  deletionGracePeriodSeconds: INT,
  deletionTimestamp: TIMESTAMP,
  generation: INT,
  resourceVersion: STRING,
  finalizers: listType(STRING),
});
const NAMESPACE_SPEC = struct('kubernetes.NamespaceSpec', { finalizers: listType(STRING) });
const NAMESPACE_STATUS = struct('kubernetes.NamespaceStatus', {
  conditions: listType(NAMESPACE_CONDITION.type),
  phase: STRING,
});
const NAMESPACE = struct('kubernetes.Namespace', {
  metadata: NAMESPACE_METADATA.type,
  spec: NAMESPACE_SPEC.type,
  status: NAMESPACE_STATUS.type,
});

const VARIABLES_TYPE = objectType('kubernetes.variables');

const environments = new Map<string, Environment>();

/** What expressions of webhooks and policies are compiled in (apiserver pkg/admission/plugin/cel/compile.go). */
function environmentOf(
  with_: Pick<AdmissionExpression, 'params' | 'authorizer' | 'patchTypes'>,
): Environment {
  const key = `${with_.params}/${with_.authorizer}/${with_.patchTypes}`;
  let env = environments.get(key);
  if (!env) {
    env = kubernetesEnvironment().extend({
      structs: [
        REQUEST,
        KIND,
        RESOURCE,
        USER,
        NAMESPACE,
        NAMESPACE_METADATA,
        NAMESPACE_SPEC,
        NAMESPACE_STATUS,
        NAMESPACE_CONDITION,
      ],
      variables: {
        object: DYN,
        oldObject: DYN,
        request: REQUEST.type,
        namespaceObject: NAMESPACE.type,
        ...(with_.params ? { params: DYN } : {}),
        ...(with_.authorizer
          ? { authorizer: AUTHORIZER_TYPE, 'authorizer.requestResource': RESOURCE_CHECK_TYPE }
          : {}),
      },
      ...(with_.patchTypes ? { libraries: [JSON_PATCH], structResolver: mutationTypes } : {}),
    });
    environments.set(key, env);
  }
  return env;
}

const RESULTS: Record<AdmissionExpression['result'], readonly CelType[]> = {
  bool: [BOOL],
  string: [STRING],
  stringOrNull: [STRING, NULL],
  applyConfiguration: [APPLY_OBJECT_TYPE],
  jsonPatch: [listType(JSON_PATCH_TYPE)],
  any: [ANY],
};

/** As cel-go prints it. */
const typeName = (type: CelType): string => (type === NULL ? 'null_type' : formatType(type));

export type Compiled = { ok: true; program: Program; type: CelType } | { ok: false; fault: string };

/** What is known of the types of `object`, `oldObject` and `params`. */
export interface TypedObjects {
  object: CelType;
  params?: CelType | undefined;
  structs: StructResolver;
}

/** An expression that gives a value to `variables.<name>`. */
export interface CompiledVariable {
  name: string;
  compiled: Compiled;
}

/** The expressions of one policy or webhook, compiled one after the other: variables are known to those behind them. */
export class PolicyExpressions {
  readonly variables: CompiledVariable[] = [];
  readonly #declares: boolean;
  readonly #typed: TypedObjects | undefined;
  readonly #types = new Map<string, CelType>();
  readonly #own = new Map<string, Environment>();

  /**
   * @param declares whether `variables` is known at all
   * @param typed types of the objects, for type checking; else they may be anything
   */
  constructor(declares: boolean, typed?: TypedObjects) {
    this.#declares = declares;
    this.#typed = typed;
  }

  /** Variables are those added so far. */
  compile(expression: AdmissionExpression): Compiled {
    const compiled = compile(this.#environment(expression), expression.expression);
    if (!compiled.ok) return { ok: false, fault: `compilation failed: ${compiled.text}` };
    const wanted = RESULTS[expression.result];
    const found = typeName(compiled.type);
    if (!wanted.some((type) => type === ANY || typeName(type) === found)) {
      const names = wanted.map(typeName);
      const what = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`;
      return { ok: false, fault: `must evaluate to ${what} but got ${found}` };
    }
    return { ok: true, program: compiled.program, type: compiled.type };
  }

  addVariable(name: string, expression: AdmissionExpression): Compiled {
    const compiled = this.compile(expression);
    this.variables.push({ name, compiled });
    this.#types.set(name, compiled.ok ? compiled.type : DYN);
    return compiled;
  }

  #environment(expression: AdmissionExpression): Environment {
    const base = environmentOf(expression);
    if (!this.#declares && !this.#typed) return base;
    const key = `${expression.params}/${expression.authorizer}/${expression.patchTypes}`;
    let env = this.#own.get(key);
    if (!env) {
      const { object, params, structs } = this.#typed ?? {};
      env = base.extend({
        structs: this.#declares ? [{ type: VARIABLES_TYPE, field: (field) => this.#types.get(field) }] : [],
        variables: {
          ...(this.#declares ? { variables: VARIABLES_TYPE } : {}),
          ...(object ? { object, oldObject: object } : {}),
          ...(params && expression.params ? { params } : {}),
        },
        ...(structs ? { structResolver: structs } : {}),
      });
      this.#own.set(key, env);
    }
    return env;
  }
}

/** Checks expressions for validation of the kinds that hold them. */
export const admissionExpressions: ExpressionCompiler = (variables): ExpressionScope => {
  const expressions = new PolicyExpressions(variables);
  const fault = (compiled: Compiled): string | undefined => (compiled.ok ? undefined : compiled.fault);
  return {
    fault: (expression) => fault(expressions.compile(expression)),
    addVariable: (name, expression) => fault(expressions.addVariable(name, expression)),
  };
};

/** Cost units that a number of evaluations may spend together. */
export class Budget {
  left: number;

  constructor(units: number) {
    this.left = units;
  }
}

/** `variables` of one evaluation: each is worked out when an expression first asks for it, and paid by it. */
export function variablesValue(
  variables: readonly CompiledVariable[],
  bindings: Bindings,
  budget: Budget,
  limit: number,
): CelValue {
  const all: Bindings = { ...bindings };
  const value = new LazyMap(
    new Map(variables.map(({ name, compiled }) => [name, () => evaluate(name, compiled)])),
  );
  function evaluate(name: string, compiled: Compiled): CelValue {
    if (!compiled.ok)
      return new CelError(`composited variable "${name}" fails to compile: ${compiled.fault}`);
    const { value: result, error, cost } = compiled.program.evaluate(all, { costLimit: limit });
    budget.left -= cost;
    return error ? new CelError(`composited variable "${name}" fails to evaluate: ${error.message}`) : result;
  }
  (all as Record<string, CelValue>)['variables'] = value;
  return value;
}
