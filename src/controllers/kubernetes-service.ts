import { type Clock, rfc3339 } from '../meta/clock.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import {
  addToIp,
  ipText,
  isLinkLocalUnicast,
  isLoopback,
  isUnspecified,
  parseCidr,
  parseIp,
} from '../meta/ip.ts';
import type { Fields, GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';

const SERVICES: GroupResource = { group: '', resource: 'services' };
const ENDPOINTS: GroupResource = { group: '', resource: 'endpoints' };
const SLICES: GroupResource = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const CIDRS: GroupResource = { group: 'networking.k8s.io', resource: 'servicecidrs' };
const NAMESPACE = 'default';
const NAME = 'kubernetes';

export interface KubernetesServiceOptions {
  /** As --service-cluster-ip-range has it; one range, or one of each family. */
  serviceClusterIpRange: string;
  /** Where others reach this server; endpoints are left alone where it is no address that others can use. */
  advertiseAddress?: string;
  securePort: number;
  clock: Clock;
  /** No other server shares the store: addresses that are not this one's are dropped. Default false: they stay. */
  alone?: boolean;
  /** Every server on the store that is alive, where that is known: others are dropped. */
  alive?: readonly string[];
}

/**
 * The ServiceCIDR `kubernetes` with the ranges of the flag, ready (pkg/controlplane/controller/defaultservicecidr). Before the
 * Service, whose address is taken from it.
 */
export async function ensureServiceCidr(
  client: ObjectClient,
  { serviceClusterIpRange, clock }: Pick<KubernetesServiceOptions, 'serviceClusterIpRange' | 'clock'>,
): Promise<void> {
  const cidrs = serviceClusterIpRange.split(',').map((text) => text.trim());
  const found = client.lister(CIDRS)?.get('', NAME);
  if (!found)
    await create(client, CIDRS, '', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: NAME },
      spec: { cidrs },
    });
  else if (hasReady(found) || found.metadata.deletionTimestamp) return;
  await client.update(
    CIDRS,
    '',
    NAME,
    (object) => {
      if (hasReady(object) || !deepEqual(object['spec']?.cidrs, cidrs)) return false;
      const ready = {
        type: 'Ready',
        status: 'True',
        lastTransitionTime: rfc3339(clock.now()),
        reason: '',
        message: 'Kubernetes default Service CIDR is ready',
      };
      object['status'] = {
        ...object['status'],
        conditions: [...(object['status']?.conditions ?? []), ready],
      };
      return undefined;
    },
    'status',
  );
}

const hasReady = (object: KubeObject): boolean =>
  ((object['status']?.conditions ?? []) as Fields[]).some((condition) => condition['type'] === 'Ready');

/** The first address of the first range: the Service's own. */
export function kubernetesServiceIp(serviceClusterIpRange: string): string {
  const cidr = parseCidr(serviceClusterIpRange.split(',')[0]!.trim());
  if (!cidr) throw new Error(`no address range: ${serviceClusterIpRange}`);
  return ipText(addToIp(cidr.network, 1n));
}

/** The Service `default/kubernetes` and where it leads to: this server (pkg/controlplane/controller/kubernetesservice). */
export async function ensureKubernetesService(
  client: ObjectClient,
  options: KubernetesServiceOptions,
): Promise<void> {
  if (!client.lister(SERVICES)?.get(NAMESPACE, NAME))
    await create(client, SERVICES, NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: NAME,
        namespace: NAMESPACE,
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: options.securePort }],
        clusterIP: kubernetesServiceIp(options.serviceClusterIpRange),
        ipFamilyPolicy: 'SingleStack',
        sessionAffinity: 'None',
        type: 'ClusterIP',
      },
    });
  const address = advertisedAddress(options.advertiseAddress);
  if (address !== undefined) await ensureEndpoints(client, address, options);
}

/** The address that others can use; undefined where the flag names none. */
export function advertisedAddress(advertiseAddress: string | undefined): string | undefined {
  const address = advertiseAddress ? parseIp(advertiseAddress) : undefined;
  if (!address || isLoopback(address) || isUnspecified(address) || isLinkLocalUnicast(address))
    return undefined;
  return ipText(address.bytes);
}

async function ensureEndpoints(
  client: ObjectClient,
  address: string,
  { securePort, alone = false, alive }: KubernetesServiceOptions,
): Promise<void> {
  const port = { name: 'https', port: securePort, protocol: 'TCP' };
  const addressType = address.includes(':') ? 'IPv6' : 'IPv4';
  const join = (had: readonly string[]): readonly string[] => {
    if (alive) return alive;
    return alone ? [address] : [...new Set([...had, address])].sort();
  };
  await createOrChange(
    client,
    ENDPOINTS,
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: NAME,
        namespace: NAMESPACE,
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip: address }], ports: [port] }],
    },
    (object) => {
      const had: string[] = (object['subsets']?.[0]?.addresses ?? []).map((a: Fields) => a['ip']);
      object['subsets'] = [{ addresses: join(had).map((ip) => ({ ip })), ports: [port] }];
    },
  );
  await createOrChange(
    client,
    SLICES,
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: NAME, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': NAME } },
      addressType,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [port],
    },
    (object) => {
      if (object['addressType'] !== addressType) return;
      const had: string[] = (object['endpoints'] ?? []).flatMap((e: Fields) => e['addresses'] ?? []);
      object['endpoints'] = join(had).map((ip) => ({ addresses: [ip], conditions: { ready: true } }));
      object['ports'] = [port];
    },
  );
}

async function create(
  client: ObjectClient,
  resource: GroupResource,
  namespace: string,
  object: KubeObject,
): Promise<void> {
  try {
    await client.create(resource, namespace, object);
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
  }
}

async function createOrChange(
  client: ObjectClient,
  resource: GroupResource,
  object: KubeObject,
  change: (object: KubeObject) => void,
): Promise<void> {
  if (!client.lister(resource)?.get(NAMESPACE, NAME)) return create(client, resource, NAMESPACE, object);
  await client.update(resource, NAMESPACE, NAME, (found) => {
    const before = JSON.stringify(found);
    change(found);
    return JSON.stringify(found) === before ? false : undefined;
  });
}
