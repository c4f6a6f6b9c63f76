import { ExpiringCache } from '../authorization/webhook/cache.ts';
import type { Clock } from '../meta/clock.ts';
import { formatDuration } from '../meta/duration.ts';
import type { Fields } from '../meta/object.ts';
import { type Backoff, DEFAULT_BACKOFF, withBackoff } from '../webhook/backoff.ts';
import { type Sleep, sleep, type WebhookClient } from '../webhook/client.ts';
import { decodeReply, type GoStruct } from '../webhook/reply.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** What an `imagePolicy` section says, defaults filled in. */
export interface ImagePolicyConfiguration {
  kubeConfigFile: string;
  /** How long answers are kept; 0: not at all. */
  allowMs: number;
  denyMs: number;
  retryMs: number;
  /** Let pods in where the webhook gives no answer. */
  defaultAllow: boolean;
}

const MINUTE_MS = 60_000;
const TIMEOUT_MS = 30_000;
const AUDIT_PREFIX = 'imagepolicywebhook.image-policy.k8s.io/';
const FAILED_OPEN = 'alpha.image-policy.k8s.io/failed-open';
const POLICY_ANNOTATION = '.image-policy.k8s.io/';
const VERSION = { group: 'imagepolicy.k8s.io', version: 'v1alpha1', kind: 'ImageReview' };
const REVIEW: GoStruct = {
  name: 'ImageReview',
  fields: {
    status: {
      name: 'ImageReviewStatus',
      fields: { allowed: 'bool', reason: 'string', auditAnnotations: 'any' },
    },
  },
};

interface ReviewStatus {
  allowed?: boolean;
  reason?: string;
  auditAnnotations?: Record<string, string>;
}

/** Asks a webhook whether the images of a pod may run (plugin/pkg/admission/imagepolicy). */
export class ImagePolicyWebhook implements AdmissionPlugin {
  readonly name = 'ImagePolicyWebhook';
  readonly resources: readonly string[] = ['pods'];
  readonly #client: WebhookClient;
  readonly #configuration: ImagePolicyConfiguration;
  readonly #backoff: Backoff;
  readonly #answers: ExpiringCache<ReviewStatus>;
  readonly #sleep: Sleep;

  constructor(
    client: WebhookClient,
    configuration: ImagePolicyConfiguration,
    clock: Clock,
    pause: Sleep = sleep,
  ) {
    this.#client = client;
    this.#configuration = configuration;
    this.#backoff = { ...DEFAULT_BACKOFF, firstMs: configuration.retryMs };
    this.#answers = new ExpiringCache(clock);
    this.#sleep = pause;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const { subresource, object, namespace } = attributes;
    if (!object || (subresource !== '' && subresource !== 'ephemeralcontainers')) return ACCEPTED;
    const spec: Fields = object['spec'] ?? {};
    const containers: Fields[] =
      subresource === ''
        ? [...(spec['containers'] ?? []), ...(spec['initContainers'] ?? [])]
        : (spec['ephemeralContainers'] ?? []);
    const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([name]) =>
      name.includes(POLICY_ANNOTATION),
    );
    const asked = {
      ...(containers.length ? { containers: containers.map(({ image }) => (image ? { image } : {})) } : {}),
      ...(annotations.length ? { annotations: Object.fromEntries(annotations.sort(byName)) } : {}),
      ...(namespace ? { namespace } : {}),
    };
    const key = JSON.stringify(asked);
    const known = this.#answers.get(key);
    return known ? judge(attributes, known) : this.#ask(attributes, key, asked);
  }

  async #ask(attributes: AdmissionAttributes, key: string, spec: object): Promise<PluginVerdict> {
    const { group, version, kind } = VERSION;
    const body = JSON.stringify({
      kind,
      apiVersion: `${group}/${version}`,
      metadata: { creationTimestamp: null },
      spec,
      status: { allowed: false },
    });
    const reply = await withBackoff(() => this.#client.post(body, { timeoutMs: TIMEOUT_MS }), {
      backoff: this.#backoff,
      sleep: this.#sleep,
    });
    if (!reply.ok) return this.#failed(attributes, reply.failure.message);
    const decoded = decodeReply(reply, VERSION, REVIEW);
    if (!decoded.ok) return this.#failed(attributes, decoded.message);
    const status: ReviewStatus = decoded.object['status'] ?? {};
    const { allowMs, denyMs } = this.#configuration;
    this.#answers.set(key, status, status.allowed ? allowMs : denyMs);
    return judge(attributes, status);
  }

  #failed(attributes: AdmissionAttributes, error: string): PluginVerdict {
    if (!this.#configuration.defaultAllow) return forbid(attributes, 'IMAGE_POLICY_FAILED', { error });
    attributes.annotate(`${AUDIT_PREFIX}failed-open`, 'true');
    const { metadata } = attributes.object!;
    metadata.annotations = { ...metadata.annotations, [FAILED_OPEN]: 'true' };
    return { outcome: 'accepted', code: 'IMAGE_POLICY_FAILED_OPEN', facts: { error } };
  }
}

function judge(attributes: AdmissionAttributes, status: ReviewStatus): PluginVerdict {
  for (const [name, value] of Object.entries(status.auditAnnotations ?? {}))
    attributes.annotate(AUDIT_PREFIX + name, String(value));
  return status.allowed
    ? ACCEPTED
    : forbid(attributes, 'IMAGE_POLICY_DENIED', { reason: status.reason ?? '' });
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Reads an `imagePolicy` section. Throws an Error in kube-apiserver's words. */
export function imagePolicyConfiguration(section: Fields): ImagePolicyConfiguration {
  const duration = (
    value: unknown,
    unitMs: number,
    least: number,
    most: number,
    otherwise: number,
  ): number => {
    if (value === -1) return 0;
    if (!value) return otherwise;
    const ms = Number(value) * unitMs;
    if (ms >= least && ms <= most) return ms;
    const [low, high, got] = [least, most, ms].map((n) => formatDuration(BigInt(Math.round(n * 1e6))));
    throw new Error(`valid value is between ${low} and ${high}, got ${got}`);
  };
  return {
    kubeConfigFile: section['kubeConfigFile'] ?? '',
    retryMs: duration(section['retryBackoff'], 1, 1e-6, 5 * MINUTE_MS, 500),
    allowMs: duration(section['allowTTL'], 1000, 1000, 30 * MINUTE_MS, 5 * MINUTE_MS),
    denyMs: duration(section['denyTTL'], 1000, 1000, 30 * MINUTE_MS, MINUTE_MS / 2),
    defaultAllow: section['defaultAllow'] === true,
  };
}
