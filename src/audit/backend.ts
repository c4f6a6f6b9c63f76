import type { AuditEvent } from './event.ts';

/** Takes events. Resolves to false where they are lost. Never rejects. */
export interface AuditBackend {
  process(events: readonly AuditEvent[]): Promise<boolean>;
  /** Writes what is held, and ends. */
  close(): Promise<void>;
}

/** Tells the operator that events were lost, and why. */
export type LossReport = (why: string, events: number) => void;

/** Several backends as one: all of them get every event. */
export class UnionBackend implements AuditBackend {
  readonly #backends: readonly AuditBackend[];

  constructor(backends: readonly AuditBackend[]) {
    this.#backends = backends;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    const taken = await Promise.all(this.#backends.map((backend) => backend.process(events)));
    return taken.every(Boolean);
  }

  async close(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.close()));
  }
}

/** Blocking mode: requests wait for their events and go on where events are lost. */
export class LenientBackend implements AuditBackend {
  readonly #inner: AuditBackend;

  constructor(inner: AuditBackend) {
    this.#inner = inner;
  }

  async process(events: readonly AuditEvent[]): Promise<boolean> {
    await this.#inner.process(events);
    return true;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
