import { describe, expect, it } from 'vitest';
import type { Fields } from '../../meta/object.ts';
import type { ExpressionCompiler } from '../admission-expressions.ts';
import { cells, contextWith, created, createFaults, updateFaults } from '../fixtures/strategy-check.ts';
import { strategyOf } from '../strategies.ts';

const GROUP = 'admissionregistration.k8s.io';
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const hook = (more: Fields = {}): Fields => ({
  name: 'a.hooks.test',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { url: 'https://a.example/x' },
  rules: [rule],
  ...more,
});
const hooks = (...webhooks: Fields[]) => ({ webhooks });
const webhookFaults = (more: Fields) =>
  createFaults(GROUP, 'validatingwebhookconfigurations', hooks(hook(more)));

describe('webhook configurations', () => {
  it('are completed', () => {
    const { webhooks } = created(
      GROUP,
      'mutatingwebhookconfigurations',
      hooks(hook({ clientConfig: { service: { name: 's', namespace: 'n' } } })),
    );
    expect(webhooks[0]).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      reinvocationPolicy: 'Never',
      clientConfig: { service: { port: 443 } },
      rules: [{ scope: '*' }],
    });
  });

  it.each<[Fields, string[]]>([
    [{}, []],
    [
      { name: 'short' },
      ['name: Invalid value: "short": should be a domain with at least three segments separated by dots'],
    ],
    [{ name: '' }, ['name: Required value']],
    [
      { sideEffects: 'Unknown' },
      ['sideEffects: Unsupported value: "Unknown": supported values: "None", "NoneOnDryRun"'],
    ],
    [{ sideEffects: undefined }, ['sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [
      { timeoutSeconds: 99 },
      ['timeoutSeconds: Invalid value: 99: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      { clientConfig: { url: 'http://u:p@/x?y#z' } },
      [
        'clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
        'clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
        'clientConfig.url: Invalid value: "u:***": user information is not permitted in the URL',
        'clientConfig.url: Invalid value: "z": fragments are not permitted in the URL',
        'clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL',
      ],
    ],
    [{ clientConfig: {} }, ['clientConfig: Required value: exactly one of url or service is required']],
    [
      { clientConfig: { service: { name: 's', path: 'a//b', port: 70_000 } } },
      [
        'clientConfig.service.name: Required value',
        'clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
        'clientConfig.service.path: Invalid value: "a//b": must start with a \'/\'',
        'clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
        'clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
      ],
    ],
    [
      { admissionReviewVersions: [] },
      ['admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
    ],
    [
      { admissionReviewVersions: ['v7', 'v7'] },
      [
        'admissionReviewVersions[1]: Invalid value: "v7": duplicate version',
        'admissionReviewVersions: Invalid value: ["v7","v7"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      {
        rules: [
          {
            operations: ['PATCH'],
            apiGroups: ['*', 'apps'],
            apiVersions: [],
            resources: ['pods', '*/*'],
            scope: 'Wide',
          },
        ],
      },
      [
        'rules[0].operations[0]: Unsupported value: "PATCH": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'rules[0].apiGroups: Invalid value: ["*","apps"]: if \'*\' is present, must not specify other API groups',
        'rules[0].apiVersions: Required value',
        'rules[0].resources: Invalid value: ["pods","*/*"]: if \'*/*\' is present, must not specify other resources',
        'rules[0].scope: Unsupported value: "Wide": supported values: "*", "Cluster", "Namespaced"',
      ],
    ],
    [
      { rules: [{ ...rule, resources: ['pods/*', 'pods/log', '*/scale', 'x/scale', '*', 'secrets'] }] },
      [
        'rules[0].resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
        'rules[0].resources[3]: Invalid value: "x/scale": if \'*/scale\' is present, must not specify x/scale',
        'rules[0].resources: Invalid value: ["pods/*","pods/log","*/scale","x/scale","*","secrets"]: if \'*\' is present, must not specify other resources without subresources',
      ],
    ],
  ])('are checked %#', (more, faults) => {
    expect(webhookFaults(more)).toEqual(faults.map((fault) => `webhooks[0].${fault}`));
  });

  it('bear each name once, unless they did not before', () => {
    const twice = hooks(hook(), hook());
    const fault = 'webhooks[1].name: Duplicate value: "a.hooks.test"';
    expect(createFaults(GROUP, 'mutatingwebhookconfigurations', twice)).toEqual([fault]);
    expect(updateFaults(GROUP, 'mutatingwebhookconfigurations', hooks(hook()), twice)).toEqual([fault]);
    expect(updateFaults(GROUP, 'mutatingwebhookconfigurations', twice, twice)).toEqual([]);
  });

  it('may keep what older servers took', () => {
    const old = hooks(hook({ sideEffects: 'Some', admissionReviewVersions: ['v7'] }));
    expect(updateFaults(GROUP, 'validatingwebhookconfigurations', old, old)).toEqual([]);
  });

  it('warn of names that are kept for files', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a.static.k8s.io' } };
    expect(
      strategyOf(GROUP, 'validatingwebhookconfigurations').warnings?.(object, undefined, contextWith()),
    ).toEqual([
      'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API',
    ]);
  });
});

const policy = (more: Fields = {}) => ({
  metadata: { name: 'p' },
  spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }], ...more },
});
/** Faults every expression, in the order in which they are asked for. */
const asked: string[] = [];
const compiler: ExpressionCompiler = (variables) => ({
  fault({ expression, result, params }) {
    asked.push(`${result} ${expression}${params ? ' with params' : ''}${variables ? ' and variables' : ''}`);
    return expression.includes('bad') ? 'compilation failed: bad' : undefined;
  },
  addVariable(name, { expression }) {
    asked.push(`${name} = ${expression}`);
    return undefined;
  },
});

describe('validating policies', () => {
  it.each<[Fields, string[]]>([
    [{}, []],
    [
      { validations: [] },
      [
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      { failurePolicy: 'Maybe' },
      ['spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
    ],
    [{ matchConstraints: undefined }, ['spec.matchConstraints: Required value']],
    [{ matchConstraints: {} }, ['spec.matchConstraints.resourceRules: Required value']],
    [
      {
        validations: [
          { expression: ' ' },
          { expression: 'a', reason: 'Teapot' },
          { expression: 'a', message: 'a\nb' },
          { expression: 'a', message: ' ', messageExpression: ' ' },
        ],
      },
      [
        'spec.validations[0].expression: Required value: expression is not specified',
        'spec.validations[1].reason: Unsupported value: "Teapot": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
        'spec.validations[2].message: Invalid value: "a\\nb": must not contain line breaks',
        'spec.validations[3].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[3].message: Invalid value: " ": must be non-empty if specified',
      ],
    ],
    [
      {
        variables: [
          { name: '1x', expression: '1' },
          { name: 'for', expression: '' },
        ],
      },
      [
        'spec.variables[0].name: Invalid value: "1x": must be a valid CEL identifier',
        'spec.variables[1].name: Invalid value: "for": must be a valid CEL identifier',
        'spec.variables[1].expression: Required value: expression is not specified',
      ],
    ],
    [
      { paramKind: { apiVersion: 'a/b/c', kind: 'No Kind' } },
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "spec.paramKind.kind: Invalid value: \"No Kind\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      {
        auditAnnotations: [
          { key: 'k', valueExpression: '' },
          { key: 'k', valueExpression: "'v'" },
        ],
      },
      [
        'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
        'spec.auditAnnotations[1].key: Duplicate value: "k"',
      ],
    ],
    [
      {
        matchConditions: [
          { name: 'a', expression: '' },
          { name: 'a', expression: 'true' },
        ],
      },
      [
        'spec.matchConditions[0].expression: Required value',
        'spec.matchConditions[1].name: Duplicate value: "a"',
      ],
    ],
  ])('are checked %#', (more, faults) => {
    expect(createFaults(GROUP, 'validatingadmissionpolicies', policy(more))).toEqual(faults);
  });

  it('have each expression compiled for what it is to give', () => {
    asked.length = 0;
    const faults = createFaults(
      GROUP,
      'validatingadmissionpolicies',
      policy({
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'c', expression: ' bad ' }],
        variables: [{ name: 'v', expression: '1' }],
        validations: [{ expression: 'bad ', messageExpression: "'m'" }],
        auditAnnotations: [{ key: 'k', valueExpression: " 'v' " }],
      }),
      contextWith({ expressions: compiler }),
    );
    expect(faults).toEqual([
      'spec.matchConditions[0].expression: Invalid value: "bad": compilation failed: bad',
      'spec.validations[0].expression: Invalid value: "bad ": compilation failed: bad',
    ]);
    expect(asked).toEqual([
      'bool bad with params',
      'v = 1',
      'bool bad  with params and variables',
      "string 'm' with params and variables",
      "stringOrNull 'v' with params and variables",
    ]);
  });

  it('show their parameters', () => {
    const row = (more: Fields) => cells(GROUP, 'validatingadmissionpolicies', { spec: policy(more).spec });
    expect(row({})).toEqual(['x', 1, '<unset>', '24h']);
    expect(row({ paramKind: { apiVersion: 'a/v1', kind: 'K' } })[2]).toBe('a/v1/K');
  });
});

describe('mutating policies', () => {
  const mutating = (more: Fields = {}) => ({
    spec: {
      matchConstraints: { resourceRules: [rule] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
      ...more,
    },
  });
  it.each<[Fields, string[]]>([
    [{}, []],
    [{ mutations: [] }, ['spec.mutations: Required value: mutations must contain at least one item']],
    [{ reinvocationPolicy: '' }, ['spec.reinvocationPolicy: Required value']],
    [
      {
        mutations: [
          { patchType: 'Other' },
          { patchType: 'JSONPatch' },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'x' }, jsonPatch: {} },
        ],
      },
      [
        'spec.mutations[0].patchType: Unsupported value: "Other": supported values: "ApplyConfiguration", "JSONPatch"',
        'spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch',
        'spec.mutations[2].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
      ],
    ],
    [
      { matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE'] }] } },
      [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      ],
    ],
  ])('are checked %#', (more, faults) => {
    expect(createFaults(GROUP, 'mutatingadmissionpolicies', mutating(more))).toEqual(faults);
  });
});

describe('bindings', () => {
  it.each<[Fields, string[]]>([
    [{ policyName: 'p', validationActions: ['Deny', 'Audit'] }, []],
    [
      {},
      [
        'spec.policyName: Required value',
        'spec.validationActions: Required value: at least one validation action is required',
      ],
    ],
    [
      { policyName: 'p', validationActions: ['Deny', 'Warn', 'Warn', 'Shout'] },
      [
        'spec.validationActions[2]: Duplicate value: "Warn"',
        'spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions: Invalid value: ["Deny","Warn","Warn","Shout"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    ],
    [
      { policyName: 'p', validationActions: ['Deny'], paramRef: { name: 'x', selector: {} } },
      [
        'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.parameterNotFoundAction: Required value',
      ],
    ],
    [
      { policyName: 'p', validationActions: ['Deny'], paramRef: { parameterNotFoundAction: 'Deny' } },
      ['spec.paramRef: Required value: one of name or selector must be specified'],
    ],
  ])('are checked %#', (spec, faults) => {
    expect(createFaults(GROUP, 'validatingadmissionpolicybindings', { spec })).toEqual(faults);
  });

  it('show what they bind', () => {
    const ref = {
      selector: {
        matchLabels: { a: 'b' },
        matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }],
      },
    };
    const row = (paramRef?: Fields) =>
      cells(GROUP, 'validatingadmissionpolicybindings', { spec: { policyName: 'p', paramRef } })[2];
    expect(row()).toBe('<unset>');
    expect(row({ name: 'x' })).toBe('*/x');
    expect(row({ name: 'x', namespace: 'n' })).toBe('n/x');
    expect(row(ref)).toBe(
      '&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}',
    );
  });
});

describe('parameters', () => {
  const jane = { name: 'jane', groups: ['dev'], extra: { k: ['v'] } };
  const access = (allowed: boolean) => ({
    allowed: async () => allowed,
    resourceOf: () => 'configmaps',
  });
  const context = (allowed: boolean) => contextWith({ user: jane, access: access(allowed) });
  const object = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'p' },
    spec: { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } },
  };
  const check = strategyOf(GROUP, 'validatingadmissionpolicies').validateAccess!;

  it('are only for who may read them', async () => {
    expect(await check(object, undefined, context(true))).toEqual([]);
    expect(await check(object, undefined, context(false))).toMatchObject([
      {
        type: 'FieldValueForbidden',
        field: 'spec.paramKind',
        detail:
          'user &{jane  [dev] map[k:[v]]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)',
      },
    ]);
  });

  it('are not asked for again, nor of masters', async () => {
    expect(await check(object, structuredClone(object), context(false))).toEqual([]);
    const master = contextWith({ access: access(false) });
    expect(await check(object, undefined, master)).toEqual([]);
  });
});
