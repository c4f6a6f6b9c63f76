import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../meta/object.ts';
import { pathAttributes, type ResourceQuestion, resourceAttributes } from './attributes.ts';
import { explainRefusal, smallestGrant } from './near-misses.ts';
import { RbacAuthorizer } from './rbac/authorizer.ts';
import { RbacPolicy } from './rbac/policy.ts';
import { staticSource } from './rbac/source.ts';

const jane = { name: 'jane', groups: ['dev'] };
const POLICY: KubeObject[] = [
  {
    kind: 'Role',
    metadata: { name: 'reader', namespace: 'a' },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }],
  },
  {
    kind: 'RoleBinding',
    metadata: { name: 'reads', namespace: 'a' },
    roleRef: { kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'User', name: 'jane' }],
  },
  {
    kind: 'ClusterRole',
    metadata: { name: 'nodes' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'], resourceNames: ['n1'] }],
  },
  {
    kind: 'ClusterRoleBinding',
    metadata: { name: 'sees-nodes' },
    roleRef: { kind: 'ClusterRole', name: 'nodes' },
    subjects: [{ kind: 'Group', name: 'dev' }],
  },
  {
    kind: 'ClusterRoleBinding',
    metadata: { name: 'dangling' },
    roleRef: { kind: 'ClusterRole', name: 'gone' },
    subjects: [{ kind: 'User', name: 'jane' }],
  },
];
const nearest = (asked: ResourceQuestion) =>
  explainRefusal(staticSource(POLICY), resourceAttributes(jane, asked)).nearMisses.map(
    ({ binding, differences }) => [
      binding.name,
      ...differences.map(({ part, held }) => `${part}: ${held.join(',')}`),
    ],
  );

describe('explainRefusal', () => {
  it('names the bindings that come closest and in what they differ', () => {
    expect(nearest({ verb: 'delete', resource: 'pods', namespace: 'a' })).toEqual([
      ['dangling', 'role: '],
      ['reads', 'verb: get,list'],
    ]);
    expect(nearest({ verb: 'get', resource: 'pods', namespace: 'b' })).toContainEqual([
      'reads',
      'namespace: a',
    ]);
    expect(nearest({ verb: 'get', resource: 'nodes', name: 'n2' })).toContainEqual([
      'sees-nodes',
      'name: n1',
    ]);
  });

  it('suggests names that are free, and the role where just that one is there', () => {
    const asked = resourceAttributes(jane, { verb: 'delete', resource: 'pods', namespace: 'a', name: 'p' });
    const names = (more: KubeObject[]) => explainRefusal(staticSource([...POLICY, ...more]), asked).names;
    const role = (rules: object[]): KubeObject => ({
      kind: 'Role',
      metadata: { name: 'allow-delete-pods-p', namespace: 'a' },
      rules,
    });
    const own = { apiGroups: [''], resources: ['pods'], resourceNames: ['p'], verbs: ['delete'] };
    expect(names([])).toEqual({
      role: 'allow-delete-pods-p',
      binding: 'allow-delete-pods-p-to-jane',
      roleExists: false,
    });
    expect(names([role([own])]).roleExists).toBe(true);
    expect(names([role([{ ...own, verbs: ['*'] }])])).toMatchObject({
      role: 'allow-delete-pods-p-2',
      roleExists: false,
    });
  });

  it('does not take the paths that everybody may get for near to others', () => {
    const policy = staticSource([
      {
        kind: 'ClusterRole',
        metadata: { name: 'd' },
        rules: [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }],
      },
      {
        kind: 'ClusterRoleBinding',
        metadata: { name: 'd' },
        roleRef: { kind: 'ClusterRole', name: 'd' },
        subjects: [{ kind: 'User', name: 'jane' }],
      },
    ]);
    expect(explainRefusal(policy, pathAttributes(jane, 'get', '/metrics')).nearMisses).toEqual([]);
    expect(explainRefusal(policy, pathAttributes(jane, 'get', '/apis')).nearMisses).toHaveLength(1);
  });

  it('keeps to what is near', () => {
    expect(nearest({ verb: 'create', group: 'apps', resource: 'deployments', namespace: 'z' })).toEqual([
      ['dangling', 'role: '],
    ]);
  });
});

describe('smallestGrant', () => {
  it.each([
    resourceAttributes(jane, { verb: 'delete', resource: 'pods', namespace: 'a', name: 'p' }),
    resourceAttributes(jane, { verb: 'get', group: 'apps', resource: 'deployments', subresource: 'scale' }),
    pathAttributes({ name: 'system:serviceaccount:a:robot', groups: [] }, 'get', '/metrics'),
  ])('allows the request and nothing beside it', (asked) => {
    const objects = parseAllDocuments(smallestGrant(asked)!).map((document) => document.toJS() as KubeObject);
    const authorizer = new RbacAuthorizer(new RbacPolicy(staticSource(objects)));
    expect(authorizer.authorize(asked).decision).toBe('allow');
    expect(
      authorizer.authorize(
        resourceAttributes(asked.user, { verb: 'get', resource: 'secrets', namespace: 'a' }),
      ).decision,
    ).toBe('noOpinion');
    expect(objects.every(({ apiVersion }) => apiVersion === 'rbac.authorization.k8s.io/v1')).toBe(true);
  });

  it('has none for a request without a verb', () => {
    expect(smallestGrant(pathAttributes(jane, '', '/x'))).toBeUndefined();
  });
});
