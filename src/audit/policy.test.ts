import { describe, expect, it } from 'vitest';
import { PolicyEvaluator } from './evaluate.ts';
import { parsePolicy } from './policy.ts';

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';

describe('reading an audit policy', () => {
  it.each([
    ['', "Object 'Kind' is missing"],
    ['kind: Policy', "Object 'apiVersion' is missing"],
    [`${HEAD}rules: []`, 'loaded illegal policy with 0 rules'],
    [`${HEAD}rules: [{}]`, 'rules[0].level: Required value'],
    [`${HEAD}rules: [{level: Some}]`, 'supported values: "None", "Metadata", "Request", "RequestResponse"'],
    [
      `${HEAD}omitStages: [Now]\nrules: [{level: None}]`,
      'omitStages[0]: Invalid value: "Now": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    [`${HEAD}rules: [{level: None, nonResourceURLs: [x]}]`, "must begin with a '/' character"],
    [`${HEAD}rules: [{level: None, nonResourceURLs: ["/a*b"]}]`, "'*' must be the final character"],
    [
      `${HEAD}rules: [{level: None, nonResourceURLs: ["/a"], namespaces: [b]}]`,
      'cannot apply to both regular resources and non-resource URLs',
    ],
    [
      `${HEAD}rules: [{level: None, resources: [{resourceNames: [a]}]}]`,
      'using resourceNames requires at least one resource',
    ],
    [
      `${HEAD}rules: [{level: None, users: jane}]`,
      'cannot unmarshal string into Go struct field PolicyRule.rules.users of type []string',
    ],
  ])('refuses %j', (text, words) => {
    expect(() => parsePolicy(text)).toThrow(words);
  });

  it('passes over unknown fields with a warning', () => {
    const warnings: string[] = [];
    const policy = parsePolicy(`${HEAD}rules: [{level: None, usres: [a]}]`, (text) => warnings.push(text));
    expect(policy.rules).toHaveLength(1);
    expect(warnings).toEqual([
      'Audit policy contains errors, falling back to lenient decoding: strict decoding error: unknown field "rules[0].usres"',
    ]);
  });
});

describe('rules of an audit policy', () => {
  const asked = {
    user: { name: 'jane', groups: ['dev'] },
    verb: 'get',
    isResourceRequest: true,
    namespace: 'default',
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'pods',
    subresource: 'log',
    name: 'p',
    path: '/api/v1/namespaces/default/pods/p/log',
  };
  const fits = (rule: string, request = asked): boolean =>
    new PolicyEvaluator(parsePolicy(`${HEAD}rules: [{level: Metadata, ${rule}}]`)).evaluate(request).level ===
    'Metadata';

  it.each([
    ['users: [jane]', true],
    ['users: [joe]', false],
    ['userGroups: [dev]', true],
    ['userGroups: [ops]', false],
    ['verbs: [get, list]', true],
    ['verbs: [list]', false],
    ['namespaces: [default]', true],
    ['namespaces: [""]', false],
    ['resources: [{group: ""}]', true],
    ['resources: [{group: "*"}]', true],
    ['resources: [{group: apps}]', false],
    ['resources: [{group: "", resources: [pods]}]', false],
    ['resources: [{group: "", resources: [pods/log]}]', true],
    ['resources: [{group: "", resources: ["pods/*"]}]', true],
    ['resources: [{group: "", resources: ["*/log"]}]', true],
    ['resources: [{group: "", resources: ["*/status"]}]', false],
    ['resources: [{group: "", resources: ["*"]}]', true],
    ['resources: [{group: "", resources: ["*"], resourceNames: [p]}]', true],
    ['resources: [{group: "", resources: ["*"], resourceNames: [q]}]', false],
    ['nonResourceURLs: ["*"]', false],
  ])('%s: %s', (rule, expected) => {
    expect(fits(rule)).toBe(expected);
  });

  it('know paths from resources', () => {
    const path = { ...asked, isResourceRequest: false, path: '/healthz/ping' };
    expect(fits('nonResourceURLs: ["/healthz*"]', path)).toBe(true);
    expect(fits('nonResourceURLs: ["/healthz"]', path)).toBe(false);
    expect(fits('namespaces: [default]', path)).toBe(false);
  });
});
