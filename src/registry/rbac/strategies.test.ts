import { describe, expect, it } from 'vitest';
import { errorText } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { StrategyContext } from '../strategy.ts';
import { rbacStrategies } from './index.ts';

const context = {} as StrategyContext;

function faults(resource: string, fields: Fields): string[] {
  const object: KubeObject = { metadata: { name: 'a' }, ...fields };
  const strategy = rbacStrategies[resource]!;
  strategy.defaults?.(object);
  return strategy.validate!(object, context).map(errorText);
}

const ref = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' };

describe('rbacStrategies', () => {
  it.each([
    [
      'roles',
      { rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      'roles',
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
      ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
    ],
    [
      'clusterroles',
      { rules: [{ verbs: ['get'], apiGroups: ['x'] }] },
      ['rules[0].resources: Required value: resource rules must supply at least one resource'],
    ],
    [
      'clusterroles',
      { aggregationRule: {} },
      [
        'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
      ],
    ],
    [
      'clusterroles',
      { aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'k', operator: 'In' }] }] } },
      [
        "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
      ],
    ],
    [
      'rolebindings',
      {},
      [
        'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [
      'clusterrolebindings',
      { roleRef: ref },
      ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    ],
    [
      'rolebindings',
      { roleRef: ref, subjects: [{ kind: 'Robot', name: 'u' }] },
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ],
    [
      'clusterrolebindings',
      { roleRef: { ...ref, kind: 'ClusterRole' }, subjects: [{ kind: 'ServiceAccount', name: 's' }] },
      ['subjects[0].namespace: Required value'],
    ],
  ])('find what is wrong with %s %j', (resource, fields, expected) => {
    expect(faults(resource, fields)).toEqual(expected);
  });

  it('fill in API groups and drop empty lists', () => {
    const binding: KubeObject = {
      metadata: {},
      roleRef: { kind: 'Role', name: 'x' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's' },
      ],
    };
    rbacStrategies['rolebindings']!.defaults!(binding);
    expect(binding).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, {}],
    });
    const role: KubeObject = { metadata: {}, rules: [] };
    rbacStrategies['roles']!.defaults!(role);
    expect(role['rules']).toBeNull();
  });

  it('hold a binding to its role', () => {
    const old = { metadata: {}, roleRef: ref };
    const object = { metadata: {}, roleRef: { ...ref, name: 'y' } };
    expect(rbacStrategies['rolebindings']!.validateUpdate!(object, old, context).map(errorText)).toEqual([
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"y"}: cannot change roleRef',
    ]);
  });

  it('show bindings as kubectl prints them', () => {
    const binding: KubeObject = {
      metadata: { name: 'b', creationTimestamp: '2026-01-01T00:00:00Z' },
      roleRef: ref,
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's' },
        { kind: 'User', name: 'v' },
      ],
    };
    expect(rbacStrategies['rolebindings']!.row!(binding, Date.parse('2026-01-01T00:01:00Z'))).toEqual([
      'b',
      'Role/x',
      '60s',
      'u, v',
      'g',
      '/s',
    ]);
  });
});
