import type { ServedResource } from '../../registry/registry.ts';
import { answerBytes } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import type { Negotiated } from '../negotiation.ts';
import type { TableConvertor } from '../table.ts';
import { FUTURE_WAIT_MS, tooLargeVersionError } from './list.ts';
import { version } from './list-options.ts';
import { answerResource, plainJson } from './write-support.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

/** GET of one object: its bytes as they stand in the cache, where JSON is asked for. */
export async function get(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
): Promise<void> {
  const store = served.store!;
  const { info } = request;
  const asked = request.exchange.query === '' ? null : request.query.get('resourceVersion');
  if (asked !== null && asked !== '') {
    const wanted = version(asked, true);
    if (wanted > BigInt(store.cache.revision)) {
      const reachable = wanted <= BigInt(Number.MAX_SAFE_INTEGER);
      if (!reachable || !(await store.cache.waitFor(Number(wanted), FUTURE_WAIT_MS))) {
        throw tooLargeVersionError(wanted, store.cache.revision);
      }
    }
  } else if (!store.alwaysFresh) await store.fresh();
  const found = store.get(served.descriptor.namespaced ? info.namespace : '', info.name);
  if (plainJson(negotiated) && !served.conversion) {
    answerBytes(request, 200, JSON_HEADERS, found.line);
    return;
  }
  answerResource(request, 200, negotiated, served, found.object, table);
}
