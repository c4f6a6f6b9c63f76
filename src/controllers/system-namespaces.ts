import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
export const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

/** Creates the namespaces that every server has, where they are missing (pkg/controlplane/controller/systemnamespaces). */
export async function ensureSystemNamespaces(client: ObjectClient): Promise<void> {
  const lister = client.lister(NAMESPACES);
  await Promise.all(
    SYSTEM_NAMESPACES.filter((name) => !lister?.get('', name)).map(async (name) => {
      try {
        await client.create(NAMESPACES, '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error;
      }
    }),
  );
}
