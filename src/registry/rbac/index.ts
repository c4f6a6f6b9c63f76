import type { Strategy } from '../strategy.ts';
import { clusterRole } from './cluster-role.ts';
import { role } from './role.ts';
import { clusterRoleBinding, roleBinding } from './role-binding.ts';

/** The kinds of rbac.authorization.k8s.io/v1, by their plural. */
export const rbacStrategies: Record<string, Strategy> = {
  roles: role,
  clusterroles: clusterRole,
  rolebindings: roleBinding,
  clusterrolebindings: clusterRoleBinding,
};
