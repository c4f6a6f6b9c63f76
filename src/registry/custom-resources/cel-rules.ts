import {
  type Compilation,
  compile,
  type Environment,
  estimateCost,
  kubernetesEnvironment,
  type Program,
} from '../../cel/index.ts';
import {
  assignTypeName,
  type CelSchema,
  type DeclType,
  declaredSizes,
  maxCardinality,
  schemaDeclType,
  structTypes,
} from '../../cel/schema-types.ts';
import { BOOL, type CelType, optionalType, STRING } from '../../cel/types.ts';
import { followFieldPath } from './field-path.ts';
import type { Structural, ValidationRule } from './structural.ts';

/** What became of one rule (pkg/apiserver/schema/cel/compilation.go). */
export interface CompiledRule {
  rule: ValidationRule;
  /** Undefined: it is empty, or an error. */
  program?: Program;
  error?: string;
  /** Whether it looks at the value before the change. */
  usesOldSelf: boolean;
  /** The most cost units that one evaluation can take. */
  maxCost: number;
  /** How often it can be evaluated for one object where the schema sets no limit. */
  maxCardinality: number;
  message?: Program;
  messageError?: string;
  messageMaxCost: number;
  /** The field that is told of instead of the rule's own; empty: none. */
  fieldPath: string;
}

const OLD_SELF = 'oldSelf';
/** No expression may come to depend on the name of its own type. */
let named = 0;

/** A schema's type as expressions see it; undefined where they cannot see its values. */
export function declarationOf(schema: Structural, isResourceRoot: boolean): DeclType | undefined {
  return schemaDeclType(schema.values as CelSchema, isResourceRoot);
}

/**
 * Compiles the rules of one node.
 *
 * @param type the node's own, by `declarationOf`
 */
export function compileRules(schema: Structural, type: DeclType, withCosts: boolean): CompiledRule[] {
  if (schema.rules.length === 0) return [];
  const self = assignTypeName(type, `selfType${++named}`);
  const environments = new Map<boolean, Environment>();
  const environmentFor = (optional: boolean): Environment => {
    let environment = environments.get(optional);
    if (!environment) {
      const old: CelType = optional ? optionalType(self.celType) : self.celType;
      environment = kubernetesEnvironment().extend({
        variables: { self: self.celType, [OLD_SELF]: old },
        structs: structTypes(self),
      });
      environments.set(optional, environment);
    }
    return environment;
  };
  const sizes = declaredSizes(type);
  const cost = (compiled: Compilation & { ok: true }, environment: Environment): number =>
    withCosts ? estimateCost(compiled.ast, environment, sizes).max : 0;
  const cardinality = maxCardinality(type);
  return schema.rules.map((rule) =>
    compileRule(schema, rule, environmentFor(rule.optionalOldSelf === true), cost, cardinality),
  );
}

function compileRule(
  schema: Structural,
  rule: ValidationRule,
  environment: Environment,
  cost: (compiled: Compilation & { ok: true }, environment: Environment) => number,
  cardinality: number,
): CompiledRule {
  const result: CompiledRule = {
    rule,
    usesOldSelf: false,
    maxCost: 0,
    maxCardinality: 0,
    messageMaxCost: 0,
    fieldPath: '',
  };
  if (rule.rule.trim() === '') return result;
  const compiled = compile(environment, rule.rule);
  if (!compiled.ok) return { ...result, error: compileError(compiled, '') };
  if (compiled.type !== BOOL && compiled.type.toString() !== 'bool')
    return { ...result, error: 'cel expression must evaluate to a bool' };
  result.usesOldSelf = [...compiled.ast.references.values()].some((reference) => reference.name === OLD_SELF);
  result.maxCost = cost(compiled, environment);
  result.maxCardinality = cardinality;
  result.program = compiled.program;
  if (rule.messageExpression) {
    const message = compile(environment, rule.messageExpression);
    if (!message.ok) return { ...result, messageError: compileError(message, 'messageExpression ') };
    if (message.type !== STRING && message.type.toString() !== 'string')
      return { ...result, messageError: 'messageExpression must evaluate to a string' };
    result.message = message.program;
    result.messageMaxCost = cost(message, environment);
  }
  if (rule.fieldPath) {
    const followed = followFieldPath(rule.fieldPath, schema);
    if (followed.ok) result.fieldPath = followed.path;
  }
  return result;
}

function compileError(compiled: Compilation & { ok: false }, what: string): string {
  if (compiled.stage !== 'program') return `${what}compilation failed: ${compiled.text}`;
  return what === ''
    ? `program instantiation failed: ${compiled.text}`
    : `${what}instantiation failed: ${compiled.text}`;
}
