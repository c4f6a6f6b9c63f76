import { type Clock, systemClock } from '../../meta/clock.ts';
import {
  CompactedError,
  FutureRevisionError,
  type RangeOptions,
  type RangeResult,
  type Store,
  type StoredValue,
  StoreUnavailableError,
  type StoreWatcher,
  type WriteOptions,
  type WriteResult,
} from '../store.ts';
import { Watchers } from '../watchers.ts';
import { Committer } from './commit.ts';
import { openFolder, type StoreFolder } from './folder.ts';
import { History } from './history.ts';
import { readRevision } from './record.ts';

export interface EmbeddedOptions {
  /** Made where it does not exist, for its owner's eyes alone. */
  folder: string;
  clock?: Clock;
  /** History is kept for at least this long and at most twice as long; kube-apiserver's own interval by default. */
  compactionIntervalMs?: number;
}

const progressMs = 2000;
const replayWrites = 1000;
const expiriesAtOnce = 1000;
const longestTimer = 60_000;
/** LMDB's own limit with its usual page size, in bytes. */
const longestKey = 1978;

/** Opens the store in this folder. Throws StoreInUseError, StoreDamagedError or StoreFormatError. */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  return new EmbeddedStore(await openFolder(options.folder), options);
}

/** The store in a folder of this machine: LMDB for the bytes, with history, watches and expiry above it. One process at a time. */
export class EmbeddedStore implements Store {
  readonly #folder: StoreFolder;
  readonly #history: History;
  readonly #commits: Committer;
  readonly #watchers = new Watchers();
  readonly #clock: Clock;
  readonly #timers: NodeJS.Timeout[];
  #expiryTimer: NodeJS.Timeout | undefined;
  #expiryAt = Number.POSITIVE_INFINITY;
  #closed: Promise<void> | undefined;
  /** The revision at the last tick of compaction: what to compact to at the next. */
  #lastTick: number;

  constructor(folder: StoreFolder, options: EmbeddedOptions) {
    this.#folder = folder;
    this.#clock = options.clock ?? systemClock;
    this.#history = new History(folder);
    this.#commits = new Committer(folder, this.#history, (events) => this.#watchers.publish(events));
    this.#lastTick = this.#commits.state.revision;
    const compaction = setInterval(() => this.#tick(), options.compactionIntervalMs ?? 300_000);
    const progress = setInterval(() => this.#watchers.progress(this.#commits.state.revision), progressMs);
    this.#timers = [compaction, progress];
    for (const timer of this.#timers) timer.unref();
    this.#scheduleExpiry();
    // A compaction that was cut off by the process' end.
    if (this.#commits.state.swept < this.#commits.state.compacted) this.#sweep().catch(() => undefined);
  }

  async revision(): Promise<number> {
    this.#open();
    return this.#commits.state.revision;
  }

  async get(key: string, at?: number): Promise<StoredValue | undefined> {
    this.#open();
    return this.#history.value(key, this.#at(at));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#open();
    const revision = this.#at(options.at);
    const values: StoredValue[] = [];
    let more = false;
    this.#history.range(prefix, options.after, revision, (value) => {
      more = options.limit ? values.length >= options.limit : false;
      if (!more) values.push(value);
      return !more;
    });
    const remaining = more ? this.#history.count(prefix, values.at(-1)!.key, revision) : 0;
    return { revision, values, remaining };
  }

  async put(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    this.#open();
    const { expect, ttlSeconds } = options;
    if (Buffer.byteLength(key) > longestKey)
      throw new Error(`a key may be ${longestKey} bytes long: ${key.slice(0, 80)}…`);
    if (ttlSeconds === undefined)
      return this.#commits.write(expect === undefined ? { key, value } : { key, value, expect });
    const expiry = this.#clock.now() + ttlSeconds * 1000;
    const result = await this.#commits.write({
      key,
      value,
      expiry,
      ...(expect === undefined ? {} : { expect }),
    });
    if (expiry < this.#expiryAt) this.#armExpiry(expiry);
    return result;
  }

  async delete(key: string, options: { expect?: number } = {}): Promise<WriteResult> {
    this.#open();
    return this.#commits.write({ key, ...options });
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    let ended = false;
    let end: (() => void) | undefined;
    let seen = after;
    const replay = (): void => {
      if (ended) return;
      try {
        this.#open();
        const { revision, compacted } = this.#commits.state;
        if (seen < compacted) throw new CompactedError(compacted);
        if (seen < revision) {
          const missed = this.#history.events(prefix, seen, revision, replayWrites);
          seen = missed.seen;
          if (missed.events.length > 0) watcher.events(missed.events);
          // Others get their turn between two pieces of a long history.
          if (missed.seen < revision || this.#commits.state.revision > revision)
            return void setImmediate(replay);
        }
        if (ended) return;
        end = this.#watchers.add(prefix, seen, watcher);
        if (revision >= after) watcher.progress(revision);
      } catch (error) {
        ended = true;
        end?.();
        watcher.failed(error as Error);
      }
    };
    queueMicrotask(replay);
    return () => {
      ended = true;
      end?.();
    };
  }

  requestProgress(prefix: string): void {
    this.#watchers.progress(this.#commits.state.revision, prefix);
  }

  async compact(revision: number): Promise<void> {
    this.#open();
    const { state } = this.#commits;
    if (revision > state.revision) throw new FutureRevisionError(state.revision);
    if (revision <= state.compacted) throw new CompactedError(state.compacted);
    state.compacted = revision;
    await this.#sweep();
  }

  async ping(): Promise<void> {
    this.#open();
    await this.#commits.check();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#expiryTimer);
    await this.#commits.close();
    this.#watchers.fail(new StoreUnavailableError('the store is closed'));
    await this.#folder.close();
  }

  #open(): void {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
  }

  #at(at: number | undefined): number {
    const { revision, compacted } = this.#commits.state;
    if (at === undefined) return revision;
    if (at > revision) throw new FutureRevisionError(revision);
    if (at < compacted) throw new CompactedError(compacted);
    return at;
  }

  #tick(): void {
    const upTo = this.#lastTick;
    this.#lastTick = this.#commits.state.revision;
    // A failure shows in ping; the next tick tries again.
    if (upTo > this.#commits.state.compacted) this.compact(upTo).catch(() => undefined);
  }

  #sweep(): Promise<void> {
    return this.#commits.sweep(this.#commits.state.compacted);
  }

  #armExpiry(at: number): void {
    clearTimeout(this.#expiryTimer);
    this.#expiryAt = at;
    if (this.#closed) return;
    const wait = Math.min(Math.max(at - this.#clock.now(), 10), longestTimer);
    this.#expiryTimer = setTimeout(() => void this.#expire(), wait);
    this.#expiryTimer.unref();
  }

  #scheduleExpiry(): void {
    const first = [...this.#folder.leases.getKeys({ limit: 1 })][0];
    if (first) this.#armExpiry(readRevision(first));
    else this.#expiryAt = Number.POSITIVE_INFINITY;
  }

  async #expire(): Promise<void> {
    const now = this.#clock.now();
    const due: Promise<WriteResult>[] = [];
    for (const { key: lease, value: key } of this.#folder.leases.getRange({ limit: expiriesAtOnce })) {
      if (readRevision(lease) > now) break;
      due.push(
        this.#commits.write({
          key: key.toString(),
          expect: readRevision(lease, 8),
          lease: Buffer.from(lease),
        }),
      );
    }
    const results = await Promise.allSettled(due);
    if (this.#closed) return;
    if (results.some((r) => r.status === 'rejected')) this.#armExpiry(this.#clock.now() + 1000);
    else this.#scheduleExpiry();
  }
}
