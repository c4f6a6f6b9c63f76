import type { AuthorizationChain } from '../../authorization/chain.ts';
import type { Lister } from '../../registry/lister.ts';
import { askOf } from '../evaluation.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from '../plugin.ts';
import type { ResourceVersions } from '../versions.ts';
import { callHook, concerns, failedCall, type WebhookParts } from './call.ts';
import { type FittingHook, type Hook, Hooks } from './hooks.ts';
import { isAdmissionConfiguration } from './rules.ts';

export interface ValidatingWebhookOptions {
  /** ValidatingWebhookConfigurations. */
  configurations: Lister;
  namespaces: Lister;
  services?: Lister;
  authorization: Pick<AuthorizationChain, 'authorize'>;
  versions: ResourceVersions;
  /** A webhook failed and the request went on. */
  failedOpen?(webhook: string, why: string): void;
}

/** Asks validating webhooks, all at once (apiserver pkg/admission/plugin/webhook/validating). */
export class ValidatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionWebhook';
  readonly #parts: WebhookParts;
  readonly #versions: ResourceVersions;
  readonly #failedOpen: ((webhook: string, why: string) => void) | undefined;

  constructor(options: ValidatingWebhookOptions) {
    const { configurations, namespaces, services, authorization, versions, failedOpen } = options;
    this.#versions = versions;
    this.#parts = {
      hooks: new Hooks(configurations, versions),
      namespaces,
      ...(services ? { services } : {}),
      ask: askOf(authorization),
    };
    this.#failedOpen = failedOpen;
  }

  handles(): boolean {
    return true;
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const hooks = this.#parts.hooks.for(attributes);
    if (hooks.length === 0 || isAdmissionConfiguration(attributes)) return ACCEPTED;
    return this.#ask(hooks, attributes);
  }

  async #ask(hooks: readonly FittingHook[], attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const relevant: { hook: Hook; view: AdmissionAttributes }[] = [];
    for (const { hook, version } of hooks) {
      const view = await this.#versions.view(attributes, version);
      const concerned = await concerns(hook, view, this.#parts, view.object);
      if (typeof concerned !== 'boolean') return concerned;
      if (concerned) relevant.push({ hook, view });
    }
    if (relevant.length === 0) return ACCEPTED;
    // Of several refusals the one that came first is the answer.
    const refusals: PluginVerdict[] = [];
    await Promise.all(
      relevant.map(async ({ hook, view }, i) => {
        const result = await callHook(hook, view, this.#parts, view.object, false);
        if (result.outcome === 'denied') refusals.push(result.verdict);
        if (result.outcome !== 'failed') return;
        if (!hook.failsOpen) refusals.push(failedCall(hook, result.why));
        else {
          attributes.annotate(
            `failed-open.validating.webhook.admission.k8s.io/round_0_index_${i}`,
            hook.webhook.name,
          );
          this.#failedOpen?.(hook.webhook.name, result.why);
        }
      }),
    );
    const webhooks = relevant.map(({ hook }) => hook.webhook.name);
    return refusals[0] ?? { outcome: 'accepted', code: 'WEBHOOKS_ACCEPTED', facts: { webhooks } };
  }
}
