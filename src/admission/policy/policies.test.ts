import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { StaticLister } from '../../registry/lister.ts';
import { Registry } from '../../registry/registry.ts';
import type { AdmissionAttributes, Reinvocation } from '../plugin.ts';
import type { Redecode } from '../redecode.ts';
import { resourceVersions } from '../versions.ts';
import { MutatingAdmissionPolicy } from './mutating.ts';
import { typeCheck } from './type-checking.ts';
import { ValidatingAdmissionPolicy } from './validating.ts';

const RULES = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
};
const named = (name: string, rest: Record<string, unknown>): KubeObject =>
  ({ metadata: { name }, ...rest }) as unknown as KubeObject;

function request(object: Record<string, unknown>, changes: Partial<AdmissionAttributes> = {}) {
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    subresource: '',
    namespace: 'default',
    name: 'd',
    object: {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'd' },
      ...object,
    } as unknown as KubeObject,
    options: {},
    dryRun: false,
    user: { name: 'jane', groups: [] },
    now: 0,
    warn: (text) => warnings.push(text),
    annotate: (key, value) => {
      annotations[key] = value;
    },
    ...changes,
  };
  return { attributes, warnings, annotations };
}

const redecode: Redecode = (_attributes, value) => ({ ok: true, object: value as KubeObject });
const common = {
  namespaces: new StaticLister([named('default', {})]),
  authorization: { authorize: async () => ({ decision: 'allow', reason: '' }) } as never,
  findParams: () => undefined,
  versions: resourceVersions(new Registry(), redecode),
};
const lister = (...objects: KubeObject[]): StaticLister => new StaticLister(objects);

function validating(spec: Record<string, unknown>, binding: Record<string, unknown> = {}) {
  return new ValidatingAdmissionPolicy({
    ...common,
    policies: lister(named('p', { spec: { matchConstraints: RULES, ...spec } })),
    bindings: lister(named('b', { spec: { policyName: 'p', validationActions: ['Deny'], ...binding } })),
  });
}

function mutating(...mutations: Record<string, unknown>[]) {
  return new MutatingAdmissionPolicy({
    ...common,
    policies: lister(
      named('p', { spec: { matchConstraints: RULES, reinvocationPolicy: 'IfNeeded', mutations } }),
    ),
    bindings: lister(named('b', { spec: { policyName: 'p' } })),
  });
}

describe('ValidatingAdmissionPolicy', () => {
  it('waits for authorizers that answer later', async () => {
    const plugin = validating({
      variables: [
        { name: 'may', expression: "authorizer.group('').resource('pods').check('get').allowed()" },
      ],
      validations: [{ expression: '!variables.may', message: 'asked' }],
    });
    const verdict = await plugin.validate(request({}).attributes);
    expect(verdict).toMatchObject({ outcome: 'denied', facts: { policy: 'p', binding: 'b', why: 'asked' } });
  });

  it('annotates the audit event', async () => {
    const plugin = validating(
      {
        validations: [{ expression: 'false', message: 'never' }],
        auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }],
      },
      { validationActions: ['Audit', 'Warn'] },
    );
    const { attributes, annotations, warnings } = request({});
    expect(await plugin.validate(attributes)).toMatchObject({ outcome: 'accepted' });
    expect(annotations['p/who']).toBe('jane');
    expect(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure']!)).toEqual([
      {
        message: 'never',
        policy: 'p',
        binding: 'b',
        expressionIndex: 0,
        validationActions: ['Audit', 'Warn'],
      },
    ]);
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': never"]);
  });

  it('lets its own kinds and reviews be', () => {
    const plugin = validating({ validations: [{ expression: 'false' }] });
    const own = { group: 'admissionregistration.k8s.io', version: 'v1' };
    const policies = request(
      {},
      {
        kind: { ...own, kind: 'ValidatingAdmissionPolicy' },
        resource: { ...own, resource: 'validatingadmissionpolicies' },
      },
    );
    expect(plugin.validate(policies.attributes)).toEqual({ outcome: 'accepted' });
    const review = { group: 'authorization.k8s.io', version: 'v1' };
    const reviews = request(
      {},
      {
        kind: { ...review, kind: 'SubjectAccessReview' },
        resource: { ...review, resource: 'subjectaccessreviews' },
      },
    );
    expect(plugin.validate(reviews.attributes)).toEqual({ outcome: 'accepted' });
  });
});

describe('MutatingAdmissionPolicy', () => {
  const containers = (...names: string[]) => ({
    spec: { template: { spec: { containers: names.map((name) => ({ name, image: 'i' })) } } },
  });

  it('merges lists by their keys, and asks for a second run', async () => {
    const expression =
      "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', image: 'j'}]}}}}";
    const plugin = mutating({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
    const reinvocation: Reinvocation = { again: false, wanted: false, notes: new Map() };
    const { attributes } = request(containers('main'), { reinvocation });
    expect(await plugin.admit(attributes)).toMatchObject({ outcome: 'changed' });
    const made = (attributes.object as any).spec.template.spec.containers.map((one: any) => one.name);
    expect(made).toEqual(['main', 'side']);
    expect(reinvocation.wanted).toBe(true);
  });

  it.each([
    [
      "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}",
      'may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    ['Object{spec: Object.spec{nope: 1}}', 'field not declared in schema'],
    ['Object{spec: Object.other{}}', 'type mismatch'],
  ])('%s is refused', async (expression, words) => {
    const plugin = mutating({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
    const verdict = await plugin.admit(request(containers('main')).attributes);
    expect(verdict).toMatchObject({ outcome: 'denied', error: { status: { code: 403, reason: 'Invalid' } } });
    expect((verdict as any).error.message).toContain(words);
  });

  it('leaves the object alone where the test of a JSON patch fails', async () => {
    const expression =
      "[JSONPatch{op: 'test', path: '/metadata/name', value: 'x'}, JSONPatch{op: 'remove', path: '/metadata'}]";
    const plugin = mutating({ patchType: 'JSONPatch', jsonPatch: { expression } });
    const { attributes } = request({});
    expect(await plugin.admit(attributes)).toMatchObject({ outcome: 'accepted' });
    expect(attributes.object!.metadata.name).toBe('d');
  });
});

describe('type checking of policies', () => {
  it('names each kind whose fields an expression gets wrong', () => {
    const spec = {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            operations: ['*'],
            resources: ['deployments', 'statefulsets'],
          },
        ],
      },
      variables: [{ name: 'n', expression: 'object.spec.replicas' }],
      validations: [
        {
          expression: 'object.spec.serviceName != "" && variables.n > 1',
          messageExpression: '"n: " + variables.n',
        },
      ],
    };
    const warnings = typeCheck(spec);
    expect(warnings.map(({ fieldRef }) => fieldRef)).toEqual([
      'spec.validations[0].expression',
      'spec.validations[0].messageExpression',
    ]);
    expect(warnings[0]!.warning).toMatch(
      /^apps\/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'serviceName'/,
    );
    expect(warnings[0]!.warning).not.toContain('StatefulSet');
    expect(warnings[1]!.warning).toContain("found no matching overload for '_+_' applied to '(string, int)'");
  });
});
