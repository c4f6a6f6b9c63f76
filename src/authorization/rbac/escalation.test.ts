import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { AuthorizationChain } from '../chain.ts';
import { RbacAuthorizer } from './authorizer.ts';
import { EscalationGuard, type RbacWrite } from './escalation.ts';
import { RbacPolicy } from './policy.ts';
import type { PolicyRule } from './rule.ts';
import { staticSource } from './source.ts';

const RBAC = ['rbac.authorization.k8s.io'];
const clusterRole = (name: string, ...rules: PolicyRule[]): KubeObject => ({
  kind: 'ClusterRole',
  metadata: { name },
  rules,
});
const bound = (user: string, role: string, namespace?: string): KubeObject => ({
  kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
  metadata: { name: `${user}-${role}`, ...(namespace ? { namespace } : {}) },
  roleRef: { apiGroup: RBAC[0], kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'User', name: user }],
});

const OBJECTS = [
  clusterRole('pods', { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }),
  clusterRole('escalator', { verbs: ['escalate'], apiGroups: RBAC, resources: ['roles'] }),
  clusterRole('binder', {
    verbs: ['bind'],
    apiGroups: RBAC,
    resources: ['clusterroles'],
    resourceNames: ['strong'],
  }),
  clusterRole('strong', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }),
  bound('edna', 'pods', 'esc'),
  bound('ella', 'escalator', 'esc'),
  bound('bea', 'binder', 'esc'),
  bound('lost', 'pods', 'esc'),
  bound('lost', 'ghost', 'esc'),
];

function check(write: Partial<RbacWrite> & { name: string }): Promise<string | undefined> {
  const policy = new RbacPolicy(staticSource(OBJECTS));
  const guard = new EscalationGuard(new AuthorizationChain([new RbacAuthorizer(policy)]), policy);
  const user = { name: write.name, groups: ['system:authenticated'] };
  const full = {
    resource: 'roles',
    namespace: 'esc',
    requestName: '',
    object: { metadata: {} },
    ...write,
    user,
  } as RbacWrite;
  return guard.check(full).then((refusal) => refusal?.status.message);
}

const role = (...rules: PolicyRule[]): KubeObject => ({ metadata: { name: 'r' }, rules });

describe('EscalationGuard', () => {
  it('lets rights be passed on that the caller holds', async () => {
    expect(
      await check({
        name: 'edna',
        object: role({ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] }),
      }),
    ).toBeUndefined();
  });

  it('lists what is missing, verbs of one resource together, sorted', async () => {
    const rules = [
      { verbs: ['*'], apiGroups: ['apps'], resources: ['*'] },
      { verbs: ['get', 'create'], apiGroups: [''], resources: ['pods', 'secrets'] },
    ];
    expect(await check({ name: 'edna', object: role(...rules) })).toBe(
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "edna" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["create"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "create"]}\n' +
        '{APIGroups:["apps"], Resources:["*"], Verbs:["*"]}',
    );
  });

  it('does not count rights of another namespace', async () => {
    expect(
      await check({
        name: 'edna',
        namespace: 'other',
        object: role({ verbs: ['get'], apiGroups: [''], resources: ['pods'] }),
      }),
    ).toContain('not currently held');
  });

  it('adds roles that cannot be found, by the name of the resource written', async () => {
    const message = await check({
      name: 'lost',
      object: role({ verbs: ['delete'], apiGroups: [''], resources: ['pods'] }),
    });
    expect(message).toMatch(
      /; resolution errors: \[roles\.rbac\.authorization\.k8s\.io "ghost" not found\]$/,
    );
  });

  it('knows the verbs escalate and bind', async () => {
    const strong = role({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
    expect(await check({ name: 'ella', object: strong })).toBeUndefined();
    const binding = {
      metadata: { name: 'b' },
      roleRef: { apiGroup: RBAC[0], kind: 'ClusterRole', name: 'strong' },
    };
    expect(await check({ name: 'bea', resource: 'rolebindings', object: binding })).toBeUndefined();
    expect(await check({ name: 'edna', resource: 'rolebindings', object: binding })).toContain(
      '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
    );
  });

  it('answers 404 for a binding to no role, naming the binding resource', async () => {
    const binding = {
      metadata: { name: 'b' },
      roleRef: { apiGroup: RBAC[0], kind: 'Role', name: 'nothing' },
    };
    expect(await check({ name: 'edna', resource: 'rolebindings', object: binding })).toBe(
      'rolebindings.rbac.authorization.k8s.io "nothing" not found',
    );
  });

  it('keeps aggregation for those who may do everything', async () => {
    const object = {
      metadata: { name: 'a' },
      rules: [],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
    };
    expect(await check({ name: 'edna', resource: 'clusterroles', namespace: '', object })).toBe(
      'clusterroles.rbac.authorization.k8s.io "a" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
  });

  it('lets the garbage collector work on roles it could not grant', async () => {
    const old = {
      ...role({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }),
      metadata: { name: 'r', finalizers: ['a'] },
    };
    expect(await check({ name: 'edna', object: { ...old, metadata: { name: 'r' } }, old })).toBeUndefined();
    expect(
      await check({ name: 'edna', object: { ...old, metadata: { name: 'r', labels: { a: 'b' } } }, old }),
    ).toContain('not currently held');
  });
});
