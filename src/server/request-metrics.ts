import type { ApiRequest } from './api-request.ts';
import { histogramSamples, metricText, type Sample } from './metric-text.ts';
import { PlainHistogram } from './plain-histogram.ts';

const MAX_SERIES = 5000;
/** kube-apiserver's buckets, and finer ones below them. */
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15,
  20, 30, 45, 60,
];
const VERBS: Record<string, string> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  post: 'POST',
  update: 'PUT',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
  head: 'GET',
};
/** Subresources that connect to a node or a Service. */
const CONNECTS = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);
/** Paths beside resources that are counted by their name; others could be any number. */
const PATHS =
  /^\/(?:(?:livez|readyz|healthz)(?:\/[a-z0-9/-]{0,80})?|metrics(?:\/slis)?|version|openapi\/v[23]|apis?(?:\/[a-z0-9.-]{0,80}){0,2})?$/;

/** What is counted of the requests that are alike. */
interface Series {
  labels: Readonly<Record<string, string>>;
  byCode: Map<number, number>;
  /** Those that were turned away or ended because the server had too much to do. */
  terminated: Map<number, number>;
  /** Absent for watches: they end when the client likes. */
  time: PlainHistogram | undefined;
}

/** Counts requests by what they ask for, who asks and what was decided, by kube-apiserver's metric names. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  /** The same by the place that requests without anything special about them are for. */
  readonly #byPlace = new WeakMap<object, Series>();
  readonly #byLabels = new Map<string, Series>();
  readonly #attempts = { success: 0, failure: 0 };
  readonly #users = new Map<string, number>();
  /** By the authorizer asked last. */
  readonly #decisions = new Map<string, { allowed: number; denied: number }>();

  /** Counts a request that has its answer, which took so many microseconds. */
  observe(request: ApiRequest, micros: number): void {
    const { record } = request;
    const series = this.#seriesOf(request);
    if (series) {
      const { status = 0 } = record;
      series.byCode.set(status, (series.byCode.get(status) ?? 0) + 1);
      series.time?.observe(micros / 1e6);
      if (record.flowControl !== undefined || record.timedOut)
        series.terminated.set(status, (series.terminated.get(status) ?? 0) + 1);
    }
    const { caller, decision } = record;
    this.#attempts[caller ? 'success' : 'failure']++;
    if (caller) {
      const name = shownName(caller.name);
      this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    }
    if (decision === undefined) return;
    const type = record.decidedBy ?? '';
    let counted = this.#decisions.get(type);
    if (!counted) {
      counted = { allowed: 0, denied: 0 };
      this.#decisions.set(type, counted);
    }
    counted[decision === 'allow' ? 'allowed' : 'denied']++;
  }

  /** In Prometheus' text format. `longRunning`: requests under way whose answers may take as long as they like. */
  text(longRunning: Iterable<ApiRequest>): string {
    const all = [...this.#byLabels.values()];
    return [
      metricText(
        'apiserver_longrunning_requests',
        'Requests under way whose answers may take as long as they like, watches above all.',
        'gauge',
        countedBy(longRunning),
      ),
      metricText(
        'apiserver_request_terminations_total',
        'Requests that were turned away, or took too long.',
        'counter',
        all.flatMap(({ labels: { dry_run: _, ...labels }, terminated }) =>
          [...terminated].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value })),
        ),
      ),
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
        [...this.#decisions].flatMap(([type, counts]) =>
          Object.entries(counts)
            .filter(([, value]) => value > 0)
            .map(([decision, value]) => ({ labels: { type, decision }, value })),
        ),
      ),
    ].join('');
  }

  /** Paths and verbs are the client's to choose: what is counted one by one has to be bounded. */
  #seriesOf(request: ApiRequest): Series | undefined {
    const { info, exchange } = request;
    const { place } = info;
    const isPlain = place !== undefined && exchange.query === '' && exchange.method !== 'PATCH';
    const known = isPlain ? this.#byPlace.get(place) : undefined;
    if (known) return known;
    const series = this.#find(request);
    if (isPlain && series) this.#byPlace.set(place, series);
    return series;
  }

  #find(request: ApiRequest): Series | undefined {
    const { info, query, exchange } = request;
    const { verb, apiGroup, apiVersion, resource, subresource, namespace, name, path } = info;
    const dryRun = exchange.query.includes('dryRun') ? dryRunOf(query) : '';
    const isApply = verb === 'patch' && exchange.header('content-type') === 'application/apply-patch+yaml';
    const key = info.isResourceRequest
      ? `${verb} ${apiGroup} ${apiVersion} ${resource} ${subresource} ${namespace === ''} ${name === ''} ${dryRun} ${isApply}`
      : `${verb} ${path}`;
    let series = this.#series.get(key);
    if (series || this.#series.size >= MAX_SERIES) return series;
    series = {
      labels: { ...labelsOf(request), dry_run: dryRun },
      byCode: new Map(),
      terminated: new Map(),
      time: verb === 'watch' ? undefined : new PlainHistogram(SECONDS),
    };
    // Paths that nobody knows share one.
    const shared = `${JSON.stringify(series.labels)}`;
    series = this.#byLabels.get(shared) ?? series;
    this.#byLabels.set(shared, series);
    if (info.isResourceRequest || PATHS.test(path)) this.#series.set(key, series);
    return series;
  }
}

/** What kube-apiserver says of a request (endpoints/metrics, CleanScope and CleanVerb). */
function labelsOf({ info, exchange }: ApiRequest): Record<string, string> {
  const { verb, apiGroup, apiVersion, resource, subresource, namespace, name, path } = info;
  const isConnect = info.isResourceRequest && CONNECTS.has(subresource);
  const isApply = verb === 'patch' && exchange.header('content-type') === 'application/apply-patch+yaml';
  const scope =
    name !== '' || verb === 'create'
      ? 'resource'
      : namespace !== ''
        ? 'namespace'
        : info.isResourceRequest
          ? 'cluster'
          : '';
  return {
    verb: isConnect ? 'CONNECT' : isApply ? 'APPLY' : (VERBS[verb] ?? 'OTHER'),
    group: apiGroup,
    version: apiVersion,
    resource,
    subresource: info.isResourceRequest ? subresource : PATHS.test(path) ? path : '',
    scope,
    component: 'apiserver',
  };
}

function dryRunOf(query: URLSearchParams): string {
  const asked = new Set(query.getAll('dryRun'));
  return [...asked].every((value) => value === 'All') ? [...asked].join(',') : 'invalid';
}

/** How many requests there are of each set of labels. */
function countedBy(requests: Iterable<ApiRequest>): Sample[] {
  const counted = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const request of requests) {
    const labels = labelsOf(request);
    const key = JSON.stringify(labels);
    const sample = counted.get(key) ?? { labels, value: 0 };
    sample.value++;
    counted.set(key, sample);
  }
  return [...counted.values()];
}

const shownName = (name: string): string =>
  name.startsWith('system:') && !name.startsWith('system:node:') && !name.startsWith('system:serviceaccount:')
    ? name
    : 'other';
