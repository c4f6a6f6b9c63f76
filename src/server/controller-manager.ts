import { randomBytes } from 'node:crypto';
import { typeCheck } from '../admission/policy/type-checking.ts';
import { resourceAttributes } from '../authorization/attributes.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { BootstrapSigner } from '../controllers/bootstrap-signer.ts';
import { BootstrapTokenCleaner } from '../controllers/bootstrap-token-cleaner.ts';
import { CertificatesApproving, type MayAskFor } from '../controllers/certificates-approving.ts';
import { CertificatesCleaning } from '../controllers/certificates-cleaning.ts';
import { CertificatesSigning } from '../controllers/certificates-signing.ts';
import { ClusterRoleAggregation } from '../controllers/cluster-role-aggregation.ts';
import { CredentialRevocationCleaner } from '../controllers/credential-revocation-cleaner.ts';
import { GarbageCollector } from '../controllers/garbage-collector.ts';
import { LegacyTokenCleaner } from '../controllers/legacy-token-cleaner.ts';
import { LegacyTokenTracking } from '../controllers/legacy-token-tracking.ts';
import { NamespaceDeletion } from '../controllers/namespace-deletion.ts';
import { PolicyTypeChecking, type TypeCheck } from '../controllers/policy-type-checking.ts';
import { ResourceQuotaController } from '../controllers/resource-quota.ts';
import { RootCaPublisher } from '../controllers/root-ca-publisher.ts';
import { ServiceAccountsController } from '../controllers/service-accounts.ts';
import { type LegacyTokenMaker, TokenSecretsController } from '../controllers/token-secrets.ts';
import type { Clock } from '../meta/clock.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Registry } from '../registry/registry.ts';
import { CaBundle } from './ca-bundle.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

import { signingAuthorityOf } from './signing-authority.ts';

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
  makeLegacyToken: LegacyTokenMaker;
  clock: Clock;
  log: Log;
}

/** The control loops that `--controllers` asks for. */
export function controllerManager(parts: ControllerParts): ControllerManager {
  const { options, clientOf, log } = parts;
  const complain = (controller: string, key: string, error: unknown): void => {
    log.warn(
      { controller, key, error: error instanceof Error ? error.message : String(error) },
      'a control loop has to try again',
    );
  };
  const wanted = (name: string): boolean => {
    const { controllers } = options;
    if (controllers.includes(`-${name}`)) return false;
    return controllers.length === 0 || controllers.includes('*') || controllers.includes(name);
  };
  const rootCa = new CaBundle(options.rootCaFile, log);
  const { clock, registry } = parts;
  const deletable = (namespacedOnly: boolean) => () =>
    [...registry.stores()]
      .filter(
        ({ descriptor }) => descriptor.verbs.includes('delete') && (!namespacedOnly || descriptor.namespaced),
      )
      .map(({ descriptor: { group, plural, kind, namespaced } }) => ({
        group,
        resource: plural,
        kind,
        namespaced,
      }));
  const collector = (): GarbageCollector => {
    const made = new GarbageCollector({
      client: clientOf('generic-garbage-collector'),
      resources: deletable(false),
      complain,
    });
    registry.onChange(() => made.resourcesChanged());
    return made;
  };
  const quotas = (): ResourceQuotaController => {
    const made = new ResourceQuotaController({
      client: clientOf('resourcequota-controller'),
      resources: deletable(true),
      clock,
      complain,
    });
    registry.onChange(() => made.resourcesChanged());
    return made;
  };
  const signing = (): CertificatesSigning =>
    new CertificatesSigning({
      client: clientOf('certificate-controller'),
      authority: signingAuthorityOf(
        options.clusterSigningCertFile,
        options.clusterSigningKeyFile,
        ({ message }) =>
          log.error(
            { path: options.clusterSigningCertFile, error: message },
            'not reloaded; the signing CA before stays in force',
          ),
      ),
      clock,
      random: randomBytes,
      complain,
    });
  const loops: { name: string; make(): { start(): void; stop(): void | Promise<void> } }[] = [
    {
      name: 'serviceaccount',
      make: () => new ServiceAccountsController(clientOf('service-account-controller'), complain),
    },
    {
      name: 'serviceaccount-token',
      make: () => {
        const client = clientOf('tokens-controller');
        const made = new TokenSecretsController(client, parts.makeLegacyToken, rootCa.pem, complain);
        rootCa.onChange((pem) => made.publish(pem));
        return made;
      },
    },
    {
      name: 'legacy-serviceaccount-token-tracking',
      make: () => new LegacyTokenTracking(clientOf('kube-apiserver'), clock, complain),
    },
    {
      name: 'legacy-serviceaccount-token-cleaner',
      make: () =>
        new LegacyTokenCleaner({ client: clientOf('legacy-service-account-token-cleaner'), clock, complain }),
    },
    {
      name: 'root-ca-certificate-publisher',
      make: () => {
        const made = new RootCaPublisher(clientOf('root-ca-cert-publisher'), rootCa.pem, complain);
        rootCa.onChange((pem) => made.publish(pem));
        return made;
      },
    },
    {
      name: 'clusterrole-aggregation',
      make: () =>
        new ClusterRoleAggregation(clientOf('clusterrole-aggregation-controller'), (message) =>
          log.warn({}, message),
        ),
    },
    {
      name: 'namespace',
      make: () =>
        new NamespaceDeletion({
          client: clientOf('namespace-controller'),
          resources: deletable(true),
          clock,
          complain,
        }),
    },
    { name: 'garbagecollector', make: collector },
    {
      name: 'validatingadmissionpolicy-status',
      make: () =>
        new PolicyTypeChecking(
          clientOf('validatingadmissionpolicy-status-controller'),
          typeCheck as TypeCheck,
          complain,
        ),
    },
    { name: 'resourcequota', make: quotas },
    {
      name: 'certificatesigningrequest-approving-controller',
      make: () => new CertificatesApproving(clientOf('certificate-controller'), mayAskFor(parts), complain),
    },
    {
      name: 'certificatesigningrequest-cleaner-controller',
      make: () => new CertificatesCleaning(clientOf('certificate-controller'), clock, complain),
    },
    ...(options.clusterSigningCertFile && options.clusterSigningKeyFile
      ? [{ name: 'certificatesigningrequest-signing-controller', make: signing }]
      : []),
    {
      name: 'credentialrevocation-cleaner',
      make: () =>
        new CredentialRevocationCleaner({
          client: clientOf('credential-revocation-cleaner'),
          clock,
          complain,
        }),
    },
    {
      name: 'bootstrapsigner',
      make: () => new BootstrapSigner(clientOf('bootstrap-signer'), clock, complain),
    },
    {
      name: 'tokencleaner',
      make: () => new BootstrapTokenCleaner(clientOf('token-cleaner'), clock, complain),
    },
  ];
  const running = loops.filter(({ name }) => wanted(name)).map(({ make }) => make());
  return {
    start() {
      for (const loop of running) loop.start();
      rootCa.start();
    },
    async stop() {
      rootCa.stop();
      await Promise.all(running.map((loop) => loop.stop()));
    },
  };
}

/** Whether those who ask for a kubelet's certificate may: the question that a SubjectAccessReview would put. */
function mayAskFor({ authorization }: ControllerParts): MayAskFor {
  return async (user, subresource) => {
    const asked = {
      verb: 'create',
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'certificatesigningrequests',
      subresource,
    };
    return (await authorization.authorize(resourceAttributes(user, asked))).decision === 'allow';
  };
}
