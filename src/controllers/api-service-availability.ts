import { type Clock, rfc3339 } from '../meta/clock.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Lister } from '../registry/lister.ts';
import type { Controller } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const API_SERVICES = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
/** A backend may go without any object changing. */
const RECHECK_MS = 30_000;

interface Condition {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export interface ApiServiceAvailabilityParts {
  client: ObjectClient;
  clock: Clock;
  services: Lister;
  /** Whatever else says where Services lead to. */
  watched: readonly Lister[];
  /** The name of the Service's port with this number; undefined where there is none. */
  listensOn(service: KubeObject, port: number): string | undefined;
  hasEndpoints(namespace: string, name: string): boolean;
  hasReadyEndpoint(namespace: string, name: string, portName: string): boolean;
  /** Asks the server behind an APIService for its discovery; resolves to what is wrong, undefined where nothing is. */
  reach(apiService: KubeObject): Promise<string | undefined>;
  complain(key: string, error: unknown): void;
}

/**
 * Says of each APIService by its condition Available whether the server behind it can be used (kube-aggregator
 * pkg/controllers/status).
 */
export class ApiServiceAvailability implements Controller {
  readonly name = 'apiservice-availability';
  readonly #parts: ApiServiceAvailabilityParts;
  readonly #queue: WorkQueue;
  readonly #lister: Lister;
  #ends: (() => void)[] = [];

  constructor(parts: ApiServiceAvailabilityParts) {
    this.#parts = parts;
    this.#lister = parts.client.lister(API_SERVICES)!;
    this.#queue = new WorkQueue({
      handle: (key) => this.#sync(key),
      failed: (key, error) => parts.complain(key, error),
      workers: 4,
      maxDelayMs: 30_000,
    });
  }

  start(): void {
    const { services, watched } = this.#parts;
    for (const { metadata } of this.#lister.list()) this.#queue.add(metadata.name!);
    this.#ends = [
      this.#lister.onChange(({ type, object, previous }) => {
        if (type === 'DELETED') return;
        const same = previous && JSON.stringify(previous['spec']) === JSON.stringify(object['spec']);
        if (!same || !conditionOf(object)) this.#queue.add(object.metadata.name!);
      }),
      services.onChange(({ object }) =>
        this.#serviceChanged(object.metadata.namespace, object.metadata.name),
      ),
      ...watched.map((lister) =>
        lister.onChange(({ object: { metadata } }) =>
          this.#serviceChanged(
            metadata.namespace,
            metadata.labels?.['kubernetes.io/service-name'] ?? metadata.name,
          ),
        ),
      ),
    ];
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#queue.stop();
  }

  #serviceChanged(namespace: string | undefined, name: string | undefined): void {
    for (const apiService of this.#lister.list()) {
      const service: Fields | undefined = apiService['spec']?.service;
      if (service && service['namespace'] === namespace && service['name'] === name)
        this.#queue.add(apiService.metadata.name!);
    }
  }

  async #sync(key: string): Promise<void> {
    const apiService = this.#lister.get('', key);
    if (!apiService) return;
    const condition = await this.#condition(apiService);
    await this.#write(apiService, condition);
    if (apiService['spec']?.service) this.#queue.addAfter(key, RECHECK_MS);
    if (condition.reason === 'FailedDiscoveryCheck') throw new Error(condition.message);
  }

  async #condition(apiService: KubeObject): Promise<Condition> {
    const service: Fields | undefined = apiService['spec']?.service;
    if (!service)
      return { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
    const { services, listensOn, hasEndpoints, hasReadyEndpoint, reach } = this.#parts;
    const name: string = service['name'] ?? '';
    const namespace: string = service['namespace'] ?? '';
    const port: number = service['port'] ?? 443;
    const no = (reason: string, message: string): Condition => ({ status: 'False', reason, message });
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    const found = services.get(namespace, name);
    if (!found) return no('ServiceNotFound', `${where} is not present`);
    if (found['spec']?.type === 'ClusterIP') {
      const portName = listensOn(found, port);
      if (portName === undefined) return no('ServicePortError', `${where} is not listening on port ${port}`);
      if (!hasEndpoints(namespace, name))
        return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
      if (!hasReadyEndpoint(namespace, name, portName))
        return no(
          'MissingEndpoints',
          `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`,
        );
    }
    const fault = await reach(apiService);
    if (fault !== undefined) return no('FailedDiscoveryCheck', fault);
    return { status: 'True', reason: 'Passed', message: 'all checks passed' };
  }

  async #write(apiService: KubeObject, condition: Condition): Promise<void> {
    const before = conditionOf(apiService);
    if (before && sameCondition(before, condition)) return;
    try {
      await this.#parts.client.update(
        API_SERVICES,
        '',
        apiService.metadata.name!,
        (object) => {
          // What was checked is not what is there any more: its change has put it into the queue again.
          if (JSON.stringify(object['spec']) !== JSON.stringify(apiService['spec'])) return false;
          const old = conditionOf(object);
          if (old && sameCondition(old, condition)) return false;
          const lastTransitionTime =
            old?.['status'] === condition.status
              ? old['lastTransitionTime']
              : rfc3339(this.#parts.clock.now());
          const { status, reason, message } = condition;
          const others = ((object['status']?.conditions ?? []) as Fields[]).filter((one) => one !== old);
          object['status'] = {
            ...object['status'],
            conditions: [...others, { type: 'Available', status, lastTransitionTime, reason, message }],
          };
          return undefined;
        },
        'status',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}

function conditionOf(apiService: KubeObject): Fields | undefined {
  return ((apiService['status']?.conditions ?? []) as Fields[]).find((one) => one['type'] === 'Available');
}

function sameCondition(before: Fields, { status, reason, message }: Condition): boolean {
  return before['status'] === status && before['reason'] === reason && before['message'] === message;
}
