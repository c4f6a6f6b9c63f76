import { escapeName } from '../../cel/escaping.ts';
import { PER_CALL_LIMIT, type Program, RUNTIME_CEL_COST_BUDGET } from '../../cel/index.ts';
import { type CelSchema, type DeclType, withTypeAndObjectMeta } from '../../cel/schema-types.ts';
import { schemaValue } from '../../cel/schema-values.ts';
import { CelOptional, type CelValue, OPTIONAL_NONE } from '../../cel/values.ts';
import {
  child,
  duplicate,
  errorText,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  OMITTED,
  required,
} from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { type CompiledRule, compileRules, declarationOf } from './cel-rules.ts';
import { type Correlated, MapList } from './correlation.ts';
import { shownValue } from './shown-value.ts';
import type { Structural, ValidationRule } from './structural.ts';

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';
const COST_EXCEEDED = 'operation cancelled: actual cost limit exceeded';
const MAX_MESSAGE_BYTES = 5 * 1024;

/** What all rules of one validation share. */
interface Run {
  /** Cost units left; negative: no more rules are run. */
  budget: number;
  errors: FieldError[];
  /** Told of faults that an update is forgiven, since what they are about has not changed. */
  warn: ((text: string) => void) | undefined;
}

/** Where a walk is in what was there before, and the nearest part above that has a past. */
interface Past {
  here: Correlated | undefined;
  above: Correlated | undefined;
}

const NO_PAST: Past = { here: undefined, above: undefined };

/** The rules in CEL of a schema, compiled once (pkg/apiserver/schema/cel/validation.go). */
export class CelValidator {
  readonly #root: RuleNode | undefined;

  constructor(schema: Structural, isResourceRoot: boolean) {
    this.#root = schema.hasRules
      ? ruleNode(schema, isResourceRoot, declarationOf(schema, isResourceRoot))
      : undefined;
  }

  /**
   * Runs the rules over a value.
   *
   * @param old the value before; undefined where there was none
   * @param options `correlated`: faults of what has not changed become warnings. `budget`: cost units for all rules together.
   */
  validate(
    value: unknown,
    old: unknown,
    path = '',
    options: { correlated?: Correlated; warn?: ((text: string) => void) | undefined; budget?: number } = {},
  ): { errors: FieldError[]; budget: number } {
    const run: Run = { budget: options.budget ?? RUNTIME_CEL_COST_BUDGET, errors: [], warn: options.warn };
    if (this.#root) walk(this.#root, value, old, path, { here: options.correlated, above: undefined }, run);
    return { errors: run.errors, budget: run.budget };
  }
}

interface RuleNode {
  schema: Structural;
  /** As values are made by it: with the fields that every resource has. */
  values: CelSchema;
  rules: readonly CompiledRule[];
  usesOldSelf: boolean;
  items: RuleNode | undefined;
  additional: RuleNode | undefined;
  properties: ReadonlyMap<string, RuleNode> | undefined;
}

function ruleNode(
  schema: Structural,
  isResourceRoot: boolean,
  type: DeclType | undefined,
): RuleNode | undefined {
  if (!schema.hasRules) return undefined;
  const element = type?.element;
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of schema.properties ?? []) {
    if (!property.hasRules) continue;
    const escaped = escapeName(name);
    const own =
      escaped === undefined ? declarationOf(property, property.embedded) : type?.fields?.get(escaped);
    // Expressions cannot see fields without a type.
    const node = own && ruleNode(property, property.embedded, own);
    if (node) properties.set(name, node);
  }
  const values = schema.additional?.schema;
  const rules = type ? compileRules(schema, type, false) : untypedRules(schema);
  return {
    schema,
    values: isResourceRoot ? withTypeAndObjectMeta(schema.values as CelSchema) : (schema.values as CelSchema),
    rules,
    usesOldSelf: rules.some((rule) => rule.usesOldSelf),
    items: schema.items && ruleNode(schema.items, schema.items.embedded, element),
    additional: values && ruleNode(values, values.embedded, element),
    properties: properties.size ? properties : undefined,
  };
}

function untypedRules(schema: Structural): CompiledRule[] {
  const error = 'failed to convert to declType for CEL validation rules';
  return schema.rules.map((rule) => ({
    rule,
    error,
    usesOldSelf: false,
    maxCost: 0,
    maxCardinality: 0,
    messageMaxCost: 0,
    fieldPath: '',
  }));
}

function walk(node: RuleNode, value: unknown, old: unknown, path: string, past: Past, run: Run): void {
  if (value === null || value === undefined) return;
  evaluate(node, value, old, path, past, run);
  if (run.budget < 0) return;
  if (Array.isArray(value)) {
    if (node.items) walkList(node, node.items, value, old, path, past, run);
  } else if (typeof value === 'object') walkMap(node, value as Record<string, unknown>, old, path, past, run);
}

function walkList(
  node: RuleNode,
  items: RuleNode,
  list: readonly unknown[],
  old: unknown,
  path: string,
  past: Past,
  run: Run,
): void {
  const before = Array.isArray(old) && old.length ? new MapList(node.schema, old) : undefined;
  for (let i = 0; i < list.length && run.budget >= 0; i++) {
    const below = past.here ? { here: past.here.index(i), above: past.here } : past;
    walk(items, list[i], before?.find(list[i]), index(path, i), below, run);
  }
}

function walkMap(
  node: RuleNode,
  map: Record<string, unknown>,
  old: unknown,
  path: string,
  past: Past,
  run: Run,
): void {
  const { mapType } = node.schema;
  const correlatable = mapType === undefined || mapType === 'granular' || mapType === 'atomic';
  const before =
    correlatable && typeof old === 'object' && old !== null && !Array.isArray(old)
      ? (old as Record<string, unknown>)
      : undefined;
  for (const name of Object.keys(map)) {
    const was = before && Object.hasOwn(before, name) ? before[name] : undefined;
    if (node.additional) walk(node.additional, map[name], was, key(path, name), pastOf(past, name), run);
    if (run.budget < 0) return;
    const property = node.properties?.get(name);
    if (property) walk(property, map[name], was, child(path, name), pastOf(past, name), run);
    if (run.budget < 0) return;
  }
}

function pastOf(past: Past, name: string): Past {
  if (!past.here) return past;
  if (!past.above && (name === 'apiVersion' || name === 'kind')) return NO_PAST;
  return { here: past.here.key(name), above: past.here };
}

const unchanged = (past: Past): boolean => (past.here ?? past.above)?.unchanged ?? false;

function evaluate(node: RuleNode, value: unknown, old: unknown, path: string, past: Past, run: Run): void {
  if (node.rules.length === 0) return;
  const { type } = node.schema;
  const at = path === '' ? '<nil>' : path;
  if (run.budget <= 0) return stop(run, invalid(at, type, OUT_OF_BUDGET));
  const hadValue = old !== null && old !== undefined;
  const self = schemaValue(value, node.values);
  const before = node.usesOldSelf && hadValue ? schemaValue(old, node.values) : undefined;
  const bindings = { self, oldSelf: before };
  const optional = { self, oldSelf: before === undefined ? OPTIONAL_NONE : new CelOptional(before) };
  for (const compiled of node.rules) {
    const { rule, program } = compiled;
    if (compiled.error !== undefined) {
      run.errors.push(invalid(at, type, `rule compile error: ${compiled.error}`));
      continue;
    }
    if (!program) continue;
    const takesNothing = rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && !hadValue && !takesNothing) continue;
    const outcome = program.evaluate(takesNothing ? optional : bindings, { costLimit: PER_CALL_LIMIT });
    if (outcome.cost > run.budget) return stop(run, invalid(at, type, OUT_OF_BUDGET));
    run.budget -= outcome.cost;
    if (outcome.error) {
      const fault = invalid(at, type, failure(outcome.error.message, rule));
      if (outcome.error.message.startsWith(COST_EXCEEDED)) return stop(run, fault);
      run.errors.push(fault);
      continue;
    }
    if (outcome.value === true) continue;
    refuse(node, compiled, value, path, bindings, past, run);
    if (run.budget < 0) return;
  }
}

function stop(run: Run, fault: FieldError): void {
  run.errors.push(fault);
  run.budget = -1;
}

function failure(message: string, rule: ValidationRule): string {
  if (message.startsWith('no such overload'))
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${shownRule(rule)}`;
  if (message.startsWith(COST_EXCEEDED))
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shownRule(rule)}`;
  return `${message} evaluating rule: ${shownRule(rule)}`;
}

const shownRule = (rule: ValidationRule): string => (rule.message ? rule.message : rule.rule).trim();

function refuse(
  node: RuleNode,
  compiled: CompiledRule,
  value: unknown,
  path: string,
  bindings: { self: CelValue; oldSelf: CelValue | undefined },
  past: Past,
  run: Run,
): void {
  const { rule } = compiled;
  const own = compiled.fieldPath === '' ? path : child(path, compiled.fieldPath);
  const at = own === '' ? '<nil>' : own;
  const add = (fault: FieldError): void => {
    if (!compiled.usesOldSelf && unchanged(past)) run.warn?.(errorText(fault));
    else run.errors.push(fault);
  };
  let detail: string | undefined;
  if (compiled.message) {
    const told = evaluateMessage(compiled.message, rule.messageExpression ?? '', bindings, run);
    if ('fault' in told) {
      add(invalid(at, node.schema.type, told.fault));
      run.budget = -1;
      return;
    }
    detail = told.message;
  }
  detail ??= rule.message ? rule.message.trim() : `failed rule: ${shownRule(rule)}`;
  const { type } = node.schema;
  add(faultFor(rule.reason, at, type === 'object' || type === 'array' ? OMITTED : shownValue(value), detail));
}

function faultFor(reason: string | undefined, path: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail);
    case 'FieldValueRequired':
      return required(path, detail);
    case 'FieldValueDuplicate':
      return duplicate(path, value);
    default:
      return invalid(path, value, detail);
  }
}

/** The message an expression gives; none where it fails or gives nothing that could be shown. */
function evaluateMessage(
  program: Program,
  source: string,
  bindings: { self: CelValue; oldSelf: CelValue | undefined },
  run: Run,
): { message: string | undefined } | { fault: string } {
  const outcome = program.evaluate(bindings, { costLimit: PER_CALL_LIMIT });
  if (outcome.cost > run.budget)
    return {
      fault:
        'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
    };
  if (outcome.error?.message.startsWith(COST_EXCEEDED))
    return {
      fault: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quote(source)}`,
    };
  run.budget -= outcome.cost;
  if (typeof outcome.value !== 'string') return { message: undefined };
  const message = outcome.value.trim();
  const shown = message !== '' && Buffer.byteLength(message) <= MAX_MESSAGE_BYTES && !message.includes('\n');
  return { message: shown ? message : undefined };
}
