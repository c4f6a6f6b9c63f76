import {
  BOOL,
  type CelType,
  compile,
  type Environment,
  formatType,
  jsonValue,
  kubernetesEnvironment,
  listType,
  mapType,
  objectType,
  PER_CALL_LIMIT,
  type Program,
  STRING,
  type StructType,
} from '../../cel/index.ts';
import { aggregateText } from '../../meta/field-error.ts';
import type { SentSelector, SentSpec } from './review.ts';

/** CEL conditions on whether a webhook is asked about a request at all (apiserver pkg/authorization/cel). */
export interface MatchConditions {
  /** True: ask. False: leave it alone. Else what went wrong with the conditions that could not tell. */
  matches(spec: SentSpec): boolean | { error: string };
  /** What each condition makes of a request, all of them: for those who work on a configuration. */
  trace(spec: SentSpec): TracedCondition[];
}

/** What one condition made of a request, and what that cost, in the units of the expression language. */
export interface TracedCondition {
  expression: string;
  value?: boolean;
  error?: string;
  cost: number;
}

function struct(name: string, fields: Readonly<Record<string, CelType>>): StructType {
  return {
    type: objectType(name),
    field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined),
  };
}

const REQUIREMENT = struct('kubernetes.SelectorRequirement', {
  key: STRING,
  operator: STRING,
  values: listType(STRING),
});
const SELECTOR_FIELDS = { rawSelector: STRING, requirements: listType(REQUIREMENT.type) };
const FIELD_SELECTOR = struct('kubernetes.FieldSelectorAttributes', SELECTOR_FIELDS);
const LABEL_SELECTOR = struct('kubernetes.LabelSelectorAttributes', SELECTOR_FIELDS);
const RESOURCE = struct('kubernetes.ResourceAttributes', {
  namespace: STRING,
  verb: STRING,
  group: STRING,
  version: STRING,
  resource: STRING,
  subresource: STRING,
  name: STRING,
  fieldSelector: FIELD_SELECTOR.type,
  labelSelector: LABEL_SELECTOR.type,
});
const PATH = struct('kubernetes.NonResourceAttributes', { path: STRING, verb: STRING });
const SPEC = struct('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: RESOURCE.type,
  nonResourceAttributes: PATH.type,
  user: STRING,
  groups: listType(STRING),
  extra: mapType(STRING, listType(STRING)),
  uid: STRING,
});

let environment: Environment | undefined;

function reviewEnvironment(): Environment {
  environment ??= kubernetesEnvironment().extend({
    variables: { request: SPEC.type },
    structs: [SPEC, RESOURCE, PATH, FIELD_SELECTOR, LABEL_SELECTOR, REQUIREMENT],
  });
  return environment;
}

/** One condition ready to be evaluated, or what is wrong with it in kube-apiserver's words. */
export function compileMatchCondition(expression: string): { program: Program } | { error: string } {
  const compiled = compile(reviewEnvironment(), expression);
  if (!compiled.ok) return { error: `compilation failed: ${compiled.text}` };
  if (compiled.type.kind !== 'bool')
    return { error: `must evaluate to ${formatType(BOOL)} but got ${formatType(compiled.type)}` };
  return { program: compiled.program };
}

/** All conditions of a webhook; undefined where it has none. Throws an Error for one that does not compile. */
export function matchConditionsOf(expressions: readonly string[]): MatchConditions | undefined {
  if (expressions.length === 0) return undefined;
  const conditions = expressions.map((expression) => {
    const compiled = compileMatchCondition(expression);
    if ('error' in compiled) throw new Error(compiled.error);
    return { expression, program: compiled.program };
  });
  return {
    trace(spec) {
      const bindings = { request: jsonValue(requestOf(spec), { numbers: 'int' }) };
      return conditions.map(({ expression, program }) => {
        const { value, error, cost } = program.evaluate(bindings, { costLimit: PER_CALL_LIMIT });
        return error
          ? { expression, error: error.message, cost }
          : { expression, value: value === true, cost };
      });
    },
    matches(spec) {
      const bindings = { request: jsonValue(requestOf(spec), { numbers: 'int' }) };
      const errors: string[] = [];
      for (const { expression, program } of conditions) {
        const { value, error } = program.evaluate(bindings, { costLimit: PER_CALL_LIMIT });
        // One that is false settles it, whatever the others could not tell.
        if (value === false) return false;
        if (error)
          errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${error.message}`);
        else if (value !== true)
          errors.push(`cel evaluation error: expression '${expression}' eval result type should be bool`);
      }
      return errors.length ? { error: aggregateText(errors) } : true;
    },
  };
}

/** What expressions see: every text field is there, be it empty; attributes of the other kind are not. */
function requestOf(spec: SentSpec): Record<string, unknown> {
  const {
    user = '',
    uid = '',
    groups = [],
    extra = {},
    resourceAttributes: resource,
    nonResourceAttributes: path,
  } = spec;
  const subject = { user, uid, groups, extra };
  if (!resource)
    return { ...subject, nonResourceAttributes: { path: path?.path ?? '', verb: path?.verb ?? '' } };
  const { fieldSelector, labelSelector, ...texts } = resource;
  const attributes = {
    ...{ namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' },
    ...texts,
    ...(fieldSelector ? { fieldSelector: selectorOf(fieldSelector) } : {}),
    ...(labelSelector ? { labelSelector: selectorOf(labelSelector) } : {}),
  };
  return { ...subject, resourceAttributes: attributes };
}

function selectorOf({ requirements }: SentSelector): unknown {
  return { requirements: requirements.map(({ key, operator, values = [] }) => ({ key, operator, values })) };
}
