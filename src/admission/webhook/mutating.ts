import type { AuthorizationChain } from '../../authorization/chain.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Lister } from '../../registry/lister.ts';
import { parseJson } from '../../schema/decode.ts';
import { askOf } from '../evaluation.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from '../plugin.ts';
import { replaceObject, writtenForm } from '../redecode.ts';
import { Reinvocable } from '../reinvocation.ts';
import type { ResourceVersions } from '../versions.ts';
import { callHook, cannotModify, concerns, failedCall, patchFailed, type WebhookParts } from './call.ts';
import { type FittingHook, type Hook, Hooks } from './hooks.ts';
import { applyOperations, type PatchOperation } from './json-patch.ts';
import { isAdmissionConfiguration } from './rules.ts';
import type { ValidatingWebhookOptions } from './validating.ts';

export interface MutatingWebhookOptions extends ValidatingWebhookOptions {
  /** MutatingWebhookConfigurations. */
  configurations: Lister;
  authorization: Pick<AuthorizationChain, 'authorize'>;
}

const ANNOTATION = 'mutation.webhook.admission.k8s.io/';
const PATCH_ANNOTATION = 'patch.webhook.admission.k8s.io/';

/** Asks mutating webhooks, one after the other (apiserver pkg/admission/plugin/webhook/mutating). */
export class MutatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionWebhook';
  readonly #parts: WebhookParts;
  readonly #versions: ResourceVersions;
  readonly #failedOpen: ((webhook: string, why: string) => void) | undefined;

  constructor(options: MutatingWebhookOptions) {
    const { configurations, namespaces, services, authorization, versions, failedOpen } = options;
    this.#parts = {
      hooks: new Hooks(configurations, versions),
      namespaces,
      ...(services ? { services } : {}),
      ask: askOf(authorization),
    };
    this.#versions = versions;
    this.#failedOpen = failedOpen;
  }

  handles(): boolean {
    return true;
  }

  admit(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const hooks = this.#parts.hooks.for(attributes);
    if (hooks.length === 0 || isAdmissionConfiguration(attributes)) return ACCEPTED;
    return this.#ask(hooks, attributes);
  }

  async #ask(hooks: readonly FittingHook[], attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const reinvocable = Reinvocable.of(attributes, this.name);
    reinvocable.begin(attributes.object);
    const called: string[] = [];
    const changed: string[] = [];
    // As the last webhook's version has it, until something has changed.
    let view: AdmissionAttributes | undefined;
    let object: KubeObject | undefined;
    for (const { hook, version } of hooks) {
      if (view?.resource !== version.resource) {
        view = await this.#versions.view(attributes, version);
        object = view.object && writtenForm(view.object, view.kind);
      }
      const concerned = await concerns(hook, view, this.#parts, object);
      if (typeof concerned !== 'boolean') return concerned;
      if (!concerned || !reinvocable.calls(hook.key)) continue;
      called.push(hook.webhook.name);
      const result = await this.#call(hook, attributes, view, object, reinvocable.again ? 1 : 0);
      if (result.verdict) return result.verdict;
      if (result.object) {
        replaceObject(attributes.object!, result.object);
        view = undefined;
        if (result.changed) {
          reinvocable.changed();
          changed.push(hook.webhook.name);
        }
      }
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') reinvocable.mayAgain(hook.key);
    }
    reinvocable.end(attributes.object);
    if (called.length === 0) return ACCEPTED;
    return changed.length
      ? { outcome: 'changed', code: 'WEBHOOKS_CHANGED', facts: { webhooks: changed } }
      : { outcome: 'accepted', code: 'WEBHOOKS_ACCEPTED', facts: { webhooks: called } };
  }

  /** The object that the webhook's patch makes, or a refusal, or neither. */
  async #call(
    hook: Hook,
    attributes: AdmissionAttributes,
    view: AdmissionAttributes,
    object: KubeObject | undefined,
    round: number,
  ): Promise<{ verdict?: PluginVerdict; object?: KubeObject; changed?: boolean }> {
    const place = `round_${round}_index_${hook.index}`;
    const { name: webhook } = hook.webhook;
    const annotate = (mutated: boolean): void =>
      attributes.annotate(
        ANNOTATION + place,
        JSON.stringify({ configuration: hook.configuration, webhook, mutated }),
      );
    const failed = (why: string): { verdict?: PluginVerdict } => {
      annotate(false);
      if (!hook.failsOpen) return { verdict: failedCall(hook, why) };
      attributes.annotate(`failed-open.${ANNOTATION}${place}`, webhook);
      this.#failedOpen?.(webhook, why);
      return {};
    };
    const refused = (verdict: PluginVerdict): { verdict: PluginVerdict } => {
      annotate(false);
      return { verdict };
    };
    const result = await callHook(hook, view, this.#parts, object, true);
    if (result.outcome === 'failed') return failed(result.why);
    if (result.outcome === 'denied') return refused(result.verdict);
    const { patch, patchType } = result.answer;
    const operations = patch === '' ? [] : readPatch(patch);
    if (typeof operations === 'string')
      return failed(`received undecodable patch in webhook response: ${operations}`);
    if (operations.length === 0) {
      annotate(false);
      return {};
    }
    if (!object) return refused(cannotModify(hook));
    if (patchType !== 'JSONPatch') return failed(`unsupported patch type "${patchType}"`);
    const applied = applyOperations(object, operations);
    if (!applied.ok) return refused(patchFailed(hook, applied.error));
    const decoded = await this.#versions.back(applied.document, view, attributes);
    if (!decoded.ok) return refused(patchFailed(hook, decoded.error));
    const before = view === attributes ? object : writtenForm(attributes.object!, attributes.kind);
    const changed = !deepEqual(writtenForm(decoded.object, attributes.kind), before);
    annotate(changed);
    const shown = { configuration: hook.configuration, webhook, patch: operations, patchType };
    attributes.annotate(PATCH_ANNOTATION + place, JSON.stringify(shown));
    return { object: decoded.object, changed };
  }
}

/** The operations of a patch, or what is wrong with its text in encoding/json's words. */
function readPatch(text: string): readonly (PatchOperation | null)[] | string {
  const parsed = parseJson(Buffer.from(text));
  if (!parsed.ok) return parsed.error;
  const { value } = parsed;
  if (value === null) return [];
  const kind = (found: unknown): string =>
    Array.isArray(found) ? 'array' : typeof found === 'boolean' ? 'bool' : typeof found;
  if (!Array.isArray(value))
    return `json: cannot unmarshal ${kind(value)} into Go value of type jsonpatch.Patch`;
  const odd = value.find((one) => one !== null && (typeof one !== 'object' || Array.isArray(one)));
  if (odd !== undefined)
    return `json: cannot unmarshal ${kind(odd)} into Go value of type jsonpatch.Operation`;
  return value as PatchOperation[];
}
