import type { AdmissionPlugin } from '../admission/plugin.ts';
import { MutatingAdmissionPolicy } from '../admission/policy/mutating.ts';
import { paramFinder } from '../admission/policy/params.ts';
import { ValidatingAdmissionPolicy } from '../admission/policy/validating.ts';
import { redecoder } from '../admission/redecode.ts';
import { resourceVersions } from '../admission/versions.ts';
import { MutatingAdmissionWebhook } from '../admission/webhook/mutating.ts';
import { ValidatingAdmissionWebhook } from '../admission/webhook/validating.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Lister } from '../registry/lister.ts';
import type { Registry } from '../registry/registry.ts';
import type { Log } from './log.ts';

export interface PolicyPluginParts {
  registry: Registry;
  client: ObjectClient;
  authorization: AuthorizationChain;
  log: Log;
}

/** The plugins by which users of the API have a say in admission, in kube-apiserver's order: before ResourceQuota. */
export function policyPlugins({
  registry,
  client,
  authorization,
  log,
}: PolicyPluginParts): AdmissionPlugin[] {
  const lister = (resource: string, group = 'admissionregistration.k8s.io'): Lister =>
    client.lister({ group, resource })!;
  const namespaces = lister('namespaces', '');
  const services = lister('services', '');
  const versions = resourceVersions(registry, redecoder(registry));
  const descriptors = function* () {
    for (const { descriptor, store } of registry.all()) if (store) yield descriptor;
  };
  const findParams = paramFinder(descriptors, (resource) => client.lister(resource));
  const failedOpen = (webhook: string, error: string): void =>
    log.warn(
      { webhook, error },
      'an admission webhook failed, and the request went on as its failurePolicy says',
    );
  const common = { namespaces, authorization, versions };
  const webhooks = { ...common, services, failedOpen };
  return [
    new MutatingAdmissionPolicy({
      ...common,
      policies: lister('mutatingadmissionpolicies'),
      bindings: lister('mutatingadmissionpolicybindings'),
      findParams,
    }),
    new MutatingAdmissionWebhook({
      ...webhooks,
      configurations: lister('mutatingwebhookconfigurations'),
    }),
    new ValidatingAdmissionPolicy({
      ...common,
      policies: lister('validatingadmissionpolicies'),
      bindings: lister('validatingadmissionpolicybindings'),
      findParams,
    }),
    new ValidatingAdmissionWebhook({
      ...webhooks,
      configurations: lister('validatingwebhookconfigurations'),
    }),
  ];
}
