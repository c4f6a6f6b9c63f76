import type { Writable } from 'node:stream';
import { groupVersion, type KubeObject } from '../../meta/object.ts';
import { expiredError, internalError } from '../../meta/status.ts';
import type { ServedResource } from '../../registry/registry.ts';
import {
  type CachedObject,
  type CacheEvent,
  type ChangeType,
  UndecodableObjectError,
  watchFrame,
} from '../../storage/cached-object.ts';
import type { ApiRequest } from '../api-request.ts';
import { encodeWatchFrame } from '../codec.ts';
import { metricText } from '../metric-text.ts';
import type { Negotiated } from '../negotiation.ts';
import {
  type IncludeObject,
  includeObject,
  partialMetadata,
  type TableConvertor,
  toTable,
} from '../table.ts';
import { FUTURE_WAIT_MS, tooLargeVersionError } from './list.ts';
import { drained, Slices } from './list-body.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';
import { type FrameWriter, flushSoon, JoinedFrames } from './watch-frames.ts';

const BOOKMARK_EVERY_MS = 60_000;
/** So long before its end a watch gets a last bookmark (storage/cacher, nextBookmarkTime). */
const LAST_BOOKMARK_S = 2;
/** Timers know no longer time. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * A watcher that is so far behind is dropped, and one that is less far behind for so long: it may come back and resume, and
 * nothing is held for it meanwhile.
 */
const MAX_BEHIND_BYTES = 16 * 1024 * 1024;
const BEHIND_BYTES = 1024 * 1024;
const MAX_BEHIND_MS = 30_000;
/** What is there when a watch begins goes out in pieces of about this, each once the one before has gone. */
const CHUNK_BYTES = 128 * 1024;
/** A watch that has not begun by then gives its seats to others. */
const SEAT_MS = 5000;

/** Open watches, to be ended when the server stops. */
export class OpenWatches {
  readonly #ends = new Set<() => void>();
  /** --min-request-timeout: a watch without a limit of its own ends after so many seconds, or up to twice as many. */
  readonly minTimeoutS: number;
  /** Watches that were dropped because they did not read, by resource. */
  readonly #dropped = new Map<string, { group: string; resource: string; count: number }>();

  constructor(minTimeoutS = 1800) {
    this.minTimeoutS = minTimeoutS;
  }

  add(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  get count(): number {
    return this.#ends.size;
  }

  noteDropped({ group, plural: resource }: ServedResource['descriptor']): void {
    const key = `${resource}.${group}`;
    const found = this.#dropped.get(key) ?? { group, resource, count: 0 };
    found.count++;
    this.#dropped.set(key, found);
  }

  metricsText(): string {
    return metricText(
      'apiserver_terminated_watchers_total',
      'Watches that were ended because their clients did not read.',
      'counter',
      [...this.#dropped.values()].map(({ group, resource, count }) => ({
        labels: { group, resource },
        value: count,
      })),
    );
  }

  /** Ends all of them, as a time-out would: clients come back when they can. */
  endAll(): void {
    for (const end of [...this.#ends]) end();
  }
}

interface Form {
  contentType: string;
  event(type: ChangeType, object: CachedObject, event?: CacheEvent): Uint8Array;
  bookmark(revision: number, initialEnd: boolean): Uint8Array;
  error(status: Record<string, unknown>): Uint8Array;
}

/** Answers a watch: what is there first, where asked for, then every change in the selection until it ends. */
export async function watch(
  request: ApiRequest,
  served: ServedResource,
  selection: Selection,
  options: ListOptions,
  negotiated: Negotiated,
  table: TableConvertor,
  open: OpenWatches,
): Promise<void> {
  const { cache } = served.store!;
  const form = formOf(request, served, negotiated, table);
  const fromNow = options.version === 0n;
  const initial = options.sendInitialEvents ?? fromNow;
  const reachable = options.version <= BigInt(Number.MAX_SAFE_INTEGER);
  // Only who wants to be told what is there has to be shown a state that is new enough; others wait for what comes.
  const tooNew =
    options.sendInitialEvents === true &&
    options.version > BigInt(cache.revision) &&
    (!reachable || !(await cache.waitFor(Number(options.version), FUTURE_WAIT_MS)));
  if (options.resourceVersion === '' && !served.store!.alwaysFresh) await served.store!.fresh();
  if (request.audit) await request.audit.started(200);
  if (request.exchange.closed) return;
  request.record.status = 200;
  const out = request.exchange.stream(200, request.answerHeaders({ 'content-type': form.contentType }));
  if (tooNew) {
    // Once the query has been understood, whatever goes wrong is an event.
    out.end(form.error(tooLargeVersionError(options.version, cache.revision).status as never));
    return;
  }
  const watcher = new Watcher(out, selection, form, options.allowWatchBookmarks, () => {
    open.noteDropped(served.descriptor);
    request.exchange.cut();
  });
  const seconds = options.timeoutSeconds || open.minTimeoutS * (1 + Math.random());
  const timer = setTimeout(() => watcher.end(), Math.min(seconds * 1000, MAX_TIMER_MS));
  const forget = open.add(() => watcher.end());
  request.end = () => watcher.end();
  watcher.onEnd = () => {
    clearTimeout(timer);
    forget();
  };
  request.exchange.onClose(() => watcher.end());
  let after = initial || fromNow ? undefined : Number(options.version);
  if (after !== undefined) watcher.behind = after;
  if (initial) {
    const view = cache.view();
    const items = selection.candidates(view, undefined, cache) ?? view.items(selection.namespace);
    // What has changed by the time all is sent comes behind it.
    if (await sendInitial(request, out, watcher, items, selection, form)) after = view.revision;
    if (watcher.isOver) return;
    watcher.revision = view.revision;
    if (options.sendInitialEvents && options.allowWatchBookmarks)
      watcher.send(form.bookmark(view.revision, true));
  }
  const unsubscribe = cache.subscribe(watcher, selection.scope, after);
  if (typeof unsubscribe !== 'function') {
    const asked = initial ? after : options.version;
    const status = expiredError(`too old resource version: ${asked} (${unsubscribe.oldest})`).status;
    watcher.send(form.error(status as never));
    watcher.end();
    return;
  }
  const bookmarks = options.allowWatchBookmarks
    ? setInterval(() => watcher.bookmark(cache.revision), BOOKMARK_EVERY_MS)
    : undefined;
  // Before a watch runs out, its client is told how far it got, if there is time for it.
  const last =
    options.allowWatchBookmarks && seconds > LAST_BOOKMARK_S
      ? setTimeout(
          () => watcher.bookmark(cache.revision),
          Math.min((seconds - LAST_BOOKMARK_S) * 1000, MAX_TIMER_MS),
        )
      : undefined;
  watcher.onEnd = () => {
    unsubscribe();
    clearTimeout(timer);
    clearTimeout(last);
    clearInterval(bookmarks);
    forget();
  };
}

/** Tells what is there. Resolves to whether that took so long that something else may have happened meanwhile. */
async function sendInitial(
  request: ApiRequest,
  out: Writable,
  watcher: Watcher,
  items: Iterable<CachedObject>,
  selection: Selection,
  form: Form,
): Promise<boolean> {
  const began = performance.now();
  let frames: Uint8Array[] = [];
  let bytes = 0;
  let waited = false;
  const slices = new Slices();
  for (const item of items) {
    if (slices.isOver()) {
      waited = true;
      await slices.next();
      if (watcher.isOver) return true;
    }
    if (!selection.matches(item)) continue;
    const frame = form.event('ADDED', item);
    frames.push(frame);
    bytes += frame.length;
    if (bytes < CHUNK_BYTES) continue;
    watcher.send(Buffer.concat(frames, bytes));
    watcher.flush();
    frames = [];
    bytes = 0;
    if (!out.writableNeedDrain) continue;
    waited = true;
    await drained(out);
    if (watcher.isOver) return true;
    if (performance.now() - began > SEAT_MS) request.seat?.release();
  }
  if (bytes > 0) watcher.send(Buffer.concat(frames, bytes));
  return waited;
}

class Watcher implements FrameWriter {
  onEnd: (() => void) | undefined;
  revision = 0;
  /** Events up to this revision are not told: where the client says it is already. */
  behind = 0;
  readonly #out: Writable;
  readonly #selection: Selection;
  readonly #form: Form;
  readonly #bookmarks: boolean;
  readonly #drop: () => void;
  /** Told and not yet written. */
  #frames: Uint8Array[] = [];
  #ended = false;
  /** Since when it has been behind; 0: it is not. */
  #behindSince = 0;

  /** `drop` cuts the answer: what is written and not read is not going to be. */
  constructor(out: Writable, selection: Selection, form: Form, bookmarks: boolean, drop: () => void) {
    this.#out = out;
    this.#selection = selection;
    this.#form = form;
    this.#bookmarks = bookmarks;
    this.#drop = drop;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  send(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#frames.push(bytes) === 1) flushSoon(this);
  }

  flush(joined = new JoinedFrames()): void {
    if (this.#frames.length === 0 || this.#out.destroyed) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#out.write(joined.of(frames));
    if (this.#ended) return;
    const behind = this.#out.writableLength;
    if (behind <= BEHIND_BYTES) {
      this.#behindSince = 0;
      return;
    }
    const now = performance.now();
    if (this.#behindSince === 0) this.#behindSince = now;
    if (behind < MAX_BEHIND_BYTES && now - this.#behindSince < MAX_BEHIND_MS) return;
    this.end();
    this.#drop();
  }

  bookmark(revision: number): void {
    if (this.#bookmarks) this.send(this.#form.bookmark(revision, false));
  }

  event(event: CacheEvent): void {
    this.revision = event.revision;
    if (event.revision <= this.behind) return;
    const { filters } = this.#selection;
    try {
      const type = filters ? this.#changeInSelection(event) : event.type;
      if (!type) return;
      this.send(this.#form.event(type, type === 'DELETED' ? event.leaving : event.current, event));
    } catch (error) {
      if (!(error instanceof UndecodableObjectError)) throw error;
      // Rather no more events than one left out.
      this.send(this.#form.error(internalError(error.message).status as never));
      this.end();
    }
  }

  /** Leaving the selection is a deletion, coming into it an addition, and a change outside of it nothing. */
  #changeInSelection(event: CacheEvent): ChangeType | undefined {
    const before = event.previous !== undefined && this.#selection.matches(event.previous);
    const after = event.type !== 'DELETED' && this.#selection.matches(event.current);
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  /** The cache can't go on from here: whoever watches starts over. */
  ended(): void {
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd?.();
    this.flush();
    this.#out.end();
    // Who does not read does not see the end either.
    if (this.#out.writableLength > 0) {
      const timer = setTimeout(this.#drop, MAX_BEHIND_MS).unref();
      this.#out.once('close', () => clearTimeout(timer));
    }
  }
}

function formOf(
  request: ApiRequest,
  served: ServedResource,
  negotiated: Negotiated,
  table: TableConvertor,
): Form {
  const { descriptor, conversion } = served;
  const kind = descriptor.kind;
  const apiVersion = groupVersion(descriptor);
  const bookmarkOf = (revision: number, initialEnd: boolean): KubeObject => ({
    kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  });
  const line = (type: string, object: unknown): Buffer =>
    Buffer.from(`${JSON.stringify({ type, object })}\n`);
  const error = (status: Record<string, unknown>): Buffer => line('ERROR', status);
  const shown = (cached: CachedObject): KubeObject =>
    conversion ? conversion.fromStored(cached.object) : cached.object;

  if (negotiated.mediaType === 'application/vnd.kubernetes.protobuf') {
    const as = (object: KubeObject): KubeObject =>
      negotiated.transform ? partialMetadata(object, negotiated.transform.version) : object;
    return {
      contentType: 'application/vnd.kubernetes.protobuf;stream=watch',
      event: (type, cached) => encodeWatchFrame(type, as(shown(cached))),
      bookmark: (revision, end) => encodeWatchFrame('BOOKMARK', as(bookmarkOf(revision, end))),
      error: (status) => encodeWatchFrame('ERROR', status as never),
    };
  }
  const contentType = 'application/json';
  if (negotiated.transform?.as === 'Table') {
    const include: IncludeObject = includeObject(request.query.get('includeObject'));
    const { version } = negotiated.transform;
    let first = true;
    const tableOf = (object: KubeObject, withObject = include): unknown => {
      const rows = toTable(
        table,
        [object],
        { resourceVersion: object.metadata.resourceVersion! },
        withObject,
        Date.now(),
        first,
        version,
      );
      first = false;
      return rows;
    };
    return {
      contentType,
      event: (type, cached) => line(type, tableOf(shown(cached))),
      // The end of the initial events is told by an annotation: it comes with its object, whatever was asked for.
      bookmark: (revision, end) =>
        line(
          'BOOKMARK',
          tableOf(bookmarkOf(revision, end), end && include === 'None' ? 'Metadata' : include),
        ),
      error,
    };
  }
  if (negotiated.transform) {
    const { version } = negotiated.transform;
    return {
      contentType,
      event: (type, cached) => line(type, partialMetadata(shown(cached), version)),
      bookmark: (revision, end) => line('BOOKMARK', partialMetadata(bookmarkOf(revision, end), version)),
      error,
    };
  }
  return {
    contentType,
    event: conversion
      ? (type, cached) => line(type, conversion.fromStored(cached.object))
      : (type, cached, event) => (event ? event.frame(type) : watchFrame(type, cached)),
    bookmark: (revision, end) => line('BOOKMARK', bookmarkOf(revision, end)),
    error,
  };
}
