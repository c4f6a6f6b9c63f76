import type { ApiRequest } from './api-request.ts';
import { histogramSamples, metricText, type Sample } from './metric-text.ts';
import { PlainHistogram } from './plain-histogram.ts';

const MAX_SERIES = 5000;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
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

/** What is counted of the requests that are alike. */
interface Series {
  labels: Readonly<Record<string, string>>;
  byCode: Map<number, number>;
  /** Absent for watches: they end when the client likes. */
  time: PlainHistogram | undefined;
}

/** Counts requests by what they ask for, who asks and what was decided, by kube-apiserver's metric names. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #attempts = { success: 0, failure: 0 };
  readonly #users = new Map<string, number>();
  readonly #decisions = new Map<string, { labels: Sample['labels']; value: number }>();

  /** Counts a request that has its answer, which took so many microseconds. */
  observe({ info, record }: ApiRequest, micros: number): void {
    const series = this.#seriesOf(info);
    if (series) {
      const { status = 0 } = record;
      series.byCode.set(status, (series.byCode.get(status) ?? 0) + 1);
      series.time?.observe(micros / 1e6);
    }
    const { caller, decision } = record;
    this.#attempts[caller ? 'success' : 'failure']++;
    if (caller) {
      const name = shownName(caller.name);
      this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    }
    if (decision === undefined) return;
    const type = record.decidedBy ?? '';
    const key = `${type} ${decision}`;
    const counted = this.#decisions.get(key);
    if (counted) counted.value++;
    else
      this.#decisions.set(key, {
        labels: { type, decision: decision === 'allow' ? 'allowed' : 'denied' },
        value: 1,
      });
  }

  /** In Prometheus' text format. */
  text(): string {
    const all = [...this.#series.values()];
    return [
      metricText(
        'apiserver_request_total',
        'Requests by verb, resource and status.',
        'counter',
        all.flatMap(({ labels, byCode }) =>
          [...byCode].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value })),
        ),
      ),
      metricText(
        'apiserver_request_duration_seconds',
        "Time from a request's arrival to its answer, watches excepted.",
        'histogram',
        all.flatMap(({ labels, time }) => (time ? histogramSamples(labels, time) : [])),
      ),
      metricText(
        'authenticated_user_requests',
        'Requests that were let through the first door, by user: system ones by name, others as other.',
        'counter',
        [...this.#users].map(([username, value]) => ({ labels: { username }, value })),
      ),
      metricText(
        'authentication_attempts',
        'Requests by what authentication said of them.',
        'counter',
        Object.entries(this.#attempts).map(([result, value]) => ({ labels: { result }, value })),
      ),
      metricText(
        'apiserver_authorization_decisions_total',
        'Decisions by the authorizer that made them.',
        'counter',
        this.#decisions.values(),
      ),
    ].join('');
  }

  /** Paths and verbs are the client's to choose: what is counted one by one has to be bounded. */
  #seriesOf({
    verb,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    namespace,
    name,
  }: ApiRequest['info']): Series | undefined {
    const scope = resource === '' ? '' : name ? 'resource' : namespace ? 'namespace' : 'cluster';
    const key = `${verb} ${apiGroup} ${apiVersion} ${resource} ${subresource} ${scope}`;
    let series = this.#series.get(key);
    if (series || this.#series.size >= MAX_SERIES) return series;
    series = {
      labels: {
        verb: VERBS[verb] ?? 'OTHER',
        group: apiGroup,
        version: apiVersion,
        resource,
        subresource,
        scope,
      },
      byCode: new Map(),
      time: verb === 'watch' ? undefined : new PlainHistogram(SECONDS),
    };
    this.#series.set(key, series);
    return series;
  }
}

const shownName = (name: string): string =>
  name.startsWith('system:') && !name.startsWith('system:node:') && !name.startsWith('system:serviceaccount:')
    ? name
    : 'other';
