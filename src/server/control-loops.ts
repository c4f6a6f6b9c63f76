import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { advertisedAddress, ensureKubernetesService } from '../controllers/kubernetes-service.ts';
import { LeaderElection } from '../controllers/leader-election.ts';
import { ServerLeases } from '../controllers/server-leases.ts';
import type { Clock } from '../meta/clock.ts';
import { MASTERS, type UserInfo } from '../meta/user.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Store } from '../storage/store.ts';
import { type ControllerManager, type ControllerParts, controllerManager } from './controller-manager.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

/** The Lease by which servers on one store agree on who runs the loops. */
const LEASE = 'sallyport-controllers';

export interface ControlLoopsParts
  extends Pick<ControllerParts, 'registry' | 'authorization' | 'makeLegacyToken'> {
  options: ServerOptions;
  client: ObjectClient;
  /** The API as a user sees it, under the name of a field manager. */
  clientOf(user: UserInfo, manager: string): ObjectClient;
  /** Where servers on one store note that they are alive. */
  serverLeases: Store;
  /** Where this server listens. */
  port: number;
  clock: Clock;
  log: Log;
}

/**
 * The control loops that run inside the server. Servers that share a store let one of them run the loops, and keep the
 * endpoints of the Service `kubernetes` to those that are alive.
 */
export class ControlLoops {
  readonly #parts: ControlLoopsParts;
  readonly #running: { stop(): void | Promise<void> }[] = [];

  constructor(parts: ControlLoopsParts) {
    this.#parts = parts;
  }

  start(): void {
    const { options, client, clock, log } = this.#parts;
    if (options.store.engine === 'embedded') {
      this.#running.push(this.#lead());
      return;
    }
    const election = new LeaderElection({
      client,
      clock,
      lease: LEASE,
      identity: `${hostname()}_${randomUUID()}`,
      lead: () => this.#lead(),
      changed: (leader) => log.info({ leader }, 'runs the control loops'),
    });
    election.start();
    const leases = this.#leases();
    leases?.start();
    // Off the endpoints first: clients go elsewhere while the loops are laid down.
    if (leases) this.#running.push(leases);
    this.#running.push(election);
  }

  async stop(): Promise<void> {
    for (const running of this.#running.splice(0)) await running.stop();
  }

  #lead(): ControllerManager {
    const { options, clientOf, registry, authorization, makeLegacyToken, clock, log } = this.#parts;
    const groups = [
      MASTERS,
      'system:serviceaccounts',
      'system:serviceaccounts:kube-system',
      'system:authenticated',
    ];
    const manager = controllerManager({
      options,
      clientOf: (name) =>
        clientOf({ name: `system:serviceaccount:kube-system:${name}`, groups }, 'kube-controller-manager'),
      registry,
      authorization,
      makeLegacyToken,
      clock,
      log,
    });
    manager.start();
    return manager;
  }

  /** Undefined where this server has no address that others could use. */
  #leases(): ServerLeases | undefined {
    const { options, client, serverLeases, port, clock, log } = this.#parts;
    const address = advertisedAddress(options.advertiseAddress);
    if (address === undefined) return undefined;
    return new ServerLeases({
      store: serverLeases,
      address,
      alive: (alive) =>
        ensureKubernetesService(client, {
          serviceClusterIpRange: options.serviceClusterIpRange,
          securePort: port,
          clock,
          advertiseAddress: address,
          alive,
        }),
      complain: (controller, key, error) =>
        log.warn(
          { controller, key, error: error instanceof Error ? error.message : String(error) },
          'a control loop has to try again',
        ),
    });
  }
}
