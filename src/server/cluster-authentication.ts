import { ClusterAuthentication } from '../controllers/cluster-authentication.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import { CaBundle } from './ca-bundle.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

export interface ClusterAuthenticationParts {
  client: ObjectClient;
  options: Pick<ServerOptions, 'authentication'>;
  clock: Clock;
  log: Log;
}

/** Tells extension API servers how this one knows clients and front proxies, and follows the files it is told of. */
export function clusterAuthentication({ client, options, clock, log }: ClusterAuthenticationParts): {
  start(): void;
  stop(): Promise<void>;
} {
  const { clientCaFile, requestHeader } = options.authentication;
  const clients = new CaBundle(clientCaFile, log);
  const proxies = new CaBundle(requestHeader.clientCaFile, log);
  const controller = new ClusterAuthentication(
    client,
    {
      clientCa: clients.pem,
      requestHeaderCa: proxies.pem,
      usernameHeaders: requestHeader.usernameHeaders,
      uidHeaders: requestHeader.uidHeaders,
      groupHeaders: requestHeader.groupHeaders,
      extraHeadersPrefixes: requestHeader.extraHeadersPrefixes,
      allowedNames: requestHeader.allowedNames,
    },
    () => clock.now(),
    (name, key, error) =>
      log.warn(
        { controller: name, key, error: error instanceof Error ? error.message : String(error) },
        'a control loop has to try again',
      ),
  );
  clients.onChange((clientCa) => controller.publish({ clientCa }));
  proxies.onChange((requestHeaderCa) => controller.publish({ requestHeaderCa }));
  return {
    start() {
      controller.start();
      clients.start();
      proxies.start();
    },
    stop() {
      clients.stop();
      proxies.stop();
      return controller.stop();
    },
  };
}
