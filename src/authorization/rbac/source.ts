import type { KubeObject } from '../../meta/object.ts';
import { type Lister, StaticLister } from '../../registry/lister.ts';

/** The four kinds RBAC reads, by their plural. */
export interface RbacSource {
  roles: Lister;
  clusterroles: Lister;
  rolebindings: Lister;
  clusterrolebindings: Lister;
}

export type RbacResource = keyof RbacSource;

export const RBAC_KINDS: Readonly<Record<string, RbacResource>> = {
  Role: 'roles',
  ClusterRole: 'clusterroles',
  RoleBinding: 'rolebindings',
  ClusterRoleBinding: 'clusterrolebindings',
};

/** A fixed policy out of objects of the four kinds, of manifests for instance; others are left out. */
export function staticSource(objects: readonly KubeObject[]): { [K in RbacResource]: StaticLister } {
  const of = (kind: string): StaticLister =>
    new StaticLister(objects.filter((object) => object.kind === kind));
  return {
    roles: of('Role'),
    clusterroles: of('ClusterRole'),
    rolebindings: of('RoleBinding'),
    clusterrolebindings: of('ClusterRoleBinding'),
  };
}
