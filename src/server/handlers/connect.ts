import type { Fields, KubeObject } from '../../meta/object.ts';
import { badRequestError, notFoundError, StatusError, unknownError } from '../../meta/status.ts';
import { checkLogOptions, podConnection } from '../../registry/core/pod-connect.ts';
import type { Registry, ServedResource } from '../../registry/registry.ts';
import { answerBytes } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { queryInteger } from './list-options.ts';

/** Which of a node's addresses its kubelet is asked at (--kubelet-preferred-address-types). */
const ADDRESS_TYPES = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];

/**
 * pods/log, exec, attach, portforward and the proxies of pods, services and nodes (ConnectResource in
 * endpoints/handlers/rest.go): everything that can be said of them before a kubelet or a pod is talked to.
 */
export function connect(
  request: ApiRequest,
  registry: Registry,
  served: ServedResource,
  subresource: string,
  name: string,
): void {
  const resource = served.descriptor.plural;
  const stored = storedIn(registry, request.info.namespace);
  if (subresource === 'log') checkLog(name, request.query);
  else if (request.query.has('dryRun')) throw badRequestError('dryRun is not supported');
  if (subresource === 'proxy') {
    if (resource === 'pods') checkPodProxy(name, stored);
    else if (resource === 'services') checkServiceProxy(name, stored);
    else if (resource === 'nodes') checkKubelet(split(name, 'node').name, stored);
  } else {
    const container = request.query.get('container') ?? '';
    const connection = podConnection(stored('pods', name), subresource, container);
    if (!connection) return answerBytes(request, 204, {}, '');
    checkKubelet(connection.node, stored);
  }
  throw new StatusError({
    code: 501,
    reason: '',
    message: `${resource}/${subresource} needs a node behind it; this server has none`,
  });
}

type Stored = (resource: string, name: string) => KubeObject;

function storedIn(registry: Registry, namespace: string): Stored {
  return (resource, name) => {
    const { store } = registry.find('', 'v1', resource)!;
    return store!.get(namespace, name).object;
  };
}

/** 400 for numbers that are none, 422 for options that contradict each other; before the pod is looked for. */
function checkLog(name: string, query: URLSearchParams): void {
  for (const option of ['sinceSeconds', 'tailLines', 'limitBytes']) {
    const text = query.get(option);
    if (text !== null) queryInteger(text);
  }
  checkLogOptions(name, query);
}

/** `name`, `name:port` or `scheme:name:port` (apimachinery pkg/util/net/port_split.go). */
function split(id: string, kind: string): { name: string; port: string } {
  const parts = id.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', parts[0], parts[1]];
  if (parts.length > 3 || !name || !['', 'http', 'https'].includes(scheme!))
    throw badRequestError(`invalid ${kind} request "${id}"`);
  return { name, port: port ?? '' };
}

function checkPodProxy(id: string, stored: Stored): void {
  const pod = stored('pods', split(id, 'pod').name);
  const { podIP = '', podIPs = [] } = (pod['status'] ?? {}) as Fields;
  if (!podIP && !podIPs[0]?.ip) throw badRequestError('address not allowed');
}

function checkServiceProxy(id: string, stored: Stored): void {
  const { name, port } = split(id, 'service');
  let portName = port;
  if (/^[+-]?\d+$/.test(port)) {
    const ports: Fields[] = stored('services', name)['spec']?.ports ?? [];
    const found = ports.find((one) => one['port'] === Number(port));
    if (!found) throw unavailable(`no service port ${Number(port)} found for service "${name}"`);
    portName = found['name'] ?? '';
  }
  const subsets: Fields[] = stored('endpoints', name)['subsets'] ?? [];
  if (subsets.length === 0) throw unavailable(`no endpoints available for service "${name}"`);
  const ready = subsets.some(
    ({ addresses = [], ports = [] }) =>
      addresses.length > 0 && ports.some((one: Fields) => (one['name'] ?? '') === portName),
  );
  if (!ready) throw unavailable(`no endpoints available for service "${id}"`);
}

/** 404 for a node that is not there, 500 for one that does not say where it is. */
function checkKubelet(name: string, stored: Stored): void {
  let node: KubeObject;
  try {
    node = stored('nodes', name);
  } catch {
    throw notFoundError({ group: '', resource: 'nodes' }, name);
  }
  const addresses: Fields[] = node['status']?.addresses ?? [];
  if (addresses.some((address) => ADDRESS_TYPES.includes(address['type']))) return;
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  throw unknownError(`no preferred addresses found; known addresses: [${known}]`);
}

const unavailable = (message: string): StatusError =>
  new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
