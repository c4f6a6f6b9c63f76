import type { Clock } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenExpired,
  bootstrapTokenExpiry,
} from './bootstrap-token-secret.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

const SECRETS = { group: '', resource: 'secrets' };
/** Timers of Node know no longer wait; the rest is waited for then. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Deletes the Secrets of bootstrap tokens when they have ended (pkg/controller/bootstrap/tokencleaner.go). */
export class BootstrapTokenCleaner implements Controller {
  readonly name = 'token-cleaner-controller';
  readonly #client: ObjectClient;
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #stops: (() => void)[] = [];

  constructor(client: ObjectClient, clock: Clock, complain?: Complaint, wait?: Wait) {
    this.#client = client;
    this.#clock = clock;
    this.#queue = new WorkQueue({
      handle: (name) => this.#sync(name),
      failed: (key, error) => complain?.(this.name, key, error),
      ...(wait ? { wait } : {}),
    });
  }

  start(): void {
    const secrets = this.#client.lister(SECRETS)!;
    const add = (secret: KubeObject): void => {
      const { namespace, name } = secret.metadata;
      if (namespace === BOOTSTRAP_TOKEN_NAMESPACE && secret.type === BOOTSTRAP_TOKEN_TYPE)
        this.#queue.add(name!);
    };
    this.#stops.push(secrets.onChange(({ type, object }) => type !== 'DELETED' && add(object)));
    for (const secret of secrets.list(BOOTSTRAP_TOKEN_NAMESPACE)) add(secret);
    this.#queue.start();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return this.#queue.stop();
  }

  async #sync(name: string): Promise<void> {
    const secret = this.#client.lister(SECRETS)!.get(BOOTSTRAP_TOKEN_NAMESPACE, name);
    if (secret?.type !== BOOTSTRAP_TOKEN_TYPE) return;
    const now = this.#clock.now();
    if (!bootstrapTokenExpired(secret, now)) {
      const expiry = bootstrapTokenExpiry(secret);
      if (expiry !== undefined) this.#queue.addAfter(name, Math.min(expiry - now + 1, LONGEST_WAIT_MS));
      return;
    }
    const { uid } = secret.metadata;
    try {
      await this.#client.delete(
        SECRETS,
        BOOTSTRAP_TOKEN_NAMESPACE,
        name,
        uid ? { preconditions: { uid } } : {},
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error;
    }
  }
}
