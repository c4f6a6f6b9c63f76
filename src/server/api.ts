import type { IssuerDiscovery } from '../authentication/service-account/issuer-discovery.ts';
import { methodNotAllowedError, resourceNotFoundError, StatusError } from '../meta/status.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import { answerBytes, answerObject, answerPageNotFound, answerStatus, encode } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import type { Discovery } from './discovery.ts';
import type { RefusalExplainer } from './explain-refusal.ts';
import type { HealthChecks } from './health.ts';
import type { Metrics } from './metrics.ts';
import {
  type Allowed,
  fitsAny,
  MEDIA_TYPES,
  type Negotiated,
  NO_TRANSFORM,
  negotiate,
  notAcceptableError,
  nothingAvailableError,
} from './negotiation.ts';
import type { OpenApi } from './openapi.ts';
import type { ResourceRouter } from './router.ts';
import { versionInfo } from './version.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
const AGGREGATED = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Another path of the server's own, such as the console's. Answers true where the request was its. */
export type ExtraPath = (request: ApiRequest) => boolean | Promise<boolean>;

export interface ApiParts {
  aggregator: Aggregator;
  router: ResourceRouter;
  discovery: Discovery;
  health: HealthChecks;
  metrics: Metrics;
  /** The debug page of flow control at the path; undefined where there is none. */
  flowControlPage(path: string, details: boolean): string | undefined;
  openapi: OpenApi;
  issuer: IssuerDiscovery;
  extra: readonly ExtraPath[];
  /** Tells those who may know why admission refuses a request. */
  explain?: RefusalExplainer | undefined;
}

/** What stands behind the doors: resources, discovery, OpenAPI, health, version and metrics, by path. */
export class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Answers at once where nothing has to be waited for. */
  handle = (request: ApiRequest): void | Promise<void> => {
    try {
      const handling = this.#handle(request);
      if (handling) return handling.catch((error: unknown) => this.#refused(request, error));
    } catch (error) {
      return this.#refused(request, error);
    }
  };

  #handle(request: ApiRequest): void | Promise<void> {
    const remote = this.#parts.aggregator.handle(request);
    if (remote) {
      // What takes time from here on is another server's.
      if (request.info.verb === 'watch') request.seat?.release();
      return remote;
    }
    if (request.info.isResourceRequest) return this.#parts.router.handle(request);
    return this.#path(request);
  }

  async #refused(request: ApiRequest, error: unknown): Promise<void> {
    if (!(error instanceof StatusError)) throw error;
    if (this.#parts.explain && isDenied(request)) await this.#parts.explain(request);
    if (!request.exchange.closed) answerStatus(request, error);
  }

  async #path(request: ApiRequest): Promise<void> {
    const { health, metrics, openapi, issuer, extra, discovery } = this.#parts;
    const { path } = request.info;
    const { method } = request.exchange;
    if (path === '/version' || path === '/version/') {
      if (method !== 'GET') throw methodNotAllowedError();
      return answerBytes(
        request,
        200,
        { 'content-type': 'application/json' },
        JSON.stringify(versionInfo(), null, 2),
      );
    }
    if (
      path === '/healthz' ||
      path.startsWith('/healthz/') ||
      path.startsWith('/livez') ||
      path.startsWith('/readyz')
    ) {
      if (await health.answer(request)) return;
      return answerPageNotFound(request);
    }
    if (path === '/metrics' || path === '/metrics/slis') {
      const { type, text } = await metrics.text(path === '/metrics/slis');
      return answerBytes(request, 200, { 'content-type': type }, text);
    }
    if (path === '/' || path === '/index.html') {
      const paths = [
        ...issuer.paths(),
        ...discovery.paths(),
        ...health.paths(),
        '/metrics',
        '/metrics/slis',
        '/openapi/v2',
        '/openapi/v3',
        '/version',
      ].sort();
      return answerBytes(
        request,
        200,
        { 'content-type': 'application/json' },
        JSON.stringify({ paths }, null, 2),
      );
    }
    const document = issuer.handle(method, path, request.exchange.header('accept'));
    if (document instanceof StatusError) throw document;
    if (document) return answerBytes(request, document.status, document.headers, document.body);
    if (path.startsWith('/debug/api_priority_and_fairness/')) {
      const page = this.#parts.flowControlPage(path, Boolean(request.query.get('includeRequestDetails')));
      if (page !== undefined) return answerBytes(request, 200, TEXT, page);
    }
    if (path.startsWith('/openapi/')) return openapi.answer(request);
    if (
      path === '/api' ||
      path === '/api/' ||
      path.startsWith('/api/') ||
      path === '/apis' ||
      path.startsWith('/apis/')
    ) {
      return this.#discovery(request, path.replace(/\/$/, ''));
    }
    for (const handle of extra) if (await handle(request)) return;
    answerPageNotFound(request);
  }

  #discovery(request: ApiRequest, path: string): void {
    const { discovery } = this.#parts;
    const { method } = request.exchange;
    const parts = path.split('/').slice(1);
    if (path.includes('//')) return answerPageNotFound(request);
    if (path === '/api' || path === '/apis') {
      if (path === '/api' && method !== 'GET') throw methodNotAllowedError();
      const negotiated = choose(request, isAggregated);
      if (negotiated.transform) {
        const { body, etag } = discovery.aggregated(path === '/api' ? 'api' : 'apis');
        const { mediaType } = negotiated;
        const headers = {
          'content-type': `${mediaType}${AGGREGATED}`,
          vary: 'Accept',
          etag: `"${etag}"`,
          'cache-control': 'public',
        };
        if (request.exchange.header('if-none-match') === `"${etag}"`)
          return answerBytes(request, 304, headers, '');
        const json = mediaType === 'application/json';
        const shown = json ? body : encode(JSON.parse(body.toString()), mediaType, false);
        return answerBytes(request, 200, headers, shown);
      }
      const list = path === '/api' ? discovery.apiVersions() : discovery.groupList();
      return answerObject(request, 200, negotiated, list, { vary: 'Accept' });
    }
    const core = parts[0] === 'api';
    if (!core && parts.length === 2) {
      const group = discovery.group(parts[1]!);
      if (!group) return answerPageNotFound(request);
      return answerObject(request, 200, choose(request), group);
    }
    const [group, version] = core ? ['', parts[1]!] : [parts[1]!, parts[2]!];
    const list = discovery.resourceList(group, version);
    if (!list) {
      if (!core && (!discovery.hasGroup(group) || discovery.isCustom(group)))
        return answerPageNotFound(request);
      throw resourceNotFoundError();
    }
    if (method !== 'GET') throw methodNotAllowedError();
    answerObject(request, 200, choose(request), list);
  }
}

const isAggregated: Allowed = ({ as, group, version }) =>
  as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && version === 'v2';

const isDenied = ({ record }: ApiRequest): boolean => record.admission?.at(-1)?.outcome === 'denied';

function choose(request: ApiRequest, allowed: Allowed = NO_TRANSFORM): Negotiated {
  const accept = request.exchange.header('accept');
  const chosen = negotiate(accept, MEDIA_TYPES, allowed);
  if (chosen) return chosen;
  throw fitsAny(accept!, MEDIA_TYPES) ? notAcceptableError(MEDIA_TYPES) : nothingAvailableError(MEDIA_TYPES);
}
