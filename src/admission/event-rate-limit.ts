import type { Clock } from '../meta/clock.ts';
import { aggregateText } from '../meta/field-error.ts';
import type { Fields } from '../meta/object.ts';
import { StatusError } from '../meta/status.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { refuse, wordsOf } from './refusal.ts';

/** eventratelimit.admission.k8s.io/v1alpha1: how many events may be written, in all or per namespace, user or source. */
export interface EventLimit {
  type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject';
  qps: number;
  burst: number;
  /** Keys that are remembered; the one unused for longest makes room. */
  cacheSize: number;
}

const DEFAULT_CACHE_SIZE = 4096;

/** Keeps a server from being flooded with events (plugin/pkg/admission/eventratelimit). */
export class EventRateLimit implements AdmissionPlugin {
  readonly name = 'EventRateLimit';
  readonly resources: readonly string[] = ['events', 'events.events.k8s.io'];
  readonly #limits: readonly { limit: EventLimit; buckets: Buckets }[];

  constructor(limits: readonly EventLimit[], clock: Clock) {
    this.#limits = limits.map((limit) => ({ limit, buckets: new Buckets(limit, clock) }));
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    if (attributes.dryRun) return ACCEPTED;
    const reached: { type: string; key: string }[] = [];
    for (const { limit, buckets } of this.#limits) {
      const key = keyOf(limit.type, attributes);
      if (!buckets.take(key)) reached.push({ type: limit.type, key });
    }
    if (reached.length === 0) return ACCEPTED;
    const texts = reached.map((facts) => wordsOf('EVENT_RATE_LIMIT', facts));
    const message = `Too many requests: ${aggregateText(texts)}`;
    return refuse(
      'EVENT_RATE_LIMIT',
      reached[0]!,
      new StatusError({ code: 429, reason: 'TooManyRequests', message }),
    );
  }
}

function keyOf(type: EventLimit['type'], { namespace, user, object }: AdmissionAttributes): string {
  switch (type) {
    case 'Server':
      return '';
    case 'Namespace':
      return namespace;
    case 'User':
      return user.name;
    case 'SourceAndObject': {
      const { component = '', host = '' }: Fields = object?.['source'] ?? {};
      const {
        kind = '',
        namespace: place = '',
        name = '',
        uid = '',
        apiVersion = '',
      }: Fields = object?.['involvedObject'] ?? {};
      return [component, host, kind, place, name, uid, apiVersion].join('');
    }
  }
}

/** Token buckets by key, filled by the clock. */
class Buckets {
  readonly #limit: EventLimit;
  readonly #clock: Clock;
  readonly #size: number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(limit: EventLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#size = limit.type === 'Server' ? 1 : limit.cacheSize || DEFAULT_CACHE_SIZE;
  }

  take(key: string): boolean {
    const { qps, burst } = this.#limit;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#size) this.#buckets.delete(this.#buckets.keys().next().value!);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * qps);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
