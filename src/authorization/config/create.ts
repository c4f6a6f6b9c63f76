import { type Clock, systemClock } from '../../meta/clock.ts';
import { aggregateText } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { type WatchFile, watchFile } from '../../meta/watch-file.ts';
import { WebhookClient } from '../../webhook/client.ts';
import { diskFiles, type Files } from '../../webhook/files.ts';
import { readKubeconfig, targetOf } from '../../webhook/kubeconfig.ts';
import { AbacAuthorizer, readPolicyFile } from '../abac.ts';
import { alwaysAllow, alwaysDeny } from '../always.ts';
import type { Authorizer } from '../authorizer.ts';
import { AuthorizationChain } from '../chain.ts';
import { NodeAuthorizer } from '../node/authorizer.ts';
import { type GraphSource, NodeGraph } from '../node/graph.ts';
import { RbacAuthorizer } from '../rbac/authorizer.ts';
import type { RbacPolicy } from '../rbac/policy.ts';
import { WebhookAuthorizer } from '../webhook/authorizer.ts';
import { matchConditionsOf } from '../webhook/match-conditions.ts';
import { type AuthorizationOptions, authorizationFlagFaults, configurationOfFlags } from './flags.ts';
import { loadAuthorizationConfiguration } from './load.ts';
import type { AuthorizationConfiguration, AuthorizerConfiguration, WebhookConfiguration } from './types.ts';
import { checkAuthorizationConfiguration } from './validate.ts';

/** What authorizers are made of that the server has. */
export interface AuthorizationParts {
  policy: RbacPolicy;
  /** Asked for once, if the Node authorizer is used. */
  graphSource(): GraphSource;
  files?: Files;
  clock?: Clock;
  watch?: WatchFile;
  /** Told of configuration taken (no message) and not taken. */
  reloaded?(error?: string): void;
}

/** A server's authorization, kept up with its configuration file. */
export interface Authorization {
  chain: AuthorizationChain;
  /** The types configured at the start. */
  types: ReadonlySet<string>;
  close(): void;
}

/**
 * Makes the authorizers that the flags, or the file they name, ask for. Throws an Error with the words kube-apiserver
 * ends with; what is behind `invalid authorization config: ` there has it here too.
 */
export function createAuthorization(options: AuthorizationOptions, parts: AuthorizationParts): Authorization {
  const files = parts.files ?? diskFiles;
  const faults = authorizationFlagFaults(options);
  if (faults.length) throw new Error(aggregateText(faults));
  const text = options.configFile === '' ? undefined : files.read(options.configFile);
  const config = text === undefined ? configurationOfFlags(options) : read(text, files, new Set());
  const types = new Set(config.authorizers.map(({ type }) => type));
  const factory = new AuthorizerFactory(options, parts, types);
  let current: Authorizer[];
  try {
    factory.prepare();
    current = factory.make(config);
  } catch (error) {
    throw new Error(`invalid authorization config: ${(error as Error).message}`);
  }
  const chain = new AuthorizationChain(current);
  const required = new Set([...types].filter((type) => type !== 'Webhook'));

  let lastText = text;
  const reload = (): void => {
    try {
      const now = files.read(options.configFile);
      if (now === lastText) return;
      lastText = now;
      const before = current;
      current = factory.make(read(now, files, required));
      chain.replace(current);
      closeAll(before);
      parts.reloaded?.();
    } catch (error) {
      parts.reloaded?.((error as Error).message);
    }
  };
  const stop = text === undefined ? undefined : (parts.watch ?? watchFile)(options.configFile, reload);
  return {
    chain,
    types,
    close() {
      stop?.();
      closeAll(current);
      factory.close();
    },
  };
}

function read(text: string, files: Files, required: ReadonlySet<string>): AuthorizationConfiguration {
  const config = loadAuthorizationConfiguration(text);
  checkAuthorizationConfiguration(config, files, required);
  return config;
}

/** Requests on their way through a webhook that is gone may still end; their connections close when they have. */
function closeAll(authorizers: readonly Authorizer[]): void {
  for (const authorizer of authorizers) if (authorizer instanceof WebhookAuthorizer) authorizer.retire();
}

/** Makes authorizers; those with a state of their own outlive a reload, and only those of the start can be had. */
class AuthorizerFactory {
  readonly #options: AuthorizationOptions;
  readonly #parts: AuthorizationParts;
  readonly #files: Files;
  readonly #types: ReadonlySet<string>;
  readonly #lasting = new Map<string, Authorizer>();
  #graph: NodeGraph | undefined;

  constructor(options: AuthorizationOptions, parts: AuthorizationParts, types: ReadonlySet<string>) {
    this.#options = options;
    this.#parts = parts;
    this.#files = parts.files ?? diskFiles;
    this.#types = types;
  }

  prepare(): void {
    if (this.#types.has('ABAC'))
      this.#lasting.set('ABAC', new AbacAuthorizer(readPolicyFile(this.#options.policyFile, this.#files)));
    if (this.#types.has('RBAC')) this.#lasting.set('RBAC', new RbacAuthorizer(this.#parts.policy));
    if (!this.#types.has('Node')) return;
    this.#graph = new NodeGraph(this.#parts.graphSource());
    this.#lasting.set('Node', new NodeAuthorizer(this.#graph));
  }

  close(): void {
    this.#graph?.close();
  }

  make(config: AuthorizationConfiguration): Authorizer[] {
    return config.authorizers.map((authorizer) => this.#make(authorizer));
  }

  #make({ type, name, webhook }: AuthorizerConfiguration): Authorizer {
    switch (type) {
      case 'AlwaysAllow':
        return alwaysAllow;
      case 'AlwaysDeny':
        return alwaysDeny;
      case 'Webhook':
        return this.#webhook(name, webhook!);
      default: {
        const authorizer = this.#lasting.get(type);
        if (authorizer) return authorizer;
        throw new Error(
          `authorizer type ${type} is not allowed if it was not enabled at initial server startup`,
        );
      }
    }
  }

  #webhook(name: string, webhook: WebhookConfiguration): WebhookAuthorizer {
    const { clock = systemClock } = this.#parts;
    const { connectionInfo, subjectAccessReviewVersion: version } = webhook;
    if (connectionInfo.kubeConfigFile === undefined)
      throw new Error('connectionInfo of type InClusterConfig is not supported');
    const target = targetOf(readKubeconfig(connectionInfo.kubeConfigFile, this.#files), this.#files, clock);
    if (version !== 'v1' && version !== 'v1beta1')
      throw new Error(
        `unsupported webhook authorizer version ${quote(version)}, supported versions are "v1", "v1beta1"`,
      );
    return new WebhookAuthorizer({
      name,
      client: new WebhookClient(target),
      version,
      timeoutMs: webhook.timeoutMs,
      authorizedTtlMs: webhook.cacheAuthorizedRequests ? webhook.authorizedTtlMs : 0,
      unauthorizedTtlMs: webhook.cacheUnauthorizedRequests ? webhook.unauthorizedTtlMs : 0,
      onError: webhook.failurePolicy === 'Deny' ? 'deny' : 'noOpinion',
      matchConditions: matchConditionsOf(webhook.matchConditions.map(({ expression }) => expression)),
      clock,
    });
  }
}
