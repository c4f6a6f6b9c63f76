import type { RevocationLists } from '../authentication/revocation/revocation-lists.ts';
import type { Clock } from '../meta/clock.ts';
import type { Log } from './log.ts';

const LOOK_MS = 30_000;
/** So long before a list runs out the operator hears of it. */
const SOON_MS = 86_400_000;

/** Tells the operator of revocation lists that have run out, or will within a day while they last longer than two; each once. */
export class StaleLists {
  readonly #lists: { current(): RevocationLists };
  readonly #stale: 'refuse' | 'warn';
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    lists: { current(): RevocationLists },
    stale: 'refuse' | 'warn',
    { clock, log }: { clock: Clock; log: Log },
  ) {
    this.#lists = lists;
    this.#stale = stale;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const now = this.#clock.now();
    for (const { issuer, digest, thisUpdate, nextUpdate } of this.#lists.current().all) {
      const fields = { issuer, nextUpdate: new Date(nextUpdate).toISOString() };
      const soon = nextUpdate - thisUpdate > 2 * SOON_MS && now > nextUpdate - SOON_MS;
      if (now > nextUpdate) {
        if (this.#tell(`${digest} out`)) this.#log.error(fields, this.#stale === 'refuse' ? REFUSED : TAKEN);
      } else if (soon && this.#tell(`${digest} soon`)) this.#log.warn(fields, SOON);
    }
  }

  #tell(what: string): boolean {
    if (this.#told.has(what)) return false;
    this.#told.add(what);
    return true;
  }
}

const REFUSED =
  'a revocation list has run out: certificates of its issuer are refused until a newer one is in --client-ca-crl-file';
const TAKEN =
  'a revocation list has run out: what its issuer has revoked since is not known, and is let in (--client-ca-crl-stale=warn)';
const SOON = 'a revocation list runs out within a day';
