import { isIPv6 } from 'node:net';
import { AdmissionChain } from '../admission/chain.ts';
import {
  createExternalAuthentication,
  type ExternalAuthentication,
} from '../authentication/config/external-authentication.ts';
import { type Authentication, createAuthentication } from '../authentication/create.ts';
import { assertAuthenticationOptions } from '../authentication/flags.ts';
import { IssuerDiscovery } from '../authentication/service-account/issuer-discovery.ts';
import { requestAttributes } from '../authorization/attributes.ts';
import { type Authorization, createAuthorization } from '../authorization/config/create.ts';
import { refusesAnonymous } from '../authorization/config/flags.ts';
import { RbacPolicy } from '../authorization/rbac/policy.ts';
import type { RbacSource } from '../authorization/rbac/source.ts';
import type { Console, ConsoleParts } from '../console/console.ts';
import { missingAccount } from '../console/missing-account.ts';
import { DecisionRing } from '../explain/record.ts';
import { mayImpersonate } from '../impersonation/headers.ts';
import { Impersonation } from '../impersonation/impersonation.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import { groupVersion } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';
import { MASTERS } from '../meta/user.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Lister } from '../registry/lister.ts';
import { RegistryClient } from '../registry/object-client.ts';
import type { Registry } from '../registry/registry.ts';
import { builtInGroups } from '../schema/resources.ts';
import type { EncryptionProviders } from '../storage/encryption/providers.ts';
import type { Store } from '../storage/store.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import { admissionPlugins } from './admission-plugins.ts';
import { Aggregator } from './aggregation/aggregator.ts';
import { Api, type ExtraPath } from './api.ts';
import { serverAudit } from './audit.ts';
import { Bootstrap } from './bootstrap.ts';
import { certificateSources } from './certificate-sources.ts';
import { type ChainParts, type ImpersonationOutcome, RequestChain } from './chain.ts';
import { clusterAuthentication } from './cluster-authentication.ts';
import { components } from './component-status.ts';
import { ControlLoops } from './control-loops.ts';
import { CredentialRevocations } from './credential-revocations.ts';
import { CustomResources, type CustomResourcesParts } from './custom-resources.ts';
import { Deadlines } from './deadlines.ts';
import { decisionsPath } from './decisions.ts';
import { Discovery } from './discovery.ts';
import { encryptionOf } from './encryption.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import type { Exchange } from './exchange.ts';
import { refusalExplainer } from './explain-refusal.ts';
import { flowControlOf } from './flow-control/flow-control.ts';
import type { FlowControl } from './flow-control/priority-and-fairness.ts';
import { OpenWatches } from './handlers/watch.ts';
import { serverHealth, storeChecks } from './health-checks.ts';
import { Listener } from './listener.ts';
import type { Log } from './log.ts';
import { isLongRunning } from './long-running.ts';
import { Metrics } from './metrics.ts';
import { OpenSessions } from './open-sessions.ts';
import { OpenApi } from './openapi.ts';
import type { ServerOptions } from './options.ts';
import { otherVersions } from './other-versions.ts';
import { refusalWords } from './refusal-log.ts';
import { RequestAdmission } from './request-admission.ts';
import { storageOf } from './resource-storage.ts';
import { builtInRegistry } from './resources.ts';
import { ResourceRouter } from './router.ts';
import { WatchedCertificate } from './serving-certificate.ts';
import { SniCertificates } from './sni-certificates.ts';
import { StaleLists } from './stale-lists.ts';
import { storeTrouble } from './store-trouble.ts';
import { userAccess } from './user-access.ts';
import { LateVirtuals, virtualResources } from './virtual-resources.ts';

/** The identity of the server's own parts, as kube-apiserver's loopback client has it. */
const LOOPBACK: UserInfo = { name: 'system:apiserver', groups: [MASTERS, 'system:authenticated'] };

const NOBODY_ELSE: ImpersonationOutcome = { outcome: 'none' };

export interface ControlPlaneParts {
  options: ServerOptions;
  store: Store;
  log: Log;
  clock?: Clock;
  extra?: readonly ExtraPath[];
}

/** A whole server: made of its options, started, and stopped. */
export class ControlPlane {
  readonly registry: Registry;
  readonly client: ObjectClient;
  readonly decisions: DecisionRing;
  readonly authentication: Authentication;
  readonly authorization: Authorization;
  readonly policy: RbacPolicy;
  readonly metrics = new Metrics();
  readonly chain: RequestChain;
  readonly #parts: ControlPlaneParts;
  readonly #clock: Clock;
  readonly #caches: WatchCache[];
  readonly #admission: RequestAdmission;
  readonly #audit: ReturnType<typeof serverAudit>;
  readonly #loopDelay = new EventLoopDelay();
  readonly #deadlines: Deadlines;
  readonly #watches: OpenWatches;
  readonly #sessions: OpenSessions;
  readonly #revocations: CredentialRevocations;
  readonly #staleLists: StaleLists | undefined;
  readonly #certificate: WatchedCertificate;
  readonly #sni: SniCertificates | undefined;
  readonly #external: ExternalAuthentication;
  readonly #aggregator: Aggregator;
  readonly #proxyCertificate: WatchedCertificate | undefined;
  readonly #encryption: EncryptionProviders | undefined;
  readonly #bootstrap: Bootstrap;
  readonly #flowControl: FlowControl | undefined;
  readonly #console: Console | undefined;
  #loops: ControlLoops | undefined;
  #clusterAuthentication: ReturnType<typeof clusterAuthentication> | undefined;
  #customResources: CustomResources | undefined;
  #listener: Listener | undefined;
  #filled = Promise.resolve(false);
  #stopping = false;
  #leaving = false;
  #port = 0;

  private constructor(
    parts: ControlPlaneParts,
    registry: Registry,
    caches: WatchCache[],
    lateVirtuals: LateVirtuals,
    encryption: EncryptionProviders | undefined,
    createConsole: ((parts: ConsoleParts) => Console) | undefined,
  ) {
    const { options, log } = parts;
    this.#parts = parts;
    this.#watches = new OpenWatches(options.minRequestTimeoutS);
    this.#deadlines = new Deadlines(parts.clock ?? systemClock, options.requestTimeoutMs);
    this.#clock = parts.clock ?? systemClock;
    this.registry = registry;
    this.#encryption = encryption;
    this.#caches = caches;
    this.decisions = new DecisionRing(options.decisionRecords);
    this.client = this.#clientOf(LOOPBACK, 'kube-apiserver');
    const lister = (group: string, resource: string): Lister => this.client.lister({ group, resource })!;

    const report = {
      loaded: (path: string) => log.info({ path }, 'reloaded'),
      bad: (path: string, error: unknown) =>
        log.error({ path, error: words(error) }, 'not reloaded; what was read before stays in force'),
    };
    this.#external = createExternalAuthentication(options.authentication, {
      clock: this.#clock,
      report,
      tried: (issuer, fault) => {
        if (fault === undefined) log.info({ issuer }, 'the issuer has said where its keys are');
        else log.error({ issuer, error: fault }, 'the issuer does not say where its keys are; trying again');
      },
      onReplaced: () => {
        this.authentication.tokens.clear();
        this.#trustChanged(['jwt']);
      },
    });
    this.authentication = createAuthentication(options.authentication, {
      client: this.client,
      readLive: options.store.engine === 'etcd',
      ...(refusesAnonymous(options.authorization) && options.authentication.anonymousAuth === undefined
        ? { anonymous: { enabled: false, paths: [] } }
        : {}),
      ...this.#external.authenticators,
      report,
    });
    this.#sessions = this.#makeSessions();
    this.#revocations = new CredentialRevocations(registry, this.authentication.revoked, log);
    const { revocationLists } = this.authentication;
    if (revocationLists)
      this.#staleLists = new StaleLists(revocationLists, options.authentication.clientCaCrlStale, {
        clock: this.#clock,
        log,
      });
    this.policy = new RbacPolicy(rbacSource(this.client));
    this.authorization = createAuthorization(options.authorization, {
      policy: this.policy,
      graphSource: () => ({
        pods: lister('', 'pods'),
        persistentvolumes: lister('', 'persistentvolumes'),
        volumeattachments: lister('storage.k8s.io', 'volumeattachments'),
        resourceslices: lister('resource.k8s.io', 'resourceslices'),
      }),
      reloaded: (error) => {
        if (error)
          log.error(
            { path: options.authorization.configFile, error },
            'not reloaded; the authorizers before stay in force',
          );
        else log.info({ path: options.authorization.configFile }, 'reloaded');
      },
    });
    lateVirtuals.set(
      virtualResources({
        options: options.authentication,
        client: this.client,
        authentication: () => this.authentication,
        authorization: this.authorization.chain,
      }),
    );
    const plugins = admissionPlugins({
      options,
      client: this.client,
      registry: this.registry,
      authorization: this.authorization.chain,
      log,
      clock: this.#clock,
    });
    this.#admission = new RequestAdmission(
      new AdmissionChain(plugins),
      this.authorization.chain,
      this.policy,
      this.#clock,
    );
    this.#certificate = new WatchedCertificate(options.tls.certFile, options.tls.keyFile, log);
    if (options.tls.sni.length) this.#sni = new SniCertificates(options.tls.sni, log);
    this.#audit = serverAudit(options.audit, log, this.#clock);
    const { proxyClientCertFile, proxyClientKeyFile } = options;
    if (proxyClientCertFile && proxyClientKeyFile)
      this.#proxyCertificate = new WatchedCertificate(proxyClientCertFile, proxyClientKeyFile, log);
    this.#aggregator = this.#makeAggregator();
    this.#bootstrap = new Bootstrap({
      client: this.client,
      options,
      port: () => this.#port,
      rbac: this.authorization.types.has('RBAC'),
      clock: this.#clock,
      groupVersions: [...builtInGroups()].flatMap(([group, versions]) =>
        versions.map((version) => groupVersion({ group, version })),
      ),
      failed: (hook, error) =>
        log.error(
          { hook, error: words(error) },
          'what a cluster starts with is not all there yet; trying again',
        ),
    });
    this.#flowControl = flowControlOf(options, this.registry, this.client, this.#clock);
    this.metrics.add(() => this.metrics.requests.text(this.chain.longRunning));
    this.metrics.add(() => this.#loopDelay.text());
    this.metrics.add(() => this.#watches.metricsText());
    if (this.#flowControl) this.metrics.add(() => this.#flowControl!.metricsText());
    this.#console = createConsole?.(this.#consoleParts());
    this.chain = new RequestChain(this.#chainParts());
  }

  /** Reads every resource from the store; resolves to a server that is ready to listen. */
  static async create(parts: ControlPlaneParts): Promise<ControlPlane> {
    const { options, store, log } = parts;
    assertAuthenticationOptions(options.authentication);
    const late = new LateVirtuals();
    let plane: ControlPlane | undefined;
    const createConsole = options.console ? (await import('../console/console.ts')).createConsole : undefined;
    const encryption = await encryptionOf(options, log, parts.clock);
    const kinds = {
      storage: storageOf(options, store, encryption),
      alwaysFresh: options.store.engine === 'embedded',
      options: {
        allowPrivileged: options.allowPrivileged,
        serviceClusterIpRange: options.serviceClusterIpRange,
        serviceNodePortRange: options.serviceNodePortRange,
        shared: options.store.engine === 'etcd',
        eventTtlSeconds: options.eventTtlSeconds,
      },
    };
    const { registry, caches } = builtInRegistry({
      ...kinds,
      client: () => plane!.client,
      access: (user) => userAccess(user, plane!.authorization.chain, plane!.registry),
      virtuals: late.entries(),
      updates: new Map(),
      otherVersions,
      onError: storeTrouble(log),
    });
    try {
      await Promise.all(caches.map((cache) => cache.start()));
      plane = new ControlPlane(parts, registry, caches, late, encryption, createConsole);
    } catch (error) {
      // A start that is refused leaves nothing behind that reads the store.
      for (const cache of caches) cache.stop();
      encryption?.close();
      throw error;
    }
    await plane.#serveCustomResources(kinds);
    return plane;
  }

  /** Resolves when what is defined already is served. */
  async #serveCustomResources(
    kinds: Pick<CustomResourcesParts, 'storage' | 'alwaysFresh' | 'options'>,
  ): Promise<void> {
    const { log } = this.#parts;
    this.#customResources = new CustomResources({
      ...kinds,
      registry: this.registry,
      client: this.client,
      clock: this.#clock,
      complain: (controller, key, error) =>
        log.warn({ controller, key, error: words(error) }, 'a control loop has to try again'),
      onError: (error) =>
        log.error({ error: error.message }, 'custom resources cannot be read; trying again'),
    });
    await this.#customResources.start();
    // Before the first request, so that nobody slips in.
    this.#revocations.start();
  }

  /** Listens, fills in what a cluster has from the start, and runs the control loops. Resolves once it listens. */
  async start(): Promise<number> {
    const { options, log } = this.#parts;
    this.#certificate.start(() => this.#renewTls());
    this.#sni?.start(() => this.#renewTls());
    for (const authority of this.authentication.clientAuthorities) authority.onChange(() => this.#renewTls());
    this.#proxyCertificate?.start(() => {});
    this.#aggregator.start();
    this.#staleLists?.start();
    this.authentication.onTrustChange((authenticators) => this.#trustChanged(authenticators));
    this.authentication.revoked.onChange(() => this.#sessions.revoked());
    this.authentication.start();
    this.#external.start();
    this.#renewTls();
    this.#listener = new Listener(
      {
        address: options.bindAddress,
        port: options.port,
        tls: this.#tls(),
        ...(this.#sni ? { sni: (host: string) => this.#sni!.find(host) } : {}),
        minVersion: options.tls.minVersion,
        ...(options.tls.ciphers ? { ciphers: options.tls.ciphers } : {}),
        http2: options.tls.http2,
        maxStreams: options.tls.maxStreams,
        onFault: (error) =>
          log.error({ error: words(error) }, 'a connection broke on a fault of this server'),
      },
      this.#serve,
    );
    this.#loopDelay.start();
    this.#port = await this.#listener.listen();
    this.#filled = this.#fillIn();
    log.info({ address: options.bindAddress, port: this.#port }, 'serving');
    return this.#port;
  }

  async #fillIn(): Promise<boolean> {
    if (!(await this.#bootstrap.run()) || this.#stopping) return false;
    const { options, store, log } = this.#parts;
    this.#clusterAuthentication = clusterAuthentication({
      client: this.client,
      options,
      clock: this.#clock,
      log,
    });
    this.#clusterAuthentication.start();
    this.#loops = new ControlLoops({
      options,
      client: this.client,
      clientOf: (user, manager) => this.#clientOf(user, manager),
      serverLeases: storageOf(options, store, this.#encryption).forResource({
        group: '',
        resource: 'apiServerIPInfo',
      }),
      registry: this.registry,
      authorization: this.authorization.chain,
      makeLegacyToken: this.authentication.makeLegacyToken,
      port: this.#port,
      clock: this.#clock,
      log,
    });
    this.#loops.start();
    return true;
  }

  /** From here on /readyz says no, so that load balancers send new requests elsewhere; everything is still served. */
  beginShutdown(): void {
    this.#leaving = true;
  }

  /** Lets open requests end, tells watches, and closes everything but the store. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#bootstrap.stop();
    const closing = this.#listener?.close(10_000);
    this.#watches.endAll();
    await closing;
    await this.#loops?.stop();
    await this.#clusterAuthentication?.stop();
    this.#revocations.stop();
    this.#staleLists?.stop();
    await this.#customResources?.stop();
    await this.#aggregator.stop();
    this.#proxyCertificate?.stop();
    this.authentication.stop();
    this.#external.stop();
    this.authorization.close();
    this.#flowControl?.stop();
    this.#loopDelay.stop();
    this.#deadlines.stop();
    await this.#audit?.close();
    this.#certificate.stop();
    this.#sni?.stop();
    for (const cache of this.#caches) cache.stop();
    this.#encryption?.close();
  }

  /**
   * Resolves to true once what a cluster starts with is there (namespaces, default policy, the Service `kubernetes`), as
   * /readyz has it; to false where the server is stopped before.
   */
  ready(): Promise<boolean> {
    return this.#filled;
  }

  /** Path and fragment that let a user into the console once; undefined where there is none. */
  consoleLink(user: UserInfo): string | undefined {
    return this.#console?.link(user);
  }

  get port(): number {
    return this.#port;
  }

  #clientOf(user: UserInfo, manager: string): ObjectClient {
    return new RegistryClient(this.registry, this.#clock, (as) => this.#admission.of(as), user, manager);
  }

  #makeSessions(): OpenSessions {
    const { revoked } = this.authentication;
    return new OpenSessions({
      authenticate: (question) => this.#authenticator().authenticate(question),
      judge: ({ verdict, question: { certificates } }) =>
        revoked.judge(verdict, { certificates, now: this.#clock.now() }),
      ended: ({ verdict, question: { path } }, why) =>
        this.#parts.log.warn(
          { path, user: verdict.verdict === 'authenticated' ? verdict.user.name : undefined, code: why.code },
          'a request was ended, as its credential was taken back',
        ),
    });
  }

  #makeAggregator(): Aggregator {
    const { options, log } = this.#parts;
    const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
    const { usernameHeaders, uidHeaders, groupHeaders, extraHeadersPrefixes } =
      options.authentication.requestHeader;
    return new Aggregator({
      client: this.client,
      clock: this.#clock,
      certificate: () => this.#proxyCertificate?.current,
      identityHeaders: {
        names: new Set(lower([...usernameHeaders, ...uidHeaders, ...groupHeaders])),
        prefixes: lower(extraHeadersPrefixes),
      },
      complain: (controller, key, error) =>
        log.warn({ controller, key, error: words(error) }, 'a control loop has to try again'),
    });
  }

  #chainParts(): ChainParts {
    const { options, log } = this.#parts;
    const impersonation = new Impersonation({
      authorizer: (attributes) => this.authorization.chain.authorize(attributes),
    });
    const address = (): string => `${options.externalHostname || hostOf(options)}:${this.#port}`;
    const order = new Map([...builtInGroups().keys()].map((group, i) => [group, i]));
    const discovery = new Discovery(
      this.registry,
      (group) => order.get(group) ?? 1000,
      address,
      this.#aggregator,
    );
    const router = new ResourceRouter({
      registry: this.registry,
      discovery,
      authorization: this.authorization.chain,
      admissionFor: (request) => this.#admission.for(request),
      watches: this.#watches,
      components: components(!options.controllers.includes('-*'), () => this.#parts.store.revision()),
    });
    const issuer = new IssuerDiscovery({
      issuer: options.authentication.serviceAccounts.issuers[0] ?? '',
      keys: this.authentication.keys,
      jwksUri: options.authentication.serviceAccounts.jwksUri,
      externalAddress: options.externalHostname || `${hostOf(options)}:${options.port}`,
    });
    const policy = rbacSource(this.client);
    const explain = refusalExplainer({
      mode: options.explain,
      authorization: this.authorization.chain,
      policy,
      failed: (error) => log.error({ error: words(error) }, 'a refusal could not be explained'),
    });
    const api = new Api({
      aggregator: this.#aggregator,
      router,
      discovery,
      health: serverHealth({
        store: this.#parts.store,
        storeCheckMs: storeChecks(options.store),
        encryption: this.#encryption,
        cachesReady: () => this.#caches.every((cache) => cache.ready),
        bootstrap: this.#bootstrap,
        stopping: () => this.#leaving || this.#stopping,
      }),
      metrics: this.metrics,
      flowControlPage: (path, details) => this.#flowControl?.page?.(path, details),
      openapi: new OpenApi({
        customResources: () => this.#customResources?.published() ?? [],
        generation: () => this.registry.generation,
      }),
      issuer,
      extra: [
        decisionsPath({ decisions: this.decisions, policy, watches: this.#watches }),
        ...(this.#console?.paths ?? []),
        ...(this.#parts.extra ?? []),
      ],
      explain,
    });
    return {
      ...(explain ? { explain } : {}),
      clock: this.#clock,
      authentication: this.#authenticator(),
      audiences: this.authentication.apiAudiences,
      authorization: this.authorization.chain,
      decisions: this.decisions,
      observe: (request, micros) => this.metrics.requests.observe(request, micros),
      sessions: this.#sessions,
      goesOn: ({ info, exchange, query }) =>
        isLongRunning(info) || exchange.upgrade !== undefined || query.has('watch'),
      ...(this.#audit ? { audit: this.#audit.requests } : {}),
      impersonate: (request) => {
        if (!mayImpersonate(request.exchange)) return NOBODY_ELSE;
        const attributes = requestAttributes(request.info, request.user);
        const asked = impersonation.impersonate(request.exchange, attributes, request.now);
        if (!asked) return NOBODY_ELSE;
        const shaped = (result: Awaited<typeof asked>) =>
          'error' in result
            ? { outcome: 'refused' as const, error: result.error }
            : {
                outcome: 'as' as const,
                user: result.user,
                ...(result.constraint ? { constraint: result.constraint } : {}),
              };
        return asked instanceof Promise ? asked.then(shaped) : shaped(asked);
      },
      logRefusal: (request, door, outcome) => {
        log.warn(
          {
            verb: request.info.verb,
            path: request.info.path,
            user: request.user.name || undefined,
            from: request.exchange.remoteAddress,
            id: request.auditId,
          },
          refusalWords(door, outcome),
        );
      },
      logFailure: (request, error) => {
        log.error(
          {
            path: request.info.path,
            id: request.auditId,
            error: error instanceof Error ? error.stack : String(error),
          },
          'a request failed for a reason nobody foresaw',
        );
      },
      ...(this.#flowControl ? { flowControl: this.#flowControl } : {}),
      deadlines: this.#deadlines,
      ...(options.goawayChance > 0 ? { sendAway: () => Math.random() < options.goawayChance } : {}),
      handle: (request) => api.handle(request),
    };
  }

  readonly #serve = (exchange: Exchange): void => {
    if (!this.#console?.serve(exchange)) this.chain.serve(exchange);
  };

  /** Links and sessions of the console say who asks before the authenticators are asked. */
  #authenticator(): ChainParts['authentication'] {
    const { chain } = this.authentication;
    const page = this.#console;
    if (!page) return chain;
    return { authenticate: (request) => page.authenticate(request) ?? chain.authenticate(request) };
  }

  #trustChanged(authenticators: readonly string[]): void {
    this.#sessions.trustChanged(authenticators);
    this.#console?.trustChanged(authenticators);
  }

  #consoleParts(): ConsoleParts {
    const { options } = this.#parts;
    return {
      clock: this.#clock,
      judge: (verdict, request) =>
        this.authentication.revoked.judge(verdict, request) ??
        missingAccount(verdict, this.client.lister({ group: '', resource: 'serviceaccounts' })!),
      policy: rbacSource(this.client),
      registry: this.registry,
      namespaces: () =>
        this.client
          .lister({ group: '', resource: 'namespaces' })!
          .list()
          .map(({ metadata }) => metadata.name ?? ''),
      certificates: certificateSources(options, () => this.#certificate.current.cert),
      doors: () => ({
        authorizers: [...this.authorization.types],
        admission: this.#admission.names,
        audit: this.#audit !== undefined,
        store: options.store.engine,
        decisionRecords: options.decisionRecords,
      }),
    };
  }

  #tls() {
    const authorities = this.authentication.clientAuthorities.map((pool) => pool.current().toPem());
    return { ...this.#certificate.current, ...(authorities.length ? { ca: authorities } : {}) };
  }

  /** Handshakes from now on are with the certificates and authorities there are now. */
  #renewTls(): void {
    const { cert: _, key: __, ...common } = this.#tls();
    const { minVersion, ciphers } = this.#parts.options.tls;
    this.#sni?.renew({ ...common, minVersion, ...(ciphers ? { ciphers } : {}) });
    this.#listener?.renew(this.#tls());
  }
}

function rbacSource(client: ObjectClient): RbacSource {
  const lister = (resource: string): Lister =>
    client.lister({ group: 'rbac.authorization.k8s.io', resource })!;
  return {
    roles: lister('roles'),
    clusterroles: lister('clusterroles'),
    rolebindings: lister('rolebindings'),
    clusterrolebindings: lister('clusterrolebindings'),
  };
}

/** The address clients are told: what is advertised, else what is bound. */
function hostOf(options: ServerOptions): string {
  const host =
    options.advertiseAddress ||
    (options.bindAddress === '0.0.0.0' || options.bindAddress === '::' ? '127.0.0.1' : options.bindAddress);
  return isIPv6(host) ? `[${host}]` : host;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
