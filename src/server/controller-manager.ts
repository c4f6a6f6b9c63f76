import type { AuthorizationChain } from '../authorization/chain.ts';
import type { TokenSigner } from '../authentication/service-account/signer.ts';
import { ClusterRoleAggregation } from '../controllers/cluster-role-aggregation.ts';
import { RootCaPublisher } from '../controllers/root-ca-publisher.ts';
import { ServiceAccountsController } from '../controllers/service-accounts.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Registry } from '../registry/registry.ts';
import { readOptional } from './files.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

export interface ControllerManager {
  start(): void;
  stop(): Promise<void>;
}

export interface ControllerParts {
  options: ServerOptions;
  /** The API under the name of one control loop's account. */
  clientOf(account: string): ObjectClient;
  registry: Registry;
  authorization: AuthorizationChain;
  signer: TokenSigner;
  clock: Clock;
  log: Log;
}

/** The control loops that `--controllers` asks for. */
export function controllerManager(parts: ControllerParts): ControllerManager {
  const { options, clientOf, log } = parts;
  const complain = (controller: string, key: string, error: unknown): void => {
    log.warn({ controller, key, error: error instanceof Error ? error.message : String(error) }, 'a control loop has to try again');
  };
  const wanted = (name: string): boolean => {
    const { controllers } = options;
    if (controllers.includes(`-${name}`)) return false;
    return controllers.length === 0 || controllers.includes('*') || controllers.includes(name);
  };
  const rootCa = readOptional(options.rootCaFile);
  const loops: { name: string; make(): { start(): void; stop(): void | Promise<void> } }[] = [
    { name: 'serviceaccount', make: () => new ServiceAccountsController(clientOf('service-account-controller'), complain) },
    { name: 'root-ca-certificate-publisher', make: () => new RootCaPublisher(clientOf('root-ca-cert-publisher'), rootCa, complain) },
    { name: 'clusterrole-aggregation', make: () => new ClusterRoleAggregation(clientOf('clusterrole-aggregation-controller'), (message) => log.warn({}, message)) },
  ];
  const running = loops.filter(({ name }) => wanted(name)).map(({ make }) => make());
  return {
    start() {
      for (const loop of running) loop.start();
    },
    async stop() {
      await Promise.all(running.map((loop) => loop.stop()));
    },
  };
}
