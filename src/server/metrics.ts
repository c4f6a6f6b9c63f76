import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry as MetricRegistry } from 'prom-client';
import type { DecisionRecord } from '../explain/record.ts';

const MAX_SERIES = 5000;
const VERBS: Record<string, string> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
  head: 'HEAD',
  options: 'OPTIONS',
};

/** kube-apiserver's metric names where the same thing is measured, `sallyport_*` for what only this server has. */
export class Metrics {
  readonly #registry = new MetricRegistry();
  readonly requests: Counter<'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'scope' | 'code'>;
  readonly durations: Histogram<'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'scope'>;
  readonly watches: Gauge<string>;
  readonly authenticated: Counter<'username'>;
  readonly attempts: Counter<'result'>;
  readonly decisions: Counter<'type' | 'decision'>;
  #defaults = false;
  readonly #texts: (() => string)[] = [];
  readonly #children = new Map<
    string,
    { count: { inc(): void }; time: { observe(seconds: number): void } | undefined }
  >();

  constructor() {
    const registers = [this.#registry];
    const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
    this.requests = new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and status.',
      labelNames: [...labels, 'code'],
      registers,
    });
    this.durations = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: "Time from a request's arrival to its answer, watches excepted.",
      labelNames: [...labels],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    });
    this.watches = new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches that are open now.',
      registers,
    });
    this.authenticated = new Counter({
      name: 'authenticated_user_requests',
      help: 'Requests that were let through the first door, by user: system ones by name, others as other.',
      labelNames: ['username'],
      registers,
    });
    this.attempts = new Counter({
      name: 'authentication_attempts',
      help: 'Requests by what authentication said of them.',
      labelNames: ['result'],
      registers,
    });
    this.decisions = new Counter({
      name: 'apiserver_authorization_decisions_total',
      help: 'Decisions by the authorizer that made them.',
      labelNames: ['type', 'decision'],
      registers,
    });
  }

  /** Counts a request that has its answer. Watches have no duration: they end when the client likes. */
  observe({ request, status = 0, authentication, authorization, micros = 0 }: DecisionRecord): void {
    const key = `${request.method} ${request.verb} ${request.apiGroup} ${request.apiVersion} ${request.resource} ${request.subresource} ${request.namespace === ''} ${request.name === ''} ${status}`;
    let children = this.#children.get(key);
    if (!children) {
      // Paths and verbs are the client's to choose: what is counted one by one has to be bounded.
      if (this.#children.size >= MAX_SERIES) return;
      const scope =
        request.resource === ''
          ? ''
          : request.name
            ? 'resource'
            : request.namespace
              ? 'namespace'
              : 'cluster';
      const labels = {
        verb: VERBS[request.verb] ?? 'OTHER',
        group: request.apiGroup,
        version: request.apiVersion,
        resource: request.resource,
        subresource: request.subresource,
        scope,
      };
      children = {
        count: this.requests.labels({ ...labels, code: String(status) }),
        time: request.verb === 'watch' ? undefined : this.durations.labels(labels),
      };
      this.#children.set(key, children);
    }
    children.count.inc();
    children.time?.observe(micros / 1e6);
    const { user } = authentication ?? {};
    this.attempts.inc({ result: user ? 'success' : 'failure' });
    if (user)
      this.authenticated.inc({
        username:
          user.name.startsWith('system:') &&
          !user.name.startsWith('system:node:') &&
          !user.name.startsWith('system:serviceaccount:')
            ? user.name
            : 'other',
      });
    if (authorization)
      this.decisions.inc({
        type: authorization.asked.at(-1)?.by ?? '',
        decision: authorization.decision === 'allow' ? 'allowed' : 'denied',
      });
  }

  /** `slis`: health checks alone. Process metrics are gathered from the first time anybody asks. */
  async text(slis: boolean): Promise<{ type: string; text: string }> {
    const type = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
    if (slis) return { type, text: '' };
    if (!this.#defaults) {
      collectDefaultMetrics({ register: this.#registry });
      this.#defaults = true;
    }
    return { type, text: [await this.#registry.metrics(), ...this.#texts.map((of) => of())].join('') };
  }

  /** Adds metrics that somebody else keeps, in Prometheus' text format. */
  add(text: () => string): void {
    this.#texts.push(text);
  }
}
