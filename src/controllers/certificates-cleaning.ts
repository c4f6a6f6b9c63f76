import { X509Certificate } from 'node:crypto';
import type { Clock } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { pemBlocks } from '../meta/pem.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { CERTIFICATE_REQUESTS, conditionsOf, isIssued } from './certificate-requests.ts';
import type { Complaint, Controller } from './controller.ts';
import { systemWait, type Wait } from './work-queue.ts';

const HOUR_MS = 3_600_000;
const EVERY_MS = HOUR_MS;
const DECIDED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** Deletes requests for certificates that nobody needs any more (pkg/controller/certificates/cleaner). */
export class CertificatesCleaning implements Controller {
  readonly name = 'certificatesigningrequest-cleaner-controller';
  readonly #client: ObjectClient;
  readonly #clock: Clock;
  readonly #complain: Complaint | undefined;
  readonly #wait: Wait;
  #callOff: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(client: ObjectClient, clock: Clock, complain?: Complaint, wait: Wait = systemWait) {
    this.#client = client;
    this.#clock = clock;
    this.#complain = complain;
    this.#wait = wait;
  }

  start(): void {
    this.#running = this.clean().then(() => {
      if (!this.#stopped) this.#callOff = this.#wait(EVERY_MS, () => this.start());
    });
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#callOff?.();
    return this.#running;
  }

  /** Looks at each request once. */
  async clean(): Promise<void> {
    for (const csr of this.#client.lister(CERTIFICATE_REQUESTS)!.list()) {
      if (this.#stopped) return;
      if (!isOver(csr, this.#clock.now())) continue;
      const { name, uid } = csr.metadata;
      try {
        await this.#client.delete(CERTIFICATE_REQUESTS, '', name!, uid ? { preconditions: { uid } } : {});
      } catch (error) {
        if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict'))
          this.#complain?.(this.name, name!, error);
      }
    }
  }
}

/** @param now milliseconds since 1970 */
function isOver(csr: KubeObject, now: number): boolean {
  const olderThan = (time: string | undefined, ms: number): boolean => {
    const at = time ? Date.parse(time) : Number.NaN;
    return now - at > ms;
  };
  const conditions = conditionsOf(csr);
  if (conditions.length === 0) return olderThan(csr.metadata.creationTimestamp, PENDING_MS);
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return olderThan(lastUpdateTime, DECIDED_MS);
    if (type !== 'Approved') return false;
    if (isIssued(csr)) return olderThan(lastUpdateTime, DECIDED_MS) || isExpired(csr, now);
    return olderThan(lastUpdateTime, PENDING_MS);
  });
}

function isExpired(csr: KubeObject, now: number): boolean {
  const text = Buffer.from(csr['status'].certificate, 'base64').toString('latin1');
  const block = pemBlocks(text)[0];
  try {
    return block !== undefined && now > Date.parse(new X509Certificate(block.der).validTo);
  } catch {
    return false;
  }
}
