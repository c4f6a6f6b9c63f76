import type { KubeObject } from '../meta/object.ts';
import type { ObjectClient } from '../registry/client.ts';
import { CERTIFICATE_REQUESTS, isIssued } from './certificate-requests.ts';
import type { Complaint, Controller } from './controller.ts';
import { type Wait, WorkQueue } from './work-queue.ts';

const FIRST_RETRY_MS = 200;

/** Nothing is wrong with a request; it is only looked at again later. */
export class NotYet extends Error {}

/** A control loop over requests for certificates that have none yet (pkg/controller/certificates/certificate_controller.go). */
export abstract class CertificateLoop implements Controller {
  abstract readonly name: string;
  protected readonly client: ObjectClient;
  readonly #queue: WorkQueue;
  #stop: (() => void) | undefined;

  constructor(client: ObjectClient, complain?: Complaint, wait?: Wait) {
    this.client = client;
    this.#queue = new WorkQueue({
      handle: async (name) => {
        const csr = client.lister(CERTIFICATE_REQUESTS)!.get('', name);
        if (csr && !isIssued(csr)) await this.handle(csr);
      },
      failed: (key, error) => {
        if (!(error instanceof NotYet)) complain?.(this.name, key, error);
      },
      baseDelayMs: FIRST_RETRY_MS,
      ...(wait ? { wait } : {}),
    });
  }

  /** Must not change the object. A rejection is tried again. */
  protected abstract handle(csr: KubeObject): Promise<void>;

  start(): void {
    const requests = this.client.lister(CERTIFICATE_REQUESTS)!;
    this.#stop = requests.onChange(({ type, object }) => {
      if (type !== 'DELETED' && !isIssued(object)) this.#queue.add(object.metadata.name!);
    });
    for (const csr of requests.list()) if (!isIssued(csr)) this.#queue.add(csr.metadata.name!);
    this.#queue.start();
  }

  stop(): Promise<void> {
    this.#stop?.();
    return this.#queue.stop();
  }

  /** Resolves when nothing is left to do for now. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }
}
