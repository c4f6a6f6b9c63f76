// What an RBAC decision costs while bindings of others grow from 10 to 100,000, and what finding everybody who can do something costs.
// npm run bench -- rbac
import { resourceAttributes } from '../src/authorization/attributes.ts';
import { RbacAuthorizer } from '../src/authorization/rbac/authorizer.ts';
import { RbacPolicy } from '../src/authorization/rbac/policy.ts';
import { staticSource } from '../src/authorization/rbac/source.ts';
import { whoCan } from '../src/authorization/rights/who-can.ts';
import type { KubeObject } from '../src/meta/object.ts';

const DECISIONS = 200_000;

function policy(bindings: number): KubeObject[] {
  const role = (i: number): KubeObject => ({
    kind: 'ClusterRole',
    metadata: { name: `role-${i}` },
    rules: [{ verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods', `things-${i}`] }],
  });
  const objects = Array.from({ length: 100 }, (_, i) => role(i));
  for (let i = 0; i < bindings; i++) {
    const isLocal = i % 2 === 0;
    objects.push({
      kind: isLocal ? 'RoleBinding' : 'ClusterRoleBinding',
      metadata: { name: `binding-${i}`, ...(isLocal ? { namespace: `ns-${i % 500}` } : {}) },
      roleRef: { kind: 'ClusterRole', name: `role-${i % 100}` },
      subjects: [
        { kind: 'User', name: `user-${i}` },
        { kind: 'Group', name: `group-${i % 1000}` },
      ],
    });
  }
  return objects;
}

for (const bindings of [10, 100, 1000, 10_000, 100_000]) {
  const source = staticSource(policy(bindings));
  const built = performance.now();
  const authorizer = new RbacAuthorizer(new RbacPolicy(source));
  const buildMs = performance.now() - built;
  const user = { name: 'user-0', groups: ['system:authenticated'] };
  const allowed = resourceAttributes(user, { verb: 'get', resource: 'pods', namespace: 'ns-0' });
  const refused = resourceAttributes(user, { verb: 'delete', resource: 'secrets', namespace: 'ns-0' });
  for (let i = 0; i < 10_000; i++) authorizer.authorize(i % 2 ? allowed : refused);
  const start = performance.now();
  for (let i = 0; i < DECISIONS; i++) authorizer.authorize(i % 2 ? allowed : refused);
  const nanos = ((performance.now() - start) / DECISIONS) * 1e6;
  const asked = performance.now();
  const rows = whoCan(source, {
    verb: 'get',
    group: '',
    resource: 'pods',
    subresource: '',
    name: '',
    namespace: 'ns-0',
  });
  const whoCanMs = performance.now() - asked;
  console.log(
    `${String(bindings).padStart(7)} bindings: ${nanos.toFixed(0)} ns a decision, index in ${buildMs.toFixed(1)} ms, who-can in ${whoCanMs.toFixed(1)} ms (${rows.length} rows)`,
  );
}
