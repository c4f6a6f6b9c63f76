import { reconcileBootstrapPolicy } from '../authorization/rbac/bootstrap.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ServerOptions } from './options.ts';

const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Makes what every cluster has from its start: system namespaces and, under RBAC, the default policy. */
export async function bootstrap(client: ObjectClient, _options: ServerOptions, rbac: boolean): Promise<void> {
  await Promise.all(
    SYSTEM_NAMESPACES.map(async (name) => {
      try {
        await client.create({ group: '', resource: 'namespaces' }, '', { metadata: { name } });
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error;
      }
    }),
  );
  if (rbac) await reconcileBootstrapPolicy(client);
}
