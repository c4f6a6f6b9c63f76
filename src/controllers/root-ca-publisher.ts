import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { type Complaint, type Controller, namespaceGone } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const NAME = 'kube-root-ca.crt';
const KEY = 'ca.crt';
const ANNOTATION = 'kubernetes.io/description';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/**
 * Keeps the ConfigMap `kube-root-ca.crt`, which pods trust the API server by, in every namespace
 * (pkg/controller/certificates/rootcacertpublisher/publisher.go; `--root-ca-file`).
 */
export class RootCaPublisher implements Controller {
  readonly name = 'root-ca-certificate-publisher-controller';
  readonly #client: ObjectClient;
  readonly #queue: WorkQueue;
  readonly #stops: (() => void)[] = [];
  #rootCa: string;

  /** @param rootCa PEM */
  constructor(client: ObjectClient, rootCa: string, complain?: Complaint) {
    this.#client = client;
    this.#rootCa = rootCa;
    this.#queue = new WorkQueue({
      handle: (namespace) => this.#sync(namespace),
      failed: (key, error) => complain?.(this.name, key, error),
    });
  }

  /** Publishes another bundle from now on. */
  publish(rootCa: string): void {
    this.#rootCa = rootCa;
    for (const namespace of this.#client.lister(NAMESPACES)!.list())
      this.#queue.add(namespace.metadata.name!);
  }

  start(): void {
    const namespaces = this.#client.lister(NAMESPACES)!;
    this.#stops.push(
      namespaces.onChange(({ type, object }) => {
        if (type === 'ADDED' || (type === 'MODIFIED' && object.status?.phase === 'Active')) {
          this.#queue.add(object.metadata.name!);
        }
      }),
      this.#client.lister(CONFIG_MAPS)!.onChange(
        ({ type, object }) => {
          if (type !== 'ADDED' && object.metadata.name === NAME) this.#queue.add(object.metadata.namespace!);
        },
        { types: ['MODIFIED', 'DELETED'], name: NAME },
      ),
    );
    for (const namespace of namespaces.list()) this.#queue.add(namespace.metadata.name!);
    this.#queue.start();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return this.#queue.stop();
  }

  async #sync(namespace: string): Promise<void> {
    const found = this.#client.lister(CONFIG_MAPS)!.get(namespace, NAME);
    if (!found) return this.#create(namespace);
    if (this.#isRight(found)) return;
    try {
      await this.#client.update(CONFIG_MAPS, namespace, NAME, (configMap) => {
        configMap.data = { [KEY]: this.#rootCa };
        configMap.metadata.annotations = { ...configMap.metadata.annotations, [ANNOTATION]: DESCRIPTION };
        return true;
      });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
      this.#queue.add(namespace);
    }
  }

  async #create(namespace: string): Promise<void> {
    if (!this.#client.lister(NAMESPACES)!.get('', namespace)) return;
    try {
      await this.#client.create(CONFIG_MAPS, namespace, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: NAME, namespace, annotations: { [ANNOTATION]: DESCRIPTION } },
        data: { [KEY]: this.#rootCa },
      });
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists') && !namespaceGone(error)) throw error;
    }
  }

  #isRight({ data = {}, metadata }: KubeObject): boolean {
    const alone = Object.keys(data).length === 1 && data[KEY] === this.#rootCa;
    return alone && Boolean(metadata.annotations?.[ANNOTATION]);
  }
}
