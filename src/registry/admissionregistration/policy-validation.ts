import { Buffer } from 'node:buffer';
import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import {
  type AdmissionExpression,
  type ExpressionCompiler,
  type ExpressionScope,
  UNCHECKED,
} from '../admission-expressions.ts';
import { goStruct } from '../core/pod/go-value.ts';
import { qualifiedName } from '../field-validation.ts';
import { matchConditionsErrors } from './match-conditions.ts';
import { matchResourcesErrors, mutatingOperationsErrors, optionalOneOf } from './rules.ts';

/** Faults of admission policies (pkg/apis/admissionregistration/validation/validation.go). */

const FAILURE_POLICIES = ['Fail', 'Ignore'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const MOST_AUDIT_ANNOTATIONS = 20;
const LONGEST_AUDIT_EXPRESSION = 5 * 1024;
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** What holds for the expressions of one policy. */
interface PolicyScope {
  expressions: ExpressionScope;
  /** The policy has parameters. */
  params: boolean;
}

function checked(
  scope: PolicyScope,
  expression: string,
  result: AdmissionExpression['result'],
  path: string,
  options: { shown?: string; authorizer?: boolean; patchTypes?: boolean } = {},
): FieldError[] {
  const { shown = expression, authorizer = true, patchTypes = false } = options;
  const fault = scope.expressions.fault({ expression, result, params: scope.params, authorizer, patchTypes });
  return fault === undefined ? [] : [invalid(path, shown, fault)];
}

function apiVersionErrors(text: string, path: string): FieldError[] {
  if (text === '') return [required(path)];
  const parts = text === '/' ? [''] : text.split('/');
  if (parts.length > 2) return [invalid(path, text, `unexpected GroupVersion string: ${text}`)];
  const [group, version] = parts.length === 2 ? (parts as [string, string]) : ['', parts[0] ?? ''];
  const errors: FieldError[] = [];
  const groupFaults = group === '' ? [] : dns1123SubdomainFaults(group);
  if (groupFaults.length) errors.push(invalid(path, group, groupFaults.join(',')));
  const versionFaults = version === '' ? [] : dns1035LabelFaults(version);
  if (version === '') errors.push(invalid(path, text, 'version must be specified'));
  else if (versionFaults.length) errors.push(invalid(path, version, versionFaults.join(',')));
  return errors;
}

function paramKindErrors(paramKind: Fields, path: string): FieldError[] {
  const errors = apiVersionErrors(paramKind['apiVersion'] ?? '', child(path, 'apiVersion'));
  const kind: string = paramKind['kind'] ?? '';
  const faults = dns1035LabelFaults(kind.toLowerCase());
  if (kind === '') errors.push(required(child(path, 'kind')));
  else if (faults.length)
    errors.push(
      invalid(
        child(path, 'kind'),
        kind,
        `may have mixed case, but should otherwise match: ${faults.join(',')}`,
      ),
    );
  return errors;
}

function variableErrors(variable: Fields, scope: PolicyScope, path: string): FieldError[] {
  const name: string = variable['name'] ?? '';
  const expression: string = variable['expression'] ?? '';
  const errors: FieldError[] = [];
  if (name.trim() === '') errors.push(required(child(path, 'name'), 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.has(name))
    errors.push(invalid(child(path, 'name'), name, 'must be a valid CEL identifier'));
  const at = child(path, 'expression');
  if (expression.trim() === '') return [...errors, required(at, 'expression is not specified')];
  const fault = scope.expressions.addVariable(name, {
    expression,
    result: 'any',
    params: scope.params,
    authorizer: true,
    patchTypes: false,
  });
  if (fault !== undefined) errors.push(invalid(at, expression, fault));
  return errors;
}

function validationErrors(validation: Fields, scope: PolicyScope, path: string): FieldError[] {
  const at = (name: string) => child(path, name);
  const expression: string = validation['expression'] ?? '';
  const messageExpression: string = validation['messageExpression'] ?? '';
  const message: string = validation['message'] ?? '';
  const errors: FieldError[] = [];
  if (expression.trim() === '') errors.push(required(at('expression'), 'expression is not specified'));
  else errors.push(...checked(scope, expression, 'bool', at('expression')));
  if (messageExpression.trim() !== '')
    errors.push(
      ...checked(scope, messageExpression, 'string', at('messageExpression'), { authorizer: false }),
    );
  else if (messageExpression !== '')
    errors.push(invalid(at('messageExpression'), messageExpression, 'must be non-empty if specified'));
  if (message !== '' && message.trim() === '')
    errors.push(invalid(at('message'), message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalid(at('message'), message, 'must not contain line breaks'));
  return [...errors, ...optionalOneOf(validation['reason'], REASONS, at('reason'))];
}

function auditAnnotationErrors(
  annotation: Fields,
  name: string,
  scope: PolicyScope,
  path: string,
): FieldError[] {
  const key: string = annotation['key'] ?? '';
  const expression: string = annotation['valueExpression'] ?? '';
  const trimmed = expression.trim();
  const at = child(path, 'valueExpression');
  const errors =
    name === ''
      ? [invalid(child(path, 'key'), key, 'requires metadata.name be non-empty')]
      : qualifiedName(`${name}/${key}`, child(path, 'key'));
  if (trimmed === '') return [...errors, required(at, 'valueExpression is not specified')];
  if (Buffer.byteLength(trimmed) > LONGEST_AUDIT_EXPRESSION)
    return [...errors, required(at, `must not exceed ${LONGEST_AUDIT_EXPRESSION} bytes in length`)];
  return [...errors, ...checked(scope, trimmed, 'stringOrNull', at, { shown: expression })];
}

function auditAnnotationsErrors(
  annotations: readonly Fields[],
  name: string,
  scope: PolicyScope,
  path: string,
): FieldError[] {
  const keys = new Set<string>();
  const errors: FieldError[] = [];
  if (annotations.length > MOST_AUDIT_ANNOTATIONS) {
    const shown = annotations.map((one) =>
      goStruct(one, [
        ['Key', 'key', ''],
        ['ValueExpression', 'valueExpression', ''],
      ]),
    );
    errors.push(invalid(path, shown, `must not have more than ${MOST_AUDIT_ANNOTATIONS} auditAnnotations`));
  }
  annotations.forEach((annotation, i) => {
    const here = index(path, i);
    const key: string = annotation['key'] ?? '';
    errors.push(...auditAnnotationErrors(annotation, name, scope, here));
    if (keys.has(key)) errors.push(duplicate(child(here, 'key'), key));
    keys.add(key);
  });
  return errors;
}

function validationsErrors(spec: Fields, name: string, scope: PolicyScope): FieldError[] {
  const validations: Fields[] = spec['validations'] ?? [];
  const annotations: Fields[] = spec['auditAnnotations'] ?? [];
  if (validations.length === 0 && annotations.length === 0)
    return ['validations', 'auditAnnotations'].map((field) =>
      required(`spec.${field}`, 'validations or auditAnnotations must contain at least one item'),
    );
  return [
    ...validations.flatMap((validation, i) =>
      validationErrors(validation, scope, index('spec.validations', i)),
    ),
    ...auditAnnotationsErrors(annotations, name, scope, 'spec.auditAnnotations'),
  ];
}

function mutationErrors(mutation: Fields, scope: PolicyScope, path: string): FieldError[] {
  const type: string = mutation['patchType'] ?? '';
  if (type === '') return [required(child(path, 'patchType'))];
  if (!PATCH_TYPES.includes(type)) return [notSupported(child(path, 'patchType'), type, PATCH_TYPES)];
  const [own, other] =
    type === 'JSONPatch' ? ['jsonPatch', 'applyConfiguration'] : ['applyConfiguration', 'jsonPatch'];
  const errors: FieldError[] = [];
  const at = `${path}.${own}.expression`;
  const expression = ((mutation[own!]?.expression ?? '') as string).trim();
  if (!mutation[own!])
    errors.push(required(child(path, own!), `must be specified when patchType is ${type}`));
  else if (expression === '') errors.push(required(at));
  else
    errors.push(
      ...checked(scope, expression, type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration', at, {
        patchTypes: true,
      }),
    );
  if (mutation[other!])
    errors.push(
      invalid(child(path, other!), `{${other}}`, `must not be specified when patchType is ${type}`),
    );
  return errors;
}

function mutationsErrors(spec: Fields, scope: PolicyScope): FieldError[] {
  const mutations: Fields[] = spec['mutations'] ?? [];
  const policy: string = spec['reinvocationPolicy'] ?? '';
  const errors = mutations.length
    ? mutations.flatMap((mutation, i) => mutationErrors(mutation, scope, index('spec.mutations', i)))
    : [required('spec.mutations', 'mutations must contain at least one item')];
  if (policy === '') errors.push(required('spec.reinvocationPolicy'));
  else errors.push(...optionalOneOf(policy, REINVOCATION_POLICIES, 'spec.reinvocationPolicy'));
  return errors;
}

function matchConstraintsErrors(match: Fields | undefined, mutating: boolean): FieldError[] {
  const path = 'spec.matchConstraints';
  if (!match) return [required(path)];
  const errors = matchResourcesErrors(match, path);
  if (!match['resourceRules']?.length) errors.push(required(`${path}.resourceRules`));
  if (mutating) errors.push(...mutatingOperationsErrors(match, path));
  return errors;
}

/** Faults of a validating or mutating policy; `old` at an update. */
export function policyErrors(
  object: KubeObject,
  old: KubeObject | undefined,
  mutating: boolean,
  compiler?: ExpressionCompiler,
): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const before: Fields | undefined = old?.['spec'];
  const variables: Fields[] = spec['variables'] ?? [];
  const scope: PolicyScope = {
    expressions: compiler?.(mutating || variables.length > 0) ?? UNCHECKED,
    params: spec['paramKind'] !== undefined,
  };
  const at = 'spec.failurePolicy';
  const errors =
    spec['failurePolicy'] === undefined
      ? [required(at)]
      : optionalOneOf(spec['failurePolicy'], FAILURE_POLICIES, at);
  if (spec['paramKind']) errors.push(...paramKindErrors(spec['paramKind'], 'spec.paramKind'));
  errors.push(...matchConstraintsErrors(spec['matchConstraints'], mutating));
  const sameConditions =
    before &&
    deepEqual(spec['paramKind'], before['paramKind']) &&
    deepEqual(spec['matchConditions'], before['matchConditions']);
  if (!sameConditions)
    errors.push(
      ...matchConditionsErrors(
        spec['matchConditions'],
        compiler?.(false) ?? UNCHECKED,
        scope.params,
        'spec.matchConditions',
      ),
    );
  variables.forEach((variable, i) => {
    errors.push(...variableErrors(variable, scope, index('spec.variables', i)));
  });
  const rest = mutating
    ? mutationsErrors(spec, scope)
    : validationsErrors(spec, object.metadata.name ?? '', scope);
  return [...errors, ...rest];
}
