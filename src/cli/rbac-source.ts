import { homedir } from 'node:os';
import { join } from 'node:path';
import { RBAC_KINDS, type RbacSource, staticSource } from '../authorization/rbac/source.ts';
import { manifestSource, readManifests } from '../authorization/rights/manifests.ts';
import { ClusterClient } from './cluster-client.ts';

/** Where a command reads roles and bindings. */
export interface RbacSourceFlags {
  from?: string;
  kubeconfig?: string;
  context?: string;
  /** False by --no-defaults. */
  defaults?: boolean;
}

/** Roles and bindings of the manifests given, or else of the kubeconfig's cluster. */
export async function rbacSource(flags: RbacSourceFlags): Promise<RbacSource> {
  if (flags.from !== undefined)
    return manifestSource(readManifests(flags.from), { defaults: flags.defaults ?? true });
  const path =
    flags.kubeconfig ?? process.env['KUBECONFIG']?.split(':')[0] ?? join(homedir(), '.kube', 'config');
  const client = new ClusterClient(path, flags.context);
  try {
    const lists = await Promise.all(
      Object.values(RBAC_KINDS).map((plural) => client.list(`/apis/rbac.authorization.k8s.io/v1/${plural}`)),
    );
    return staticSource(lists.flat());
  } finally {
    client.close();
  }
}
