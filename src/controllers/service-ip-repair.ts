import type { Clock } from '../meta/clock.ts';
import { familyOf, ipText, parseIp } from '../meta/ip.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { ipAddressOf } from '../registry/core/service-allocation.ts';

const SERVICES: GroupResource = { group: '', resource: 'services' };
const ADDRESSES: GroupResource = { group: 'networking.k8s.io', resource: 'ipaddresses' };
/** An address may be held before its Service is written; after this long nobody is writing any more. */
const GRACE_MS = 60_000;

/**
 * Brings Services and the IPAddress objects that hold their addresses together: creates what is missing, frees what no
 * Service has (pkg/registry/core/service/ipallocator/controller). To be called at the start, then every few minutes.
 */
export async function repairServiceIps(client: ObjectClient, clock: Clock): Promise<void> {
  const addresses = client.lister(ADDRESSES);
  if (!addresses) return;
  const held = new Map<string, KubeObject>();
  for (const service of client.lister(SERVICES)?.list() ?? [])
    for (const ip of (service['spec']?.clusterIPs ?? []) as string[]) {
      const parsed = ip === 'None' ? undefined : parseIp(ip);
      if (parsed) held.set(ipText(parsed.bytes), service);
    }
  for (const [ip, service] of held) {
    if (addresses.get('', ip)) continue;
    try {
      await client.create(ADDRESSES, '', ipAddressOf(service, ip, familyOf(ip) ?? 'IPv4'));
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
  }
  for (const address of addresses.list()) {
    const { name = '', labels, creationTimestamp = '', uid } = address.metadata;
    if (labels?.['ipaddress.kubernetes.io/managed-by'] !== 'ipallocator.k8s.io' || held.has(name)) continue;
    if (clock.now() - Date.parse(creationTimestamp) < GRACE_MS) continue;
    try {
      await client.delete(ADDRESSES, '', name, uid ? { preconditions: { uid } } : {});
    } catch (error) {
      if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
    }
  }
}
