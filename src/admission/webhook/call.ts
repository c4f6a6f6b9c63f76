import { randomUUID } from 'node:crypto';
import type { CheckAuthorization } from '../../cel/index.ts';
import type { Facts } from '../../explain/verdict.ts';
import { policyWords } from '../../explain/words/policy.ts';
import { formatDuration } from '../../meta/duration.ts';
import { quote } from '../../meta/go-quote.ts';
import type { KubeObject } from '../../meta/object.ts';
import {
  badRequestError,
  forbiddenError,
  internalError,
  StatusError,
  type StatusReason,
} from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import { WebhookClient } from '../../webhook/client.ts';
import { requestBindings } from '../evaluation.ts';
import type { AdmissionAttributes, PluginVerdict } from '../plugin.ts';
import type { Hook, Hooks } from './hooks.ts';
import {
  type ReviewAnswer,
  type ReviewStatus,
  type ReviewVersion,
  readAnswer,
  reviewBody,
} from './review.ts';
import { selected } from './selectors.ts';

export interface WebhookParts {
  hooks: Hooks;
  namespaces: Lister;
  /** Absent: webhooks are reached by URL alone. */
  services?: Lister;
  ask: CheckAuthorization;
}

/** What came of asking a webhook. `failed`: there is no answer to go by, and the failure policy decides. */
export type CallResult =
  | { outcome: 'answered'; answer: ReviewAnswer }
  | { outcome: 'denied'; verdict: PluginVerdict }
  | { outcome: 'failed'; why: string };

const denied = (code: string, facts: Facts, error: (text: string) => StatusError): PluginVerdict => ({
  outcome: 'denied',
  code,
  facts,
  error: error(policyWords[code]!(facts)),
});

/** Whether a webhook whose rules fit is asked about a request: its selectors and conditions say so; or a refusal. */
export async function concerns(
  hook: Hook,
  attributes: AdmissionAttributes,
  { namespaces, ask }: WebhookParts,
  object: KubeObject | undefined,
): Promise<boolean | PluginVerdict> {
  const chosen = selected(hook.selectors, attributes, namespaces);
  if (chosen instanceof StatusError) {
    return denied('NAMESPACE_NOT_FOUND', { namespace: attributes.namespace }, () => chosen);
  }
  if (!chosen) return false;
  if (hook.conditions.none) return true;
  const hold = await hook.conditions.hold(requestBindings(attributes, ask, undefined, object));
  if (typeof hold === 'boolean') return hold;
  if (hook.failsOpen) return false;
  return denied('WEBHOOK_CONDITION_FAILED', { webhook: hook.webhook.name, why: hold.error }, (why) =>
    forbiddenError(attributes.resource, attributes.name, why),
  );
}

/** Asks one webhook; its annotations and warnings go with the request, whatever it says. */
export async function callHook(
  hook: Hook,
  attributes: AdmissionAttributes,
  parts: WebhookParts,
  object: KubeObject | undefined,
  mutating: boolean,
): Promise<CallResult> {
  const { webhook } = hook;
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    if (!webhook.sideEffects) return { outcome: 'failed', why: 'Webhook SideEffects is nil' };
    return {
      outcome: 'denied',
      verdict: denied('WEBHOOK_NO_DRY_RUN', { webhook: webhook.name }, badRequestError),
    };
  }
  const version = webhook.admissionReviewVersions?.find(
    (one): one is ReviewVersion => one === 'v1' || one === 'v1beta1',
  );
  if (!version) {
    const why =
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)';
    return { outcome: 'failed', why };
  }
  const uid = randomUUID();
  const reply = await post(hook, parts, reviewBody(version, uid, attributes, object));
  if (!reply.ok) return { outcome: 'failed', why: `failed to call webhook: ${reply.why}` };
  const read = readAnswer(reply, version, uid, mutating);
  if (!read.ok) {
    const what = read.stage === 'invalid' ? 'received invalid webhook response' : 'failed to call webhook';
    return { outcome: 'failed', why: `${what}: ${read.why}` };
  }
  const { answer } = read;
  for (const [key, value] of Object.entries(answer.auditAnnotations))
    attributes.annotate(`${webhook.name}/${key}`, value);
  for (const text of answer.warnings) attributes.warn(text);
  if (answer.allowed) return { outcome: 'answered', answer };
  const why = answer.status?.message || answer.status?.reason || '';
  const verdict = denied('WEBHOOK_DENIED', { webhook: webhook.name, why }, (text) =>
    refusal(answer.status, text),
  );
  return { outcome: 'denied', verdict };
}

type Reply = { ok: true; status: number; contentType: string; body: string } | { ok: false; why: string };

/** Within the webhook's time, repetitions that it asks for included. */
async function post(hook: Hook, parts: WebhookParts, body: string): Promise<Reply> {
  const client = parts.hooks.client(hook, parts.services);
  const { timeoutMs } = hook;
  if (!(client instanceof WebhookClient)) {
    const url = `${client.url}?timeout=${formatDuration(BigInt(timeoutMs) * 1_000_000n)}`;
    return { ok: false, why: client.url === '' ? client.why : `Post ${quote(url)}: ${client.why}` };
  }
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), timeoutMs);
  try {
    const reply = await client.post(body, {
      timeoutMs,
      signal: end.signal,
      timeoutWords: 'context deadline exceeded',
    });
    if (reply.ok) return reply;
    const { message } = reply.failure;
    return {
      ok: false,
      why: end.signal.aborted ? message.replace(/context canceled$/, 'context deadline exceeded') : message,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** The answer to the client is the webhook's Status, but for a code that would be a success. */
function refusal(status: ReviewStatus | undefined, message: string): StatusError {
  const code = status?.code ?? 0;
  return new StatusError({
    code: Math.max(code, 400),
    reason: (status?.reason ?? '') as StatusReason,
    message,
    ...(status?.details ? { details: status.details as never } : {}),
  });
}

/** What a webhook that fails closed comes to. */
export const failedCall = (hook: Hook, why: string): PluginVerdict =>
  denied('WEBHOOK_FAILED', { webhook: hook.webhook.name, why }, internalError);

export const cannotModify = (hook: Hook): PluginVerdict =>
  denied('WEBHOOK_CANNOT_MODIFY', { webhook: hook.webhook.name }, internalError);

/** The patch is sound, but does not fit the object: kube-apiserver does not name the webhook. */
export const patchFailed = (hook: Hook, why: string): PluginVerdict =>
  denied('WEBHOOK_PATCH_FAILED', { webhook: hook.webhook.name, why }, internalError);
