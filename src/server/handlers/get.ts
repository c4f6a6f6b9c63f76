import type { ServedResource } from '../../registry/registry.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { answerBytes } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import type { Negotiated } from '../negotiation.ts';
import type { TableConvertor } from '../table.ts';
import { FUTURE_WAIT_MS, tooLargeVersionError } from './list.ts';
import { version } from './list-options.ts';
import { answerResource, plainJson } from './write-support.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

/** GET of one object: its bytes as they stand in the cache, where JSON is asked for. */
export function get(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
): void | Promise<void> {
  const store = served.store!;
  const asked = request.exchange.query === '' ? null : request.query.get('resourceVersion');
  if (asked !== null && asked !== '')
    return atLeast(store, version(asked, true)).then(() => answer(request, served, negotiated, table));
  if (!store.alwaysFresh) return store.fresh().then(() => answer(request, served, negotiated, table));
  answer(request, served, negotiated, table);
}

/** Resolves once the cache has reached a revision; throws the 504 of one that is too far. */
async function atLeast(store: ResourceStore, wanted: bigint): Promise<void> {
  if (wanted <= BigInt(store.cache.revision)) return;
  const reachable = wanted <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!reachable || !(await store.cache.waitFor(Number(wanted), FUTURE_WAIT_MS)))
    throw tooLargeVersionError(wanted, store.cache.revision);
}

function answer(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
): void {
  const { info } = request;
  const found = served.store!.get(served.descriptor.namespaced ? info.namespace : '', info.name);
  if (plainJson(negotiated) && !served.conversion) {
    answerBytes(request, 200, JSON_HEADERS, found.line);
    return;
  }
  answerResource(request, 200, negotiated, served, found.object, table);
}
