import type { Clock } from '../meta/clock.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';

export const REVOCATIONS = { group: 'sallyport.dev', resource: 'credentialrevocations' } as const;
const LOOK_MS = 60_000;
/** An entry that was given the wrong time by mistake can be put right so long. */
const KEPT_MS = 3_600_000;

export interface CredentialRevocationCleanerParts {
  client: ObjectClient;
  clock: Clock;
  complain?: Complaint;
}

/** Deletes CredentialRevocations an hour after the time from which they refuse nobody (`spec.expires`). */
export class CredentialRevocationCleaner implements Controller {
  readonly name = 'credential-revocation-cleaner';
  readonly #parts: CredentialRevocationCleanerParts;
  #timer: NodeJS.Timeout | undefined;
  #cleaning: Promise<void> = Promise.resolve();

  constructor(parts: CredentialRevocationCleanerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#cleaning = this.#cleaning.then(() => this.clean());
    }, LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cleaning;
  }

  /** Looks at every entry once. */
  async clean(): Promise<void> {
    const { client, clock, complain } = this.#parts;
    for (const { metadata, spec } of client.lister(REVOCATIONS)?.list() ?? []) {
      const { name = '', uid = '', resourceVersion = '' } = metadata;
      const expires = Date.parse(spec?.expires ?? '');
      if (Number.isNaN(expires) || clock.now() < expires + KEPT_MS) continue;
      try {
        await client.delete(REVOCATIONS, '', name, { preconditions: { uid, resourceVersion } });
      } catch (error) {
        // Somebody has changed or deleted it meanwhile.
        if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) complain?.(this.name, name, error);
      }
    }
  }
}
