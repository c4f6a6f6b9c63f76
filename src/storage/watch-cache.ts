import { type Clock, systemClock } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { type CacheScope, type CacheSubscriber, CacheSubscribers, inScope } from './cache-subscribers.ts';
import { CacheView, namespacePrefix, RetainedViews } from './cache-view.ts';
import {
  CachedObject,
  CacheEvent,
  type ChangeType,
  type ObjectForm,
  objectForm,
  UndecodableObjectError,
} from './cached-object.ts';
import { EventRing } from './event-ring.ts';
import { type IndexFunction, ObjectIndex } from './object-index.ts';
import { pathBehind } from './path-behind.ts';
import { Reflector } from './reflector.ts';
import { SortedObjects } from './sorted-objects.ts';
import type { Store, StoredValue, StoreEvent } from './store.ts';

export interface WatchCacheOptions {
  store: Store;
  /** With the slash at its end: `/registry/configmaps/`. */
  prefix: string;
  kind: string;
  apiVersion: string;
  /** See ObjectForm; for values that are not the JSON of this version with all its defaults. */
  decode?: ObjectForm['decode'];
  /** Fields or labels to find objects by. */
  indexes?: Record<string, IndexFunction>;
  clock?: Clock;
  /** Told of each failure of the store while the cache tries again. */
  onError?: (error: Error) => void;
}

/** A watch asked to resume from a revision whose successors are no longer known. */
export interface ExpiredRevision {
  expired: true;
  /** The oldest revision to resume from. */
  oldest: number;
}

type Change =
  | { type: 'ADDED'; object: KubeObject; previous?: undefined }
  | { type: 'MODIFIED'; object: KubeObject; previous: KubeObject }
  | { type: 'DELETED'; object: KubeObject; previous: KubeObject };

/** What a listener is to be told of (registry/lister.ts). */
interface Interest {
  types?: readonly ChangeType[];
  namespace?: string;
  name?: string;
  mentions?: readonly string[];
}

interface CacheLister {
  get(namespace: string, name: string): KubeObject | undefined;
  list(namespace?: string): KubeObject[];
  onChange(handler: (change: Change) => void, interest?: Interest): () => void;
}

interface Waiter {
  revision: number;
  /** When to ask the engine how far it is, should nothing have come by then; monotonic milliseconds. */
  askAt: number;
  done(arrived: boolean): void;
}

/** How often an engine is asked how far it is while somebody waits (kube-apiserver: 100 ms). */
const progressEveryMs = 100;
/** While events come one after the other, the next is as good as an answer, and older members of etcd answer dearly. */
const livelyMs = 5;
/** Objects whose size is looked at to estimate that of a list. */
const SAMPLE = 16;
/** Continue tokens live as long as history does at least. */
const viewsKeptMs = 300_000;

/**
 * All objects of one resource, in memory and as current as the store's watch: kube-apiserver's watch cache and the
 * reflector below it (apiserver pkg/storage/cacher). Reads are synchronous. A store that fails is tried again with
 * growing pauses; what has changed meanwhile comes as events once it is back. Where history does not tell any more what
 * has changed, subscriptions end and resuming is refused, as kube-apiserver does it.
 */
export class WatchCache {
  readonly prefix: string;
  readonly #store: Store;
  readonly #form: ObjectForm;
  readonly #clock: Clock;
  readonly #byPath = new Map<string, CachedObject>();
  #sorted = new SortedObjects();
  readonly #indexes = new Map<string, ObjectIndex>();
  readonly #subscribers = new CacheSubscribers();
  readonly #views = new RetainedViews(viewsKeptMs);
  #ring = new EventRing(0);
  #revision = 0;
  /** The revision since which nothing of this resource has changed. */
  #lastChange = 0;
  #averageBytes = 0;
  #sampledAt = 0;
  readonly #reflector: Reflector;
  #stopped = false;
  #started: Promise<void> | undefined;
  #waiters: Waiter[] = [];
  #askTimer: NodeJS.Timeout | undefined;
  /** When the timer is due; monotonic milliseconds. */
  #askAt = Number.POSITIVE_INFINITY;
  /** Monotonic milliseconds. */
  #lastEventAt = Number.NEGATIVE_INFINITY;
  #lister: CacheLister | undefined;

  constructor(options: WatchCacheOptions) {
    this.#store = options.store;
    this.prefix = options.prefix;
    this.#form = objectForm(options.kind, options.apiVersion, options.decode);
    this.#clock = options.clock ?? systemClock;
    this.#reflector = new Reflector(options.store, options.prefix, {
      replace: (revision, values) => this.#replace(revision, values),
      events: (events) => {
        for (const event of events) this.#apply(event);
        this.#arrived();
      },
      progress: (revision) => {
        if (revision > this.#revision) this.#revision = revision;
        this.#arrived();
      },
      failed: (error) => options.onError?.(error),
    });
    for (const [name, values] of Object.entries(options.indexes ?? {}))
      this.#indexes.set(name, new ObjectIndex(values));
  }

  /** Lists and begins to watch. Resolves at the first success; failures are tried again until `stop`. */
  start(): Promise<void> {
    this.#started ??= this.#reflector.start();
    return this.#started;
  }

  /** Where the store failed, asks it again at once; resolves when it has answered or failed. */
  retryNow(): Promise<void> {
    return this.#reflector.retryNow();
  }

  stop(): void {
    this.#stopped = true;
    this.#reflector.stop();
    this.#askNoMore();
    for (const waiter of this.#waiters.splice(0)) waiter.done(false);
    this.#subscribers.end();
  }

  /** Whether the cache is complete and a watch keeps it so. */
  get ready(): boolean {
    return this.#reflector.watching;
  }

  /** Why it is not ready, where a store's failure is the reason. */
  get error(): Error | undefined {
    return this.#reflector.error;
  }

  /** Nothing of this resource is missing up to this revision. */
  get revision(): number {
    return this.#revision;
  }

  get count(): number {
    return this.#byPath.size;
  }

  /** Of an object's JSON on average, by a few of them; looked at again once there are twice or half as many. */
  get averageBytes(): number {
    const { size } = this.#byPath;
    if (size === 0) return 0;
    if (size > this.#sampledAt * 2 || size < this.#sampledAt / 2) {
      let bytes = 0;
      let taken = 0;
      for (const object of this.#byPath.values()) {
        bytes += object.size;
        if (++taken === SAMPLE) break;
      }
      this.#averageBytes = bytes / taken;
      this.#sampledAt = size;
    }
    return this.#averageBytes;
  }

  /** `namespace` is empty for cluster-scoped resources. */
  get(namespace: string, name: string): CachedObject | undefined {
    return this.#byPath.get(namespace === '' ? name : `${namespace}/${name}`);
  }

  /** In the order of namespace and name; all namespaces where none is given. */
  list(namespace?: string): CachedObject[] {
    return this.#sorted.slice(namespacePrefix(namespace));
  }

  /** Objects found by an index, in the order of their path; undefined where there is no such index. */
  byIndex(index: string, value: string): CachedObject[] | undefined {
    return this.#indexes.get(index)?.get(value);
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** Adds a way to find objects, also those that are here already. */
  addIndex(name: string, values: IndexFunction): void {
    if (this.#indexes.has(name)) return;
    const index = new ObjectIndex(values);
    for (const object of this.#byPath.values()) index.replace(undefined, object);
    this.#indexes.set(name, index);
  }

  /** All objects as they are now, unmoved by what comes. */
  view(): CacheView {
    return new CacheView(this.#revision, this.#sorted.snapshot());
  }

  /** Keeps a view for the pages to come. */
  retain(view: CacheView): void {
    this.#views.keep(view, this.#clock.monotonic());
  }

  /**
   * All objects as of a revision: what is in memory where that will do, else read from the store, from `after` on and
   * no more than `limit`. Throws CompactedError or FutureRevisionError.
   */
  async viewAt(
    revision: number,
    part: { namespace?: string; after?: string; limit?: number } = {},
  ): Promise<CacheView> {
    if (this.ready && revision >= this.#lastChange && revision <= this.#revision) {
      return new CacheView(revision, this.#sorted.snapshot());
    }
    const kept = this.#views.get(revision, this.#clock.monotonic());
    if (kept) return kept;
    const range = await this.#store.range(`${this.prefix}${namespacePrefix(part.namespace)}`, {
      at: revision,
      ...(part.after === undefined ? {} : { after: `${this.prefix}${part.after}` }),
      ...(part.limit === undefined ? {} : { limit: part.limit }),
    });
    return new CacheView(
      revision,
      SortedObjects.of(range.values.map((v) => this.#cached(v))),
      range.remaining,
    );
  }

  /**
   * Resolves true when nothing up to the revision is missing, false after so long or when the cache stops. `own`: the
   * revision is that of a write to this resource, whose event comes unasked.
   */
  waitFor(revision: number, timeoutMs: number, own = false): Promise<boolean> {
    if (this.ready && this.#revision >= revision) return Promise.resolve(true);
    if (this.#stopped) return Promise.resolve(false);
    const now = this.#clock.monotonic();
    const isLively = now - this.#lastEventAt < livelyMs;
    if (!own && !isLively) {
      this.#store.requestProgress?.(this.prefix);
      if (this.ready && this.#revision >= revision) return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        askAt: now + (isLively && !own ? livelyMs : progressEveryMs),
        done: (arrived) => {
          clearTimeout(timer);
          resolve(arrived);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((w) => w !== waiter);
        waiter.done(false);
      }, timeoutMs);
      this.#waiters.push(waiter);
      this.#askNoLaterThan(waiter.askAt);
    });
  }

  /** Resolves true when the cache holds all that the store had when this was called. */
  async fresh(timeoutMs: number): Promise<boolean> {
    return this.waitFor(await this.#store.revision(), timeoutMs);
  }

  /**
   * Tells of each change from now on, or of each behind `after`, those of the past at once. A change of an object that
   * comes into the scope or leaves it is told too: `event.previous` and `event.current` say which.
   */
  subscribe(
    subscriber: CacheSubscriber,
    scope: CacheScope = {},
    after?: number,
  ): (() => void) | ExpiredRevision {
    const missed = after === undefined ? [] : this.#ring.after(after);
    if (!missed) return { expired: true, oldest: this.#ring.since };
    const end = this.#subscribers.add(scope, subscriber);
    for (const event of missed) {
      if (
        inScope(scope, event.current, this.#indexes) ||
        (event.previous && inScope(scope, event.previous, this.#indexes))
      ) {
        subscriber.event(event);
      }
    }
    return end;
  }

  /**
   * The cache as doors and controllers read it (registry/lister.ts). Objects that cannot be decrypted or decoded are not
   * there for them: they neither grant anything nor hold the others up.
   */
  lister(): CacheLister {
    this.#lister ??= this.#makeLister();
    return this.#lister;
  }

  #makeLister(): CacheLister {
    return {
      get: (namespace, name) => readable(this.get(namespace, name)),
      list: (namespace) =>
        this.#byPath.size === 0 ? [] : this.list(namespace).flatMap((o) => readable(o) ?? []),
      onChange: (handler, interest = {}) => {
        const { namespace, name } = interest;
        const concerns = concernedBy(interest);
        const subscriber: CacheSubscriber = {
          event: (event) => {
            if (!concerns(event)) return;
            const readableChange = change(event);
            if (readableChange) handler(readableChange);
          },
        };
        return this.#subscribers.add(
          namespace !== undefined && name !== undefined ? { namespace, name } : {},
          subscriber,
        );
      },
    };
  }

  /**
   * Takes a list in: silently at first, later as the changes that were missed. What lies between is not known then, so
   * that whoever must not miss an event starts over.
   */
  #replace(revision: number, values: readonly StoredValue[]): void {
    if (this.#revision === 0) {
      this.#load(revision, values);
      return;
    }
    this.#subscribers.end();
    // A store restored from a backup: its revisions mean something else now.
    const another = revision < this.#revision;
    if (another) {
      this.#views.clear();
      this.#revision = 0;
    }
    const changes: { revision: number; apply: () => void }[] = [];
    const paths = new Set<string>();
    for (const value of values) {
      const path = value.key.slice(this.prefix.length);
      paths.add(path);
      const known = this.#byPath.get(path);
      if (known?.revision === value.revision && !known.unreadable && !another) continue;
      const object = this.#cached(value);
      changes.push({
        revision: value.revision,
        apply: () => {
          // Deleted and made again since: not one and the same object.
          if (known && value.createRevision > known.revision) this.#change(path, undefined, value.revision);
          this.#change(path, object, value.revision);
        },
      });
    }
    for (const path of this.#byPath.keys()) {
      if (!paths.has(path)) changes.push({ revision, apply: () => this.#change(path, undefined, revision) });
    }
    changes.sort((a, b) => a.revision - b.revision);
    for (const { apply } of changes) apply();
    this.#revision = revision;
    this.#ring = new EventRing(revision);
    this.#lastChange = revision;
  }

  #load(revision: number, values: readonly StoredValue[]): void {
    const objects = values.map((v) => this.#cached(v));
    for (const object of objects) {
      this.#byPath.set(object.path, object);
      for (const index of this.#indexes.values()) index.replace(undefined, object);
    }
    this.#sorted = SortedObjects.of(objects);
    this.#ring = new EventRing(revision);
    this.#revision = revision;
    this.#lastChange = revision;
  }

  #apply(event: StoreEvent): void {
    const path = pathBehind(this.prefix.length, event.key);
    const object = event.value ? new CachedObject(this.#form, path, event.revision, event.value) : undefined;
    this.#change(path, object, event.revision);
  }

  #change(path: string, object: CachedObject | undefined, revision: number): void {
    const previous = this.#byPath.get(path);
    if (revision > this.#revision) this.#revision = revision;
    this.#lastChange = revision;
    let event: CacheEvent;
    if (object) {
      this.#byPath.set(path, object);
      this.#sorted.set(object);
      event = new CacheEvent(previous ? 'MODIFIED' : 'ADDED', revision, object, previous);
    } else {
      if (!previous) return;
      this.#byPath.delete(path);
      this.#sorted.delete(path);
      event = new CacheEvent('DELETED', revision, previous.at(revision), previous);
    }
    for (const index of this.#indexes.values()) index.replace(previous, object);
    this.#lastEventAt = this.#clock.monotonic();
    this.#ring.push(event, this.#lastEventAt);
    this.#subscribers.dispatch(event, this.#indexes);
  }

  #arrived(): void {
    if (this.#waiters.length === 0) return;
    const arrived = this.ready ? this.#waiters.filter((w) => w.revision <= this.#revision) : [];
    if (arrived.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.revision > this.#revision);
    for (const waiter of arrived) waiter.done(true);
    if (this.#waiters.length === 0) this.#askNoMore();
  }

  #askNoLaterThan(at: number): void {
    if (this.#askAt <= at) return;
    clearTimeout(this.#askTimer);
    this.#askAt = at;
    this.#askTimer = setTimeout(() => this.#askForWaiters(), Math.max(1, at - this.#clock.monotonic()));
  }

  #askNoMore(): void {
    clearTimeout(this.#askTimer);
    this.#askAt = Number.POSITIVE_INFINITY;
  }

  /** Asks where somebody has waited long enough, and looks again when the next one will have. */
  #askForWaiters(): void {
    this.#askAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let isDue = false;
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.askAt <= now) {
        isDue = true;
        waiter.askAt = now + progressEveryMs;
      }
      if (waiter.askAt < next) next = waiter.askAt;
    }
    if (isDue) this.#store.requestProgress?.(this.prefix);
    if (this.#waiters.length > 0) this.#askNoLaterThan(next);
  }

  #cached(value: StoredValue): CachedObject {
    const path = pathBehind(this.prefix.length, value.key);
    return new CachedObject(this.#form, path, value.revision, value.value);
  }
}

/** Whether an event is of interest, by what is known of it without parsing an object. */
function concernedBy({ types, name, mentions }: Interest): (event: CacheEvent) => boolean {
  const words = mentions?.map((text) => Buffer.from(text));
  return ({ type, current, previous }) => {
    // An object that cannot be read any more is told of as one that is gone.
    if (types && !types.includes(type) && !(type === 'MODIFIED' && current.unreadable)) return false;
    if (name !== undefined && current.name !== name) return false;
    return !words || type === 'DELETED' || hasOneOf(current, words) || hasOneOf(previous, words);
  };
}

function hasOneOf(cached: CachedObject | undefined, words: readonly Buffer[]): boolean {
  if (!cached) return false;
  try {
    const { item } = cached;
    return words.some((word) => item.includes(word));
  } catch (error) {
    if (error instanceof UndecodableObjectError) return true;
    throw error;
  }
}

function change(event: CacheEvent): Change | undefined {
  const previous = readable(event.previous);
  const object = event.type === 'DELETED' ? undefined : readable(event.current);
  if (object) return previous ? { type: 'MODIFIED', object, previous } : { type: 'ADDED', object };
  return previous && { type: 'DELETED', object: previous, previous };
}

/** Undefined where it cannot be decrypted or decoded. */
function readable(cached: CachedObject | undefined): KubeObject | undefined {
  try {
    return cached?.object;
  } catch (error) {
    if (error instanceof UndecodableObjectError) return undefined;
    throw error;
  }
}
