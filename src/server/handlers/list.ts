import { groupVersion, type KubeObject } from '../../meta/object.ts';
import { badRequestError, expiredError, StatusError } from '../../meta/status.ts';
import type { ServedResource } from '../../registry/registry.ts';
import type { CacheView } from '../../storage/cache-view.ts';
import type { CachedObject } from '../../storage/cached-object.ts';
import { CompactedError, FutureRevisionError } from '../../storage/store.ts';
import { answerObject } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import type { Negotiated } from '../negotiation.ts';
import {
  goTypeOf,
  includeObject,
  partialMetadata,
  type TableConvertor,
  toTable,
  wrongShapeError,
} from '../table.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { answerLongBody, MANY_ITEMS, Slices } from './list-body.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';

/** How long a list waits for a revision that is still to come before it says so (storage/cacher, blockTimeout). */
export const FUTURE_WAIT_MS = 3000;

const INCONSISTENT_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** 504 for a revision the server has not reached (apimachinery pkg/api/errors, NewTooLargeResourceVersion). */
export function tooLargeVersionError(asked: bigint | number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
}

export interface Page {
  items: CachedObject[];
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
}

/** Answers a list: whole or by pages, as of now, as of at least or exactly a revision. */
export async function list(
  request: ApiRequest,
  served: ServedResource,
  selection: Selection,
  options: ListOptions,
  negotiated: Negotiated,
  table: TableConvertor,
): Promise<void> {
  await answerPage(request, served, await select(served, selection, options), negotiated, table);
}

/** Answers with a list's page in the shape asked for. */
export async function answerPage(
  request: ApiRequest,
  served: ServedResource,
  page: Page,
  negotiated: Negotiated,
  table: TableConvertor,
): Promise<void> {
  const { descriptor, conversion } = served;
  const shown = (cached: CachedObject): KubeObject =>
    conversion ? conversion.fromStored(cached.object) : cached.object;
  if (negotiated.transform?.as === 'Table') {
    const include = includeObject(request.query.get('includeObject'));
    const { version } = negotiated.transform;
    const tableOf = (objects: KubeObject[]) =>
      toTable(table, objects, { ...page.metadata }, include, request.now, true, version);
    if (isLong(page, negotiated)) {
      const element = (item: CachedObject) => (tableOf([shown(item)])['rows'] as unknown[])[0];
      return answerElements(request, { ...tableOf([]), rows: [] }, page, element);
    }
    answerObject(request, 200, negotiated, tableOf(page.items.map(shown)));
    return;
  }
  if (negotiated.transform) {
    const { as, version } = negotiated.transform;
    if (as === 'PartialObjectMetadata') throw wrongShapeError(as, goTypeOf(served, true));
    const element = (item: CachedObject) => partialMetadata(shown(item), version);
    const list = {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${version}`,
      metadata: page.metadata,
    };
    if (isLong(page, negotiated)) return answerElements(request, { ...list, items: [] }, page, element);
    answerObject(request, 200, negotiated, { ...list, items: page.items.map(element) });
    return;
  }
  const kind = descriptor.listKind;
  const apiVersion = groupVersion(descriptor);
  if (negotiated.mediaType === 'application/json' && !negotiated.pretty && !conversion) {
    const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(page.metadata)},"items":[`;
    const { items } = page;
    return answerLongBody(request, {
      head,
      count: items.length,
      piece: (i) => items[i]!.item,
      size: (i) => items[i]!.size,
      check: (i) => void items[i]!.item,
      tail: ']}\n',
    });
  }
  const element = (item: CachedObject) => {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = shown(item);
    return rest;
  };
  const whole = { kind, apiVersion, metadata: page.metadata };
  if (isLong(page, negotiated)) return answerElements(request, { ...whole, items: [] }, page, element);
  answerObject(request, 200, negotiated, { ...whole, items: page.items.map(element) });
}

const isLong = ({ items }: Page, { mediaType, pretty }: Negotiated): boolean =>
  mediaType === 'application/json' && !pretty && items.length >= MANY_ITEMS;

/** `whole` ends with an empty array, which the elements are put into. */
function answerElements(
  request: ApiRequest,
  whole: Record<string, unknown>,
  { items }: Page,
  element: (item: CachedObject) => unknown,
): Promise<void> {
  return answerLongBody(request, {
    head: JSON.stringify(whole).slice(0, -2),
    count: items.length,
    piece: (i) => Buffer.from(JSON.stringify(element(items[i]!))),
    check: (i) => void items[i]!.object,
    tail: ']}\n',
  });
}

/** What a list shows: the whole selection or a page of it, as of the revision that its options mean. */
export async function select(
  served: ServedResource,
  selection: Selection,
  options: ListOptions,
): Promise<Page> {
  const { cache } = served.store!;
  // Version 0 is whatever is at hand, and all of it (storage/cacher, computeListLimit).
  const limit = options.resourceVersion === '0' ? 0 : options.limit;
  // One object has no pages: a token is not even looked at.
  const single = selection.scope.name !== undefined;
  const token =
    options.continue && !single ? decodeContinue(options.continue, selection.namespace) : undefined;
  const view = await viewFor(served, selection, options, token?.revision, token?.after);

  const whole = limit === 0 && !selection.filters && !token;
  if (whole) {
    return {
      items: [...view.items(selection.namespace)],
      metadata: { resourceVersion: String(view.revision) },
    };
  }
  const items: CachedObject[] = [];
  const slices = new Slices();
  let after = token?.after;
  let more = false;
  for (const item of selection.candidates(view, token?.after, cache) ??
    view.items(selection.namespace, token?.after)) {
    // Whatever is left makes another page, though nothing of it may be in the selection.
    if (limit > 0 && items.length === limit) {
      more = true;
      break;
    }
    if (slices.isOver()) await slices.next();
    if (!selection.matches(item)) continue;
    items.push(item);
    after = item.path;
  }
  const metadata: Page['metadata'] = { resourceVersion: String(view.revision) };
  if (more) {
    cache.retain(view);
    metadata.continue = encodeContinue(view.revision, after!, selection.namespace);
    if (!selection.filters) metadata.remainingItemCount = view.count(selection.namespace, after);
  }
  return { items, metadata };
}

async function viewFor(
  served: ServedResource,
  selection: Selection,
  options: ListOptions,
  continued: number | undefined,
  after: string | undefined,
): Promise<CacheView> {
  const { cache } = served.store!;
  if (continued !== undefined) {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequestError('specifying resource version is not allowed when using continue');
    }
    // A token without a revision goes on with whatever is there now.
    if (continued < 0) return cache.view();
    return at(served, selection, continued, after, options.limit);
  }
  const asked = options.version;
  if (asked > 0n) {
    if (asked > BigInt(cache.revision)) {
      const reachable = asked <= BigInt(Number.MAX_SAFE_INTEGER);
      if (!reachable || !(await cache.waitFor(Number(asked), FUTURE_WAIT_MS))) {
        throw tooLargeVersionError(asked, cache.revision);
      }
    }
    const exact =
      options.resourceVersionMatch === 'Exact' ||
      // A page at a version is a page as of that version: what continue tokens were made of before.
      (options.resourceVersionMatch === '' && options.limit > 0 && selection.scope.name === undefined);
    if (exact) return at(served, selection, Number(asked), undefined, options.limit);
    return cache.view();
  }
  // Without a version a list has to show every write that was answered before it; 0 takes what is there.
  if (options.resourceVersion === '' && !served.store!.alwaysFresh) await served.store!.fresh();
  return cache.view();
}

async function at(
  served: ServedResource,
  selection: Selection,
  revision: number,
  after: string | undefined,
  limit: number,
): Promise<CacheView> {
  const { cache } = served.store!;
  try {
    // With selectors more may have to be read than is shown: then everything is.
    const part = limit > 0 && !selection.filters ? { limit: limit + 1 } : {};
    return await cache.viewAt(revision, {
      ...(selection.namespace ? { namespace: selection.namespace } : {}),
      ...(after === undefined ? {} : { after }),
      ...part,
    });
  } catch (error) {
    if (error instanceof CompactedError) {
      if (after === undefined) throw expiredError(`The resourceVersion for the provided list is too old.`);
      const status = expiredError(INCONSISTENT_CONTINUE);
      (status.status.metadata as Record<string, unknown>)['continue'] = encodeContinue(
        -1,
        after,
        selection.namespace,
      );
      throw status;
    }
    if (error instanceof FutureRevisionError) throw tooLargeVersionError(revision, error.current);
    throw error;
  }
}
