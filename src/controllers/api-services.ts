import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';

const API_SERVICES = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
const AUTO_MANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** Where the groups of this server stand in discovery: [group, version] (cmd/kube-apiserver/app/aggregator.go). */
const PRIORITIES: Readonly<Record<string, [group: number, version: number]>> = {
  v1: [18_000, 1],
  'apps/v1': [17_800, 15],
  'events.k8s.io/v1': [17_750, 15],
  'authentication.k8s.io/v1': [17_700, 15],
  'authorization.k8s.io/v1': [17_600, 15],
  'autoscaling/v1': [17_500, 15],
  'autoscaling/v2': [17_500, 30],
  'batch/v1': [17_400, 15],
  'certificates.k8s.io/v1': [17_300, 15],
  'networking.k8s.io/v1': [17_200, 15],
  'policy/v1': [17_100, 15],
  'rbac.authorization.k8s.io/v1': [17_000, 15],
  'storage.k8s.io/v1': [16_800, 15],
  'apiextensions.k8s.io/v1': [16_700, 15],
  'admissionregistration.k8s.io/v1': [16_700, 15],
  'scheduling.k8s.io/v1': [16_600, 15],
  'coordination.k8s.io/v1': [16_500, 15],
  'node.k8s.io/v1': [16_300, 15],
  'discovery.k8s.io/v1': [16_200, 15],
  'resource.k8s.io/v1': [16_200, 21],
  'flowcontrol.apiserver.k8s.io/v1': [16_100, 21],
};

/** What groups of custom resources get (pkg/controlplane/controller/crdregistration). */
const CUSTOM: [number, number] = [1000, 100];

/**
 * Creates an APIService for each group and version served, and takes away those of custom groups that are no longer.
 * `served`: `v1`, `apps/v1`, …; `custom` says which of them come from CustomResourceDefinitions. Without it those that
 * do are let be.
 */
export async function ensureApiServices(
  client: ObjectClient,
  served: Iterable<string>,
  custom?: (groupVersion: string) => boolean,
): Promise<void> {
  const lister = client.lister(API_SERVICES);
  const wanted = new Map<
    string,
    { group: string; version: string; priority: [number, number]; managed: string }
  >();
  for (const groupVersion of served) {
    const own = custom?.(groupVersion) ?? false;
    const priority = own ? CUSTOM : PRIORITIES[groupVersion];
    if (!priority) continue;
    const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
    wanted.set(`${version}.${group}`, {
      group: group!,
      version: version!,
      priority,
      managed: own ? 'true' : 'onstart',
    });
  }
  const stale = (custom ? (lister?.list() ?? []) : []).filter(
    (service) =>
      service.metadata.labels?.[AUTO_MANAGED] === 'true' && !wanted.has(service.metadata.name ?? ''),
  );
  await Promise.all([
    ...[...wanted].map(async ([name, { group, version, priority, managed }]) => {
      if (lister?.get('', name)) return;
      try {
        await client.create(API_SERVICES, '', {
          apiVersion: 'apiregistration.k8s.io/v1',
          kind: 'APIService',
          metadata: { name, labels: { [AUTO_MANAGED]: managed } },
          spec: {
            ...(group ? { group } : {}),
            version,
            groupPriorityMinimum: priority[0],
            versionPriority: priority[1],
          },
        });
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error;
      }
    }),
    ...stale.map(async (service) => {
      try {
        await client.delete(API_SERVICES, '', service.metadata.name!);
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error;
      }
    }),
  ]);
}
