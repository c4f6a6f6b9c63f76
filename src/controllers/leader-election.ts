import type { Clock } from '../meta/clock.ts';
import type { Fields, GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';

const LEASES: GroupResource = { group: 'coordination.k8s.io', resource: 'leases' };
const NAMESPACE = 'kube-system';

/** kube-controller-manager's --leader-elect-lease-duration, -renew-deadline and -retry-period. */
const LEASE_MS = 15_000;
const RENEW_WITHIN_MS = 10_000;
const RETRY_MS = 2000;

export interface LeaderElectionParts {
  client: ObjectClient;
  clock: Clock;
  /** The Lease in kube-system that all servers on one store agree on. */
  lease: string;
  /** Which server this is; another at each start. */
  identity: string;
  /** Takes the work up; resolves to the way to lay it down. */
  lead(): { stop(): void | Promise<void> };
  /** Told who leads from now on. */
  changed?(leader: string): void;
}

/**
 * Lets one of several servers do a work, by a Lease that it renews (client-go tools/leaderelection). A leader that cannot
 * renew lays the work down before anybody else may take it up; one that stops gives the Lease back.
 */
export class LeaderElection {
  readonly #parts: LeaderElectionParts;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #stopped = false;
  #work: { stop(): void | Promise<void> } | undefined;
  /** When the Lease was renewed here last; monotonic milliseconds. */
  #renewed = 0;
  /** What the Lease said when it was seen to change last, and when that was: clocks of servers are not compared. */
  #seen: { text: string; at: number } | undefined;
  #leader = '';

  constructor(parts: LeaderElectionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#next(0);
  }

  get leading(): boolean {
    return this.#work !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#trying;
    const led = this.leading;
    await this.#layDown();
    if (led) await this.#release().catch(() => undefined);
  }

  #next(afterMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#trying = this.#try().finally(() => {
        this.#trying = undefined;
        this.#next(RETRY_MS);
      });
    }, afterMs);
    this.#timer.unref();
  }

  async #try(): Promise<void> {
    const { clock } = this.#parts;
    const begun = clock.monotonic();
    // A renewal that hangs must not keep the work going: another server may have taken it up by then.
    const deadline = this.leading
      ? setTimeout(() => void this.#layDown(), Math.max(0, this.#renewed + RENEW_WITHIN_MS - begun))
      : undefined;
    let held = false;
    try {
      held = await this.#acquire();
    } catch {
      held = this.leading && clock.monotonic() - this.#renewed < RENEW_WITHIN_MS;
      if (!held) await this.#layDown();
      return;
    } finally {
      clearTimeout(deadline);
    }
    if (!held || this.#stopped) return this.#layDown();
    // What counts is when the renewal was asked for: it may have been stored at once and answered late.
    this.#renewed = begun;
    if (clock.monotonic() - begun < RENEW_WITHIN_MS) this.#work ??= this.#parts.lead();
  }

  /** Whether the Lease is this server's now. */
  async #acquire(): Promise<boolean> {
    const { client, clock, lease, identity } = this.#parts;
    let found: KubeObject | undefined;
    try {
      found = await client.get(LEASES, NAMESPACE, lease);
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
    const now = microTime(clock.now());
    if (!found) {
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds: LEASE_MS / 1000,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      };
      try {
        await client.create(LEASES, NAMESPACE, {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: lease, namespace: NAMESPACE },
          spec,
        });
      } catch (error) {
        if (isStatus(error, 'AlreadyExists')) return false;
        throw error;
      }
      this.#tell(identity);
      return true;
    }
    const text = JSON.stringify(found['spec'] ?? {});
    if (this.#seen?.text !== text) this.#seen = { text, at: clock.monotonic() };
    const holder: string = found['spec']?.holderIdentity ?? '';
    this.#tell(holder);
    const lives = clock.monotonic() - this.#seen.at < LEASE_MS;
    if (holder !== '' && holder !== identity && lives) return false;
    let mine = true;
    await client.update(LEASES, NAMESPACE, lease, (object) => {
      // Whoever wrote in between holds it.
      if (JSON.stringify(object['spec'] ?? {}) !== text) {
        mine = false;
        return false;
      }
      const spec: Fields = { ...object['spec'], renewTime: now };
      if (holder !== identity) {
        spec['holderIdentity'] = identity;
        spec['leaseDurationSeconds'] = LEASE_MS / 1000;
        spec['acquireTime'] = now;
        spec['leaseTransitions'] = (spec['leaseTransitions'] ?? 0) + 1;
      }
      object['spec'] = spec;
      return undefined;
    });
    if (mine) this.#tell(identity);
    return mine;
  }

  /** The next leader need not wait until the Lease has run out. */
  async #release(): Promise<void> {
    const { client, lease, identity, clock } = this.#parts;
    await client.update(LEASES, NAMESPACE, lease, (object) => {
      if (object['spec']?.holderIdentity !== identity) return false;
      const now = microTime(clock.now());
      object['spec'] = { ...object['spec'], holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
      return undefined;
    });
  }

  async #layDown(): Promise<void> {
    const work = this.#work;
    this.#work = undefined;
    await work?.stop();
  }

  #tell(leader: string): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#parts.changed?.(leader);
  }
}

/** metav1.MicroTime: `2006-01-02T15:04:05.000000Z`. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
