import type { KubeObject } from '../../meta/object.ts';
import type { PolicyRule, RoleRef } from './rule.ts';
import type { RbacSource } from './source.ts';

/** The role that a binding in `namespace` refers to. */
export function roleOf(source: RbacSource, roleRef: RoleRef, namespace: string): KubeObject | undefined {
  if (roleRef.kind === 'ClusterRole') return source.clusterroles.get('', roleRef.name);
  return roleRef.kind === 'Role' && namespace !== '' ? source.roles.get(namespace, roleRef.name) : undefined;
}

/** Its rules; undefined where there is no such role. */
export function rulesOf(
  source: RbacSource,
  roleRef: RoleRef,
  namespace: string,
): readonly PolicyRule[] | undefined {
  const role = roleOf(source, roleRef, namespace);
  return role && ((role['rules'] ?? []) as PolicyRule[]);
}
