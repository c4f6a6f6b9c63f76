import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { StatusError } from '../../meta/status.ts';
import type { VirtualContext } from '../../registry/virtual.ts';
import { AuthorizationChain } from '../chain.ts';
import { RbacAuthorizer } from '../rbac/authorizer.ts';
import { RbacPolicy } from '../rbac/policy.ts';
import { staticSource } from '../rbac/source.ts';
import { authorizationReviews } from './index.ts';

const POLICY: KubeObject[] = [
  {
    kind: 'Role',
    metadata: { name: 'maps', namespace: 'ar' },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }],
  },
  {
    kind: 'RoleBinding',
    metadata: { name: 'maps', namespace: 'ar' },
    roleRef: { kind: 'Role', name: 'maps' },
    subjects: [{ kind: 'User', name: 'rik' }],
  },
  {
    kind: 'RoleBinding',
    metadata: { name: 'lost', namespace: 'ar' },
    roleRef: { kind: 'Role', name: 'lost-role' },
    subjects: [{ kind: 'User', name: 'none' }],
  },
];
const chain = new AuthorizationChain([new RbacAuthorizer(new RbacPolicy(staticSource(POLICY)))]);
const reviews = authorizationReviews(chain);

async function ask(resource: string, spec: Fields, user = 'rik', namespace = ''): Promise<Fields | string> {
  const context = {
    user: { name: user, groups: [] },
    namespace,
    admit: async () => {},
  } as unknown as VirtualContext;
  try {
    const answer = await reviews[resource]!.create(
      { metadata: namespace ? { namespace } : {}, spec },
      context,
    );
    return answer['status'];
  } catch (error) {
    if (error instanceof StatusError) return error.status.message ?? '';
    throw error;
  }
}

const maps = (verb: string, more: Fields = {}) => ({
  resourceAttributes: { namespace: 'ar', verb, resource: 'configmaps', ...more },
});

describe('access reviews', () => {
  it('say who is allowed, and why', async () => {
    const reason = 'RBAC: allowed by RoleBinding "maps/ar" of Role "maps" to User "rik"';
    expect(await ask('subjectaccessreviews', { user: 'rik', ...maps('get') })).toEqual({
      allowed: true,
      reason,
    });
    expect(await ask('selfsubjectaccessreviews', maps('get'))).toEqual({ allowed: true, reason });
    expect(await ask('localsubjectaccessreviews', { user: 'rik', ...maps('get') }, 'admin', 'ar')).toEqual({
      allowed: true,
      reason,
    });
    expect(await ask('subjectaccessreviews', { user: 'rik', ...maps('delete') })).toEqual({ allowed: false });
    expect(await ask('subjectaccessreviews', { user: 'none', ...maps('get') })).toEqual({
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "lost-role" not found',
    });
  });

  it('say of selectors what was not understood', async () => {
    const labelSelector = {
      requirements: [
        { key: 'k', operator: 'Near', values: ['a'] },
        { key: 'k', operator: 'In', values: ['b'] },
      ],
    };
    expect(
      await ask('subjectaccessreviews', {
        user: 'x',
        ...maps('list', { fieldSelector: { rawSelector: 'a' }, labelSelector }),
      }),
    ).toEqual({
      allowed: false,
      evaluationError:
        'spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector partially ignored due to parse error',
    });
  });

  it.each([
    [
      'subjectaccessreviews',
      {},
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
    ],
    [
      'selfsubjectaccessreviews',
      { ...maps('get'), nonResourceAttributes: { path: '/x', verb: 'get' } },
      '.authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    ],
    [
      'subjectaccessreviews',
      { user: 'u', ...maps('list', { fieldSelector: {} }) },
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    ],
    [
      'localsubjectaccessreviews',
      { user: 'u', resourceAttributes: { verb: 'get', namespace: 'zz' } },
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "zz": must match metadata.namespace',
    ],
    ['selfsubjectrulesreviews', {}, 'no namespace on request'],
  ])('refuse %s of %j', async (resource, spec, message) => {
    expect(await ask(resource, spec, 'rik', resource.startsWith('local') ? 'ar' : '')).toBe(message);
  });

  it('list rules', async () => {
    expect(await ask('selfsubjectrulesreviews', { namespace: 'ar' })).toEqual({
      resourceRules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }],
      nonResourceRules: [],
      incomplete: false,
    });
    expect(await ask('selfsubjectrulesreviews', { namespace: 'ar' }, 'none')).toMatchObject({
      evaluationError: 'role.rbac.authorization.k8s.io "lost-role" not found',
    });
  });
});
