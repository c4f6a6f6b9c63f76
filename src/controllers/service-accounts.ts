import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { type Complaint, type Controller, namespaceGone } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
const SERVICE_ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const NAME = 'default';

/**
 * Gives every active namespace its ServiceAccount `default`, and again when it is deleted
 * (pkg/controller/serviceaccount/serviceaccounts_controller.go).
 */
export class ServiceAccountsController implements Controller {
  readonly name = 'serviceaccount-controller';
  readonly #client: ObjectClient;
  readonly #queue: WorkQueue;
  readonly #stops: (() => void)[] = [];

  constructor(client: ObjectClient, complain?: Complaint) {
    this.#client = client;
    this.#queue = new WorkQueue({
      handle: (namespace) => this.#sync(namespace),
      failed: (key, error) => complain?.(this.name, key, error),
    });
  }

  start(): void {
    const namespaces = this.#client.lister(NAMESPACES)!;
    this.#stops.push(
      namespaces.onChange(({ type, object }) => {
        if (type !== 'DELETED') this.#queue.add(object.metadata.name!);
      }),
      this.#client.lister(SERVICE_ACCOUNTS)!.onChange(({ type, object }) => {
        if (type === 'DELETED' && object.metadata.name === NAME) this.#queue.add(object.metadata.namespace!);
      }),
    );
    for (const namespace of namespaces.list()) this.#queue.add(namespace.metadata.name!);
    this.#queue.start();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return this.#queue.stop();
  }

  async #sync(namespace: string): Promise<void> {
    const found = this.#client.lister(NAMESPACES)!.get('', namespace);
    if (found?.status?.phase !== 'Active') return;
    if (this.#client.lister(SERVICE_ACCOUNTS)!.get(namespace, NAME)) return;
    try {
      await this.#client.create(SERVICE_ACCOUNTS, namespace, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: NAME, namespace },
      });
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists') && !namespaceGone(error)) throw error;
    }
  }
}
