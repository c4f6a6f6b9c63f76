import {
  type CelMap,
  claimsValue,
  fieldPaths,
  PER_CALL_LIMIT,
  toJson,
  unescapeName,
} from '../../cel/index.ts';
import { refusalWords } from '../../explain/words/authentication.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { JwtAuthenticatorConfiguration } from '../config/types.ts';
import { type Claims, hasClaim } from './claims.ts';
import type { Expression } from './expressions.ts';
import { Fault } from './fault.ts';
import {
  type CompiledExpressions,
  type Purpose,
  requiredClaimFault,
  ruleFault,
  UserMapping,
  userValue,
} from './user-mapping.ts';

/** What one mapping or rule of a JWT authenticator makes of claims. */
export interface TracedStep {
  of: Purpose | 'requiredClaim';
  /** The field of the configuration: `claimMappings.username.expression`. */
  field: string;
  /** The key of an extra attribute. */
  key?: string;
  /** The expression, or the claim that is taken as it is. */
  expression?: string;
  claim?: string;
  /** What a required claim has to be. */
  wanted?: string;
  /** What it reads, by name; absent from here is absent there. */
  inputs: Readonly<Record<string, unknown>>;
  /** What it reads, and is not there. */
  absent: readonly string[];
  /** What came of it; for mappings of claims, with their prefix. */
  value?: unknown;
  /** In the cost units of the expression language, of which an evaluation may take `costLimit`. */
  cost?: number;
  costLimit?: number;
  ok: boolean;
  /** Where it is not ok: the code of the refusal, and why in kube-apiserver's words. */
  code?: string;
  error?: string;
}

/**
 * Evaluates each mapping and rule by itself, in kube-apiserver's order, though a server stops at the first that fails.
 * Rules on the user are left out where no user could be made.
 */
export function traceMapping(
  config: JwtAuthenticatorConfiguration,
  compiled: CompiledExpressions,
  claims: Claims,
): { steps: TracedStep[]; user?: UserInfo } {
  const { claimMappings, claimValidationRules, userValidationRules } = config;
  const parts = new UserMapping(config, compiled).partsOf(claims);
  const bindings = { claims: claimsValue(claims) };
  const overClaims = (expression: Expression): Evaluated => evaluated(expression, bindings, { claims });
  const steps: TracedStep[] = [];
  const outcome = (part: unknown): Pick<TracedStep, 'ok' | 'code' | 'error' | 'value'> =>
    part instanceof Fault ? { ok: false, ...faultFields(part) } : { ok: true, value: part };

  for (const of of ['username', 'groups', 'uid'] as const) {
    const expression = compiled[of];
    const { claim } = claimMappings[of];
    if (expression) {
      const { value: raw, ...seen } = overClaims(expression);
      const settled = outcome(parts[of]);
      const field = `claimMappings.${of}.expression`;
      steps.push({
        of,
        field,
        ...seen,
        ...settled,
        ...(settled.ok ? {} : raw === undefined ? {} : { value: raw }),
      });
    } else if (claim !== '')
      steps.push({
        of,
        field: `claimMappings.${of}.claim`,
        claim,
        ...claimInput(claims, claim),
        ...outcome(parts[of]),
      });
  }
  for (const { key, expression } of compiled.extra) {
    const i = claimMappings.extra.findIndex((mapping) => mapping.key === key);
    const seen = overClaims(expression);
    const { extra } = parts;
    const field = `claimMappings.extra[${i}].valueExpression`;
    if (!(extra instanceof Fault)) {
      steps.push({ of: 'extra', field, key, ...seen, ok: true, value: extra?.[key] ?? [] });
    } else {
      const isOwn = extra.facts['expression'] === expression.source;
      steps.push({ of: 'extra', field, key, ...seen, ...(isOwn ? outcome(extra) : { ok: true }) });
    }
  }
  let rule = 0;
  for (const [i, { claim, requiredValue, expression }] of claimValidationRules.entries()) {
    const at = `claimValidationRules[${i}]`;
    if (claim !== '') {
      const fault = requiredClaimFault({ claim, requiredValue }, claims);
      const input = claimInput(claims, claim);
      steps.push({
        of: 'requiredClaim',
        field: `${at}.claim`,
        claim,
        wanted: requiredValue,
        ...input,
        ...ruled(fault),
      });
    } else if (expression !== '') {
      const own = compiled.claimRules[rule++]!;
      const fault = ruleFault([own], bindings, 'claimRule');
      steps.push({
        of: 'claimRule',
        field: `${at}.expression`,
        ...overClaims(own.expression),
        ...ruled(fault),
      });
    }
  }
  const { user } = parts;
  if (!user) return { steps };
  const shown = { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} };
  for (const i of userValidationRules.keys()) {
    const own = compiled.userRules[i]!;
    const variables = { user: userValue(user) };
    const fault = ruleFault([own], variables, 'userRule');
    const seen = evaluated(own.expression, variables, { user: shown });
    steps.push({ of: 'userRule', field: `userValidationRules[${i}].expression`, ...seen, ...ruled(fault) });
  }
  return { steps, user };
}

const faultFields = (fault: Fault): { code: string; error: string } => ({
  code: fault.code,
  error: refusalWords(fault),
});

const ruled = (fault: Fault | undefined): Pick<TracedStep, 'ok' | 'code' | 'error'> =>
  fault ? { ok: false, ...faultFields(fault) } : { ok: true };

function claimInput(claims: Claims, claim: string): Pick<TracedStep, 'inputs' | 'absent'> {
  const name = `claims.${claim}`;
  return hasClaim(claims, claim)
    ? { inputs: { [name]: claims[claim] }, absent: [] }
    : { inputs: {}, absent: [name] };
}

type Evaluated = Pick<TracedStep, 'inputs' | 'absent' | 'cost' | 'costLimit' | 'value'> & {
  expression: string;
};

function evaluated(
  { source, program, ast }: Expression,
  bindings: Readonly<Record<string, CelMap>>,
  variables: Readonly<Record<string, unknown>>,
): Evaluated {
  const { value, cost } = program.evaluate(bindings, { costLimit: PER_CALL_LIMIT });
  const inputs: Record<string, unknown> = {};
  const absent = new Set<string>();
  for (const { variable, fields } of fieldPaths(ast)) {
    const name = [variable, ...fields].join('.');
    const found = fields.reduce<unknown>((within, field) => fieldOf(within, field), variables[variable]);
    if (found === undefined) absent.add(name);
    else inputs[name] = found;
  }
  return {
    expression: source,
    inputs,
    absent: [...absent],
    cost,
    costLimit: PER_CALL_LIMIT,
    ...(value === undefined ? {} : { value: toJson(value) }),
  };
}

/** A field of JSON by its name, or by the name that it has in expressions. */
function fieldOf(within: unknown, field: string): unknown {
  if (typeof within !== 'object' || within === null) return undefined;
  for (const name of [field, unescapeName(field)])
    if (name !== undefined && Object.hasOwn(within, name)) return (within as Record<string, unknown>)[name];
  return undefined;
}
