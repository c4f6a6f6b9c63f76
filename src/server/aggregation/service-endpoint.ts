import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Lister } from '../../registry/lister.ts';

/** What an APIService names as its backend (apiregistration.k8s.io/v1 ServiceReference). */
export interface ServiceReference {
  namespace: string;
  name: string;
  port: number;
}

export interface ServiceListers {
  services: Lister;
  slices: Lister;
  endpoints: Lister;
}

export type Resolved = { ok: true; host: string; port: number } | { ok: false; why: string };

/**
 * Where to send a request for a Service: a ready endpoint where there are any, else its cluster address (apiserver
 * pkg/util/proxy, ResolveEndpoint and ResolveCluster). Beside this server there may be nothing that routes cluster
 * addresses, so endpoints come first.
 */
export function resolveService(
  { namespace, name, port }: ServiceReference,
  listers: ServiceListers,
  random: () => number = Math.random,
): Resolved {
  const service = listers.services.get(namespace, name);
  if (!service) return { ok: false, why: `service "${name}" not found` };
  const spec: Fields = service['spec'] ?? {};
  if (spec['type'] === 'ExternalName') return { ok: true, host: spec['externalName'] ?? '', port };
  const servicePort = portOf(service, port);
  if (!servicePort) return { ok: false, why: `no service port ${port} found for service "${name}"` };
  const ready = readyEndpoints(namespace, name, servicePort['name'] ?? '', listers);
  if (ready.length > 0) return { ok: true, ...ready[Math.floor(random() * ready.length)]! };
  const address: string = spec['clusterIP'] ?? '';
  if (address === '' || address === 'None')
    return { ok: false, why: `no endpoints available for service "${name}"` };
  return { ok: true, host: address, port };
}

/** The port of a Service by its number. */
export function portOf(service: KubeObject, port: number): Fields | undefined {
  return ((service['spec']?.ports ?? []) as Fields[]).find((one) => one['port'] === port);
}

/** Whether anything says where the Service leads to, ready or not. */
export function hasEndpointObjects(namespace: string, name: string, listers: ServiceListers): boolean {
  return slicesOf(namespace, name, listers.slices).length > 0 || !!listers.endpoints.get(namespace, name);
}

/** Addresses that are ready, with the port of that name: of EndpointSlices, else of the Endpoints object. */
export function readyEndpoints(
  namespace: string,
  name: string,
  portName: string,
  listers: ServiceListers,
): { host: string; port: number }[] {
  const slices = slicesOf(namespace, name, listers.slices);
  const found = slices.flatMap((slice) => {
    const port = named(slice['ports'], portName);
    if (port === undefined) return [];
    return ((slice['endpoints'] ?? []) as Fields[])
      .filter((endpoint) => endpoint['conditions']?.ready !== false && endpoint['addresses']?.length)
      .map((endpoint) => ({ host: endpoint['addresses'][0] as string, port }));
  });
  if (slices.length > 0) return found;
  const subsets: Fields[] = listers.endpoints.get(namespace, name)?.['subsets'] ?? [];
  return subsets.flatMap((subset) => {
    const port = named(subset['ports'], portName);
    if (port === undefined) return [];
    return ((subset['addresses'] ?? []) as Fields[]).map(({ ip }) => ({ host: ip as string, port }));
  });
}

function slicesOf(namespace: string, name: string, slices: Lister): KubeObject[] {
  return slices
    .list(namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
}

function named(ports: Fields[] | undefined, name: string): number | undefined {
  return ports?.find((port) => (port['name'] ?? '') === name && port['port'])?.['port'];
}
