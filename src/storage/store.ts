/**
 * The store under the registry, with etcd's semantics: one global revision that grows with every write, compare-and-set
 * on a key's own revision, ranges at a revision, watches from a revision, compaction.
 */
export interface StoredValue {
  key: string;
  value: Uint8Array;
  /** The revision of the key's last write. */
  revision: number;
  /** The revision at which the key came to be. */
  createRevision: number;
}

export interface StoreEvent {
  type: 'put' | 'delete';
  key: string;
  revision: number;
  /** The new value of a put. */
  value?: Uint8Array;
  createRevision?: number;
  /** The value before, where there was one. */
  previous?: { value: Uint8Array; revision: number };
}

export interface RangeOptions {
  /** Start behind this key; absent: at the first key of the prefix. */
  after?: string;
  /** At most so many; absent: all. */
  limit?: number;
  /** As of this revision; absent: now. Throws Compacted or FutureRevision where that can't be had. */
  at?: number;
}

export interface RangeResult {
  /** The revision the range was read at. */
  revision: number;
  values: StoredValue[];
  /** How many keys of the prefix follow behind the last one given. */
  remaining: number;
}

/** A write's answer: its revision, or the value that stood in its way (absent: the key does not exist). */
export type WriteResult =
  | { ok: true; revision: number; previous?: StoredValue }
  | { ok: false; current?: StoredValue };

export interface WriteOptions {
  /** The revision the key must have; 0: it must not exist; absent: whatever. */
  expect?: number;
  /** The key goes after so many seconds. */
  ttlSeconds?: number;
}

export interface StoreWatcher {
  /** Events in the order of their revision, all of one revision together. */
  events(events: readonly StoreEvent[]): void;
  /** Nothing of this prefix is missing up to this revision. Called at least every few seconds. */
  progress(revision: number): void;
  /** Values that could not be read before can be now: whoever keeps them lists again. The watch is over then. */
  again?(): void;
  /** The watch is over: compacted past it, or the engine is out of reach. */
  failed(error: Error): void;
}

export interface Store {
  /** The last revision written, confirmed by the engine. */
  revision(): Promise<number>;
  get(key: string, at?: number): Promise<StoredValue | undefined>;
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /** Resolves when the write is durable, and not before. */
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<WriteResult>;
  delete(key: string, options?: { expect?: number }): Promise<WriteResult>;
  /** Every event of the prefix behind `after`, then those to come. Returns the way to end it. */
  watch(prefix: string, after: number, watcher: StoreWatcher): () => void;
  /**
   * Asks that watchers of exactly this prefix be told soon how far they are. Engines in this process answer before
   * they return; absent where the engine has no such call.
   */
  requestProgress?(prefix: string): void;
  /**
   * Whether the key's value is stored otherwise than a write would store it now (encryption at rest): a write that
   * changes nothing is worth while then. Absent where that can't be.
   */
  stale?(key: string): Promise<boolean>;
  /** Forgets what is older than this revision. Throws Compacted or FutureRevision where there is nothing to do. */
  compact(revision: number): Promise<void>;
  /** Whether reads and writes work now; throws what is in the way. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export class CompactedError extends Error {
  readonly compactedAt: number;
  constructor(compactedAt: number) {
    super('the required revision has been compacted');
    this.compactedAt = compactedAt;
  }
}

export class FutureRevisionError extends Error {
  readonly current: number;
  constructor(current: number) {
    super('the required revision is a future revision');
    this.current = current;
  }
}

/** The engine is out of reach or too slow; callers answer 503 or 504. */
export class StoreUnavailableError extends Error {}

/** The engine is there and refuses, such as for want of space; the message is its own. Nothing was written. */
export class StoreRefusedError extends Error {}
