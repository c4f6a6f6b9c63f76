import { NamespaceLifecycle } from '../admission/namespace-lifecycle.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import { ServiceAccountPlugin } from '../admission/service-account.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

export interface AdmissionParts {
  options: ServerOptions;
  client: ObjectClient;
  authorization: AuthorizationChain;
  log: Log;
  clock: Clock;
}

/** The plugins that are on, in kube-apiserver's order. */
export function admissionPlugins({ options, client }: AdmissionParts): AdmissionPlugin[] {
  const all: AdmissionPlugin[] = [
    new NamespaceLifecycle(client.lister({ group: '', resource: 'namespaces' })!),
    new ServiceAccountPlugin({ client }),
  ];
  const off = new Set(options.admission.disable);
  return all.filter((plugin) => !off.has(plugin.name));
}
