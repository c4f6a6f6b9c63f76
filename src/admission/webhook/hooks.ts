import type { LabelSelectorObject } from '../../meta/label-selector.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { ResourceVersion } from '../../registry/admission-hook.ts';
import type { Lister } from '../../registry/lister.ts';
import { WebhookClient } from '../../webhook/client.ts';
import { type MatchConditionObject, MatchConditions } from '../evaluation.ts';
import { PolicyExpressions } from '../expressions.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import type { ResourceVersions } from '../versions.ts';
import { matchedVersion, type Rule, type RuleRequest, ruleFits, ruleKey } from './rules.ts';
import { compileSelectors, type Selectors } from './selectors.ts';
import { type ClientConfig, resolveTarget } from './target.ts';

/** One webhook of a configuration, as it is stored. */
export interface WebhookObject {
  name: string;
  clientConfig: ClientConfig;
  rules?: readonly Rule[] | null;
  failurePolicy?: string | null;
  matchPolicy?: string | null;
  namespaceSelector?: LabelSelectorObject | null;
  objectSelector?: LabelSelectorObject | null;
  sideEffects?: string | null;
  timeoutSeconds?: number | null;
  admissionReviewVersions?: readonly string[] | null;
  reinvocationPolicy?: string | null;
  matchConditions?: readonly MatchConditionObject[] | null;
}

/** One webhook made ready. */
export interface Hook {
  webhook: WebhookObject;
  configuration: string;
  /** Its place among all of its plugin. */
  index: number;
  /** Tells it from others across configurations. */
  key: string;
  selectors: Selectors;
  conditions: MatchConditions;
  failsOpen: boolean;
  timeoutMs: number;
}

/** A webhook that a request concerns, and the version in which it is to see it. */
export interface FittingHook {
  hook: Hook;
  version: ResourceVersion;
}

/** Request shapes that are remembered: far more than there are resources. */
const MAX_SHAPES = 5000;
/** Connections to webhooks whose addresses were in use. */
const MAX_CLIENTS = 500;

/**
 * The webhooks of all configurations of a kind, in the order of the configurations' names. Made ready when a configuration
 * changes; which of them a request's shape concerns is found once for each shape.
 */
export class Hooks {
  readonly #configurations: Lister;
  #hooks: readonly Hook[] | undefined;
  readonly #versions: ResourceVersions;
  #shapes = new Map<string, readonly FittingHook[]>();
  readonly #clients = new Map<string, WebhookClient>();

  constructor(configurations: Lister, versions: ResourceVersions) {
    this.#configurations = configurations;
    this.#versions = versions;
    versions.onChange(() => this.#shapes.clear());
    configurations.onChange(() => {
      this.#hooks = undefined;
      this.#shapes.clear();
    });
  }

  /** Those whose rules take the request in. */
  for(attributes: AdmissionAttributes): readonly FittingHook[] {
    const hooks = this.#all();
    if (hooks.length === 0) return [];
    const key = ruleKey(attributes);
    let fitting = this.#shapes.get(key);
    if (!fitting) {
      fitting = hooks.flatMap((hook) => {
        const { rules, matchPolicy } = hook.webhook;
        const fits = (request: RuleRequest) => rules?.some((rule) => ruleFits(rule, request)) ?? false;
        const version = matchedVersion(fits, matchPolicy, attributes, this.#versions);
        return version ? [{ hook, version }] : [];
      });
      if (this.#shapes.size >= MAX_SHAPES) this.#shapes.clear();
      this.#shapes.set(key, fitting);
    }
    return fitting;
  }

  #all(): readonly Hook[] {
    this.#hooks ??= this.#configurations
      .list()
      .flatMap(hooksOf)
      .map((hook, index) => ({ ...hook, index }));
    return this.#hooks;
  }

  /** A client for where a webhook is now; its connections are kept. */
  client(hook: Hook, services: Lister | undefined): WebhookClient | { url: string; why: string } {
    const resolved = resolveTarget(hook.webhook.clientConfig, services);
    if (!resolved.ok) return resolved;
    const key = JSON.stringify(resolved.target);
    let client = this.#clients.get(key);
    if (!client) {
      if (this.#clients.size >= MAX_CLIENTS) {
        const [oldest] = this.#clients.keys();
        this.#clients.delete(oldest!);
      }
      client = new WebhookClient(resolved.target);
      this.#clients.set(key, client);
    }
    return client;
  }
}

function hooksOf(configuration: KubeObject): Omit<Hook, 'index'>[] {
  const name = configuration.metadata.name ?? '';
  const seen = new Map<string, number>();
  return ((configuration['webhooks'] ?? []) as WebhookObject[]).map((webhook) => {
    const count = seen.get(webhook.name) ?? 0;
    seen.set(webhook.name, count + 1);
    return {
      webhook,
      configuration: name,
      key: `${name}/${webhook.name}/${count}`,
      selectors: compileSelectors(webhook),
      conditions: new MatchConditions(webhook.matchConditions ?? [], new PolicyExpressions(false), false),
      failsOpen: webhook.failurePolicy === 'Ignore',
      timeoutMs: (webhook.timeoutSeconds ?? 10) * 1000,
    };
  });
}
