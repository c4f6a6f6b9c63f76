import { reconcileBootstrapPolicy } from '../authorization/rbac/bootstrap.ts';
import { ensureApiServices } from '../controllers/api-services.ts';
import { ensureFlowControl } from '../controllers/bootstrap-flowcontrol.ts';
import { ensureKubernetesService, ensureServiceCidr } from '../controllers/kubernetes-service.ts';
import { ensurePriorityClasses } from '../controllers/priority-classes.ts';
import { repairServiceIps } from '../controllers/service-ip-repair.ts';
import { ensureSystemNamespaces } from '../controllers/system-namespaces.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { ServerOptions } from './options.ts';

export interface BootstrapParts {
  client: ObjectClient;
  options: ServerOptions;
  /** Whether the RBAC authorizer is in use: only then there is a default policy. */
  rbac: boolean;
  clock: Clock;
  /** Built-in group versions, `apps/v1`. */
  groupVersions: readonly string[];
}

/** Makes what every cluster has from its start (kube-apiserver's post-start hooks). Changes nothing that is right already. */
export async function bootstrap({
  client,
  options,
  rbac,
  clock,
  groupVersions,
}: BootstrapParts): Promise<void> {
  await ensureSystemNamespaces(client);
  await Promise.all([
    rbac ? reconcileBootstrapPolicy(client) : undefined,
    ensurePriorityClasses(client),
    ensureFlowControl(client),
    ensureApiServices(client, groupVersions),
    kubernetesService(client, options, clock),
  ]);
}

async function kubernetesService(client: ObjectClient, options: ServerOptions, clock: Clock): Promise<void> {
  const { serviceClusterIpRange } = options;
  await ensureServiceCidr(client, { serviceClusterIpRange, clock });
  await ensureKubernetesService(client, {
    serviceClusterIpRange,
    securePort: options.port,
    clock,
    alone: options.store.engine === 'embedded',
    ...(options.advertiseAddress ? { advertiseAddress: options.advertiseAddress } : {}),
  });
  await repairServiceIps(client, clock);
}
