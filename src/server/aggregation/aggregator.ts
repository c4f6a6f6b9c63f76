import { ApiServiceAvailability } from '../../controllers/api-service-availability.ts';
import type { Clock } from '../../meta/clock.ts';
import { type Fields, groupVersion, type KubeObject } from '../../meta/object.ts';
import type { ObjectClient } from '../../registry/client.ts';
import type { Lister } from '../../registry/lister.ts';
import { answerText } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import { type Backend, Backends, type ProxyCertificate } from './backend.ts';
import { forward, type ProxyOptions } from './proxy.ts';
import { checkBackend, fetchVersion } from './remote-discovery.ts';
import { hasEndpointObjects, portOf, readyEndpoints, type ServiceListers } from './service-endpoint.ts';

const API_SERVICES = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
/** Whoever takes these over would decide for this server who may do what, or could not be undone. */
const ALWAYS_LOCAL = new Set(['', 'apiregistration.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io']);

export interface AggregatorParts {
  client: ObjectClient;
  clock: Clock;
  certificate: ProxyCertificate;
  /** Fields of --requestheader-* flags, lower-case. */
  identityHeaders: ProxyOptions['identityHeaders'];
  complain(controller: string, key: string, error: unknown): void;
}

/** A version of a group that another server serves. */
export interface RemoteVersion {
  group: string;
  version: string;
  groupPriority: number;
  versionPriority: number;
  /** As an APIVersionDiscovery; undefined until the server has told it. */
  discovery?: Fields;
}

interface Remote extends RemoteVersion {
  backend: Backend;
  available: boolean;
  /** The spec as text: what is known of the backend holds as long as this does. */
  spec: string;
}

/** APIServices with a Service behind them: requests for their versions are passed on to it (kube-aggregator). */
export class Aggregator {
  readonly #parts: AggregatorParts;
  readonly #backends: Backends;
  readonly #lister: Lister;
  readonly #remotes = new Map<string, Remote>();
  readonly #availability: ApiServiceAvailability;
  #generation = 0;
  #unsubscribe: (() => void) | undefined;

  constructor(parts: AggregatorParts) {
    this.#parts = parts;
    const { client, clock } = parts;
    const lister = (group: string, resource: string): Lister => client.lister({ group, resource })!;
    const listers: ServiceListers = {
      services: lister('', 'services'),
      slices: lister('discovery.k8s.io', 'endpointslices'),
      endpoints: lister('', 'endpoints'),
    };
    this.#lister = lister(API_SERVICES.group, API_SERVICES.resource);
    this.#backends = new Backends(listers, parts.certificate);
    this.#availability = new ApiServiceAvailability({
      client,
      clock,
      services: listers.services,
      watched: [listers.slices, listers.endpoints],
      hasEndpoints: (namespace, name) => hasEndpointObjects(namespace, name, listers),
      listensOn: (service, port) =>
        portOf(service, port)?.['name'] ?? (portOf(service, port) ? '' : undefined),
      hasReadyEndpoint: (namespace, name, port) => readyEndpoints(namespace, name, port, listers).length > 0,
      reach: (apiService) => this.#reach(apiService),
      complain: (key, error) => parts.complain('apiservice-availability', key, error),
    });
  }

  start(): void {
    for (const apiService of this.#lister.list()) this.#take(apiService);
    this.#unsubscribe = this.#lister.onChange((change) => {
      if (change.type === 'DELETED') this.#drop(change.object.metadata.name ?? '');
      else this.#take(change.object);
    });
    this.#availability.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#availability.stop();
    this.#backends.close();
  }

  /** Grows with every change of what other servers serve. */
  get generation(): number {
    return this.#generation;
  }

  versions(): Iterable<RemoteVersion> {
    return this.#remotes.values();
  }

  /** Undefined where the request is this server's own to answer. */
  handle(request: ApiRequest): Promise<void> | undefined {
    if (this.#remotes.size === 0) return undefined;
    const { path } = request.info;
    if (!path.startsWith('/apis/')) return undefined;
    const [, , group = '', version = ''] = path.split('/', 4);
    const remote = this.#remotes.get(`${version}.${group}`);
    if (!remote) return undefined;
    if (!remote.available) {
      answerText(request, 503, 'service unavailable\n');
      return Promise.resolve();
    }
    return forward(request, remote.backend, {
      backends: this.#backends,
      identityHeaders: this.#parts.identityHeaders,
    });
  }

  #take(apiService: KubeObject): void {
    const name = apiService.metadata.name ?? '';
    const spec: Fields = apiService['spec'] ?? {};
    const group: string = spec['group'] ?? '';
    if (!spec['service'] || ALWAYS_LOCAL.has(group)) return this.#drop(name);
    const text = JSON.stringify(spec);
    const before = this.#remotes.get(name);
    const known = before?.spec === text ? before : undefined;
    const available = ((apiService['status']?.conditions ?? []) as Fields[]).some(
      (condition) => condition['type'] === 'Available' && condition['status'] === 'True',
    );
    const remote: Remote = {
      group,
      version: spec['version'] ?? '',
      groupPriority: spec['groupPriorityMinimum'] ?? 0,
      versionPriority: spec['versionPriority'] ?? 0,
      backend: backendOf(spec),
      available,
      spec: text,
      ...(known?.discovery ? { discovery: freshness(known.discovery, available) } : {}),
    };
    this.#remotes.set(name, remote);
    if (!known || known.available !== available) this.#generation++;
    if (available && (!known?.available || !known.discovery)) void this.#discover(name, remote);
  }

  #drop(name: string): void {
    if (this.#remotes.delete(name)) this.#generation++;
  }

  async #reach(apiService: KubeObject): Promise<string | undefined> {
    const spec: Fields = apiService['spec'] ?? {};
    const { group = '', version = '' } = spec;
    const path = group === '' ? `/api/${version}` : `/apis/${groupVersion({ group, version })}`;
    const fault = await checkBackend(this.#backends, backendOf(spec), path);
    const remote = this.#remotes.get(apiService.metadata.name ?? '');
    // A server may serve more today than yesterday.
    if (fault === undefined && remote?.available) await this.#discover(apiService.metadata.name!, remote);
    return fault;
  }

  async #discover(name: string, { backend, group, version, spec }: Remote): Promise<void> {
    const discovery = await fetchVersion(this.#backends, backend, group, version);
    const now = this.#remotes.get(name);
    if (!now || now.spec !== spec || !discovery) return;
    if (JSON.stringify(now.discovery) === JSON.stringify(discovery)) return;
    now.discovery = discovery;
    this.#generation++;
  }
}

function backendOf(spec: Fields): Backend {
  const { namespace = '', name = '', port = 443 } = spec['service'] ?? {};
  const bundle: string = spec['caBundle'] ?? '';
  return {
    service: { namespace, name, port },
    insecure: spec['insecureSkipTLSVerify'] === true,
    ...(bundle ? { ca: Buffer.from(bundle, 'base64').toString() } : {}),
  };
}

function freshness(discovery: Fields, available: boolean): Fields {
  return available ? discovery : { ...discovery, freshness: 'Stale' };
}
