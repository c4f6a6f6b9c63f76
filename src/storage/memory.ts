import {
  CompactedError,
  FutureRevisionError,
  type RangeOptions,
  type RangeResult,
  type Store,
  type StoredValue,
  type StoreEvent,
  StoreUnavailableError,
  type StoreWatcher,
  type WriteOptions,
  type WriteResult,
} from './store.ts';
import { Watchers } from './watchers.ts';

interface Version {
  revision: number;
  createRevision: number;
  /** Absent: the key was deleted at this revision. */
  value?: Uint8Array;
}

const progressMs = 2000;

/** A store that lives as long as its process, for tests and try-outs. History stays until it is compacted. */
export class MemoryStore implements Store {
  #revision = 1;
  #compacted = 0;
  #closed = false;
  /** Every key with a version left, deleted ones too, in order. */
  #keys: string[] = [];
  readonly #versions = new Map<string, Version[]>();
  #log: StoreEvent[] = [];
  readonly #watchers = new Watchers();
  readonly #expiry = new Map<string, NodeJS.Timeout>();
  readonly #progress: NodeJS.Timeout;

  constructor() {
    this.#progress = setInterval(() => this.#watchers.progress(this.#revision), progressMs);
    this.#progress.unref();
  }

  async revision(): Promise<number> {
    this.#open();
    return this.#revision;
  }

  async get(key: string, at?: number): Promise<StoredValue | undefined> {
    this.#open();
    return this.#read(key, this.#at(at));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#open();
    const revision = this.#at(options.at);
    const values: StoredValue[] = [];
    let remaining = 0;
    const { after, limit } = options;
    for (
      let i = this.#position(after !== undefined && after > prefix ? after : prefix);
      i < this.#keys.length;
      i++
    ) {
      const key = this.#keys[i]!;
      if (!key.startsWith(prefix)) break;
      if (key === after) continue;
      const value = this.#read(key, revision);
      if (!value) continue;
      if (limit && values.length >= limit) remaining++;
      else values.push(value);
    }
    return { revision, values, remaining };
  }

  async put(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    this.#open();
    const previous = this.#read(key, this.#revision);
    if (options.expect !== undefined && options.expect !== (previous?.revision ?? 0))
      return refused(previous);
    const revision = ++this.#revision;
    this.#write(key, { revision, createRevision: previous?.createRevision ?? revision, value }, previous);
    if (options.ttlSeconds !== undefined) {
      const timer = setTimeout(() => {
        if (!this.#closed) void this.delete(key, { expect: revision });
      }, options.ttlSeconds * 1000);
      timer.unref();
      this.#expiry.set(key, timer);
    }
    return previous ? { ok: true, revision, previous } : { ok: true, revision };
  }

  async delete(key: string, options: { expect?: number } = {}): Promise<WriteResult> {
    this.#open();
    const previous = this.#read(key, this.#revision);
    if (!previous || (options.expect !== undefined && options.expect !== previous.revision))
      return refused(previous);
    const revision = ++this.#revision;
    this.#write(key, { revision, createRevision: 0 }, previous);
    return { ok: true, revision, previous };
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    let end: (() => void) | undefined;
    let ended = false;
    // Events never arrive before the caller has what ends the watch.
    queueMicrotask(() => {
      if (ended) return;
      if (this.#closed) return watcher.failed(new StoreUnavailableError('the store is closed'));
      if (after < this.#compacted) return watcher.failed(new CompactedError(this.#compacted));
      let seen = after;
      for (;;) {
        const missed = this.#log.filter((e) => e.revision > seen && e.key.startsWith(prefix));
        if (missed.length === 0 || ended) break;
        seen = missed.at(-1)!.revision;
        watcher.events(missed);
      }
      if (ended) return;
      end = this.#watchers.add(prefix, Math.max(after, this.#revision), watcher);
      if (this.#revision >= after) watcher.progress(this.#revision);
    });
    return () => {
      ended = true;
      end?.();
    };
  }

  requestProgress(prefix: string): void {
    this.#watchers.progress(this.#revision, prefix);
  }

  async compact(revision: number): Promise<void> {
    this.#open();
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    if (revision <= this.#compacted) throw new CompactedError(this.#compacted);
    this.#compacted = revision;
    this.#log = this.#log.filter((e) => e.revision > revision);
    for (const [key, versions] of this.#versions) {
      let first = versions.findLastIndex((v) => v.revision <= revision);
      if (first >= 0 && !versions[first]!.value) first++;
      if (first > 0) versions.splice(0, first);
      if (versions.length === 0) this.#versions.delete(key);
    }
    this.#keys = this.#keys.filter((key) => this.#versions.has(key));
  }

  async ping(): Promise<void> {
    this.#open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#progress);
    for (const timer of this.#expiry.values()) clearTimeout(timer);
    this.#watchers.fail(new StoreUnavailableError('the store is closed'));
  }

  #open(): void {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
  }

  #at(at: number | undefined): number {
    if (at === undefined) return this.#revision;
    if (at > this.#revision) throw new FutureRevisionError(this.#revision);
    if (at < this.#compacted) throw new CompactedError(this.#compacted);
    return at;
  }

  #read(key: string, at: number): StoredValue | undefined {
    const version = this.#versions.get(key)?.findLast((v) => v.revision <= at);
    if (!version?.value) return undefined;
    return { key, value: version.value, revision: version.revision, createRevision: version.createRevision };
  }

  /** The index of the first key not less than this one. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #write(key: string, version: Version, previous: StoredValue | undefined): void {
    clearTimeout(this.#expiry.get(key));
    this.#expiry.delete(key);
    const versions = this.#versions.get(key);
    if (versions) versions.push(version);
    else {
      this.#versions.set(key, [version]);
      this.#keys.splice(this.#position(key), 0, key);
    }
    const { revision, createRevision, value } = version;
    const event: StoreEvent = value
      ? { type: 'put', key, revision, value, createRevision }
      : { type: 'delete', key, revision };
    if (previous) event.previous = { value: previous.value, revision: previous.revision };
    this.#log.push(event);
    this.#watchers.publish([event]);
  }
}

function refused(current: StoredValue | undefined): WriteResult {
  return current ? { ok: false, current } : { ok: false };
}
