import type { UserInfo } from '../../meta/user.ts';
import { bindingOf, isSubject } from '../rbac/policy.ts';
import { rulesOf } from '../rbac/role-rules.ts';
import type { RbacSource } from '../rbac/source.ts';
import type { RightRow } from './types.ts';

/** A binding that would give somebody something if its role were there. */
export interface Dangling {
  binding: RightRow['binding'];
  role: RightRow['role'];
}

/** Every rule that somebody holds, cluster-wide ones first. With `namespace`, of the others only those that hold there. */
export function rightsOf(
  source: RbacSource,
  user: UserInfo,
  namespace?: string,
): { rows: RightRow[]; dangling: Dangling[] } {
  const rows: RightRow[] = [];
  const dangling: Dangling[] = [];
  const objects = [...source.clusterrolebindings.list(), ...source.rolebindings.list(namespace)];
  for (const object of objects) {
    const { kind, namespace: scope, name, roleRef, subjects } = bindingOf(object);
    const subject = subjects.find((s) => isSubject(user, s, scope));
    if (!subject) continue;
    const chain = { binding: { kind, namespace: scope, name }, role: roleRef };
    const rules = rulesOf(source, roleRef, scope);
    if (!rules) dangling.push(chain);
    for (const rule of rules ?? []) rows.push({ subject, namespace: scope, ...chain, rule });
  }
  return { rows, dangling };
}
