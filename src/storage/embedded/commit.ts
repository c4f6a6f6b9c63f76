import { setTimeout as sleep } from 'node:timers/promises';
import { type StoredValue, type StoreEvent, StoreUnavailableError, type WriteResult } from '../store.ts';
import { StoreDamagedError } from './errors.ts';
import { type StoreFolder, type StoreState, stateRecord } from './folder.ts';
import type { History } from './history.ts';
import { encodeKeyRecord, encodeLogRecord, type KeyRecord, leaseKey, revisionKey } from './record.ts';

export interface Write {
  key: string;
  /** Absent: delete. */
  value?: Uint8Array;
  expect?: number;
  /** Milliseconds since 1970. */
  expiry?: number;
  /** A lease that this write answers, to be dropped whatever comes of it. */
  lease?: Buffer;
}

interface Queued {
  write: Write;
  resolve(result: WriteResult): void;
  reject(error: Error): void;
}

interface Sweep {
  upTo: number;
  resolve(): void;
  reject(error: Error): void;
}

/** A key as the batch being put together sees it. */
interface Seen extends KeyRecord {
  value?: Uint8Array;
}

/** Hands LMDB its part of a transaction, which succeeds or fails as a whole. */
type Put = () => void;

const batchWrites = 4096;
const batchBytes = 16 << 20;
const sweepRevisions = 500;

/**
 * Group commit. While one transaction is on its way to the disk, writes wait; then all that wait go into the next one.
 * Conditions are judged when a batch is put together, against what is committed and what stands before in the batch:
 * nobody is ever refused, or let through, because of a write that was lost in the end.
 */
export class Committer {
  readonly state: StoreState;
  readonly #folder: StoreFolder;
  readonly #history: History;
  readonly #publish: (events: StoreEvent[]) => void;
  #writes: Queued[] = [];
  #sweeps: Sweep[] = [];
  #running: Promise<void> | undefined;
  /** Why no write can succeed any more. */
  #broken: StoreUnavailableError | undefined;
  /** Why the last commit failed; the next may succeed (space on the disk). */
  #lastFailure: Error | undefined;

  /** `publish` is called with a commit's events when they are durable, before their writers are answered. */
  constructor(folder: StoreFolder, history: History, publish: (events: StoreEvent[]) => void) {
    this.#folder = folder;
    this.#history = history;
    this.#publish = publish;
    this.state = { ...folder.state };
  }

  write(write: Write): Promise<WriteResult> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#writes.push({ write, resolve, reject });
      this.#start();
    });
  }

  /** Removes what is superseded at or before `upTo` (no later than state.compacted). */
  sweep(upTo: number): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#sweeps.push({ upTo, resolve, reject });
      this.#start();
    });
  }

  /** Throws what keeps writes from succeeding. Tries again after a commit that failed. */
  async check(): Promise<void> {
    if (this.#broken) throw this.#broken;
    if (this.#lastFailure) await this.sweep(0);
  }

  /** Answers what waits, then takes no more. */
  async close(): Promise<void> {
    while (this.#running) await this.#running;
    this.#broken ??= new StoreUnavailableError('the store is closed');
  }

  #start(): void {
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined;
        if (this.#writes.length > 0 || this.#sweeps.length > 0) this.#start();
      });
  }

  async #run(): Promise<void> {
    while (this.#writes.length > 0 || this.#sweeps.length > 0) {
      if (this.#writes.length > 0) await this.#commitWrites(this.#takeWrites());
      const sweep = this.#sweeps[0];
      if (sweep) await this.#commitSweep(sweep);
    }
  }

  #takeWrites(): Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#writes.length && count < batchWrites && bytes < batchBytes) {
      bytes += this.#writes[count++]!.write.value?.length ?? 0;
    }
    if (count === this.#writes.length) {
      const all = this.#writes;
      this.#writes = [];
      return all;
    }
    return this.#writes.splice(0, count);
  }

  async #commitWrites(batch: Queued[]): Promise<void> {
    const results: (WriteResult | undefined)[] = [];
    try {
      const { log, keys, leases } = this.#folder;
      const seen = new Map<string, Seen>();
      const events: StoreEvent[] = [];
      let revision = this.state.revision;
      const puts: Put[] = [];
      for (const { write } of batch) {
        const { key, value, lease } = write;
        if (lease) puts.push(() => void leases.remove(lease));
        const keyBytes = Buffer.from(key);
        const before = seen.get(key) ?? this.#history.key(keyBytes);
        const current = before && !before.deleted ? this.#current(key, before) : undefined;
        if (refuses(write, current)) {
          results.push(current ? { ok: false, current } : { ok: false });
          continue;
        }
        revision++;
        const createRevision = current?.createRevision ?? revision;
        const own = revision;
        const record = encodeLogRecord(own, keyBytes, createRevision, before?.revision ?? 0, value);
        const keyRecord = encodeKeyRecord(keyBytes, own, createRevision, value === undefined);
        puts.push(() => {
          void log.put(revisionKey(own), record);
          void keys.put(keyBytes, keyRecord);
        });
        if (write.expiry !== undefined) {
          const expiry = write.expiry;
          puts.push(() => void leases.put(leaseKey(expiry, own), keyBytes));
        }
        const after: Seen = { revision, createRevision, deleted: value === undefined };
        const event: StoreEvent = value
          ? { type: 'put', key, revision, value, createRevision }
          : { type: 'delete', key, revision };
        if (value) after.value = value;
        if (current) event.previous = { value: current.value, revision: current.revision };
        seen.set(key, after);
        events.push(event);
        results.push(current ? { ok: true, revision, previous: current } : { ok: true, revision });
      }
      if (puts.length > 0) await this.#commit({ ...this.state, revision }, puts);
      this.#publish(events);
    } catch (error) {
      for (const { reject } of batch) reject(this.#failure(error));
      return;
    }
    for (let i = 0; i < batch.length; i++) batch[i]!.resolve(results[i]!);
  }

  #current(key: string, before: Seen): StoredValue {
    const { revision, createRevision } = before;
    if (before.value) return { key, value: before.value, revision, createRevision };
    return this.#history.value(key, this.state.revision)!;
  }

  async #commitSweep(sweep: Sweep): Promise<void> {
    const { log, keys } = this.#folder;
    const from = this.state.swept;
    const upTo = Math.min(sweep.upTo, this.state.compacted);
    try {
      const next = Math.min(upTo, from + sweepRevisions);
      const removals: Put[] = [];
      for (let revision = from + 1; revision <= next; revision++) {
        const record = this.#history.record(revision);
        if (!record) continue;
        const { previousRevision, key } = record;
        if (previousRevision > 0) removals.push(() => void log.remove(revisionKey(previousRevision)));
        if (!record.deleted) continue;
        removals.push(() => void log.remove(revisionKey(revision)));
        const keyBytes = Buffer.from(key);
        if (this.#history.key(keyBytes)?.revision === revision)
          removals.push(() => void keys.remove(keyBytes));
      }
      await this.#commit({ ...this.state, swept: Math.max(from, next) }, removals);
      if (next < upTo) return;
      this.#sweeps.shift();
      sweep.resolve();
    } catch (error) {
      this.#sweeps.shift();
      sweep.reject(this.#failure(error));
    }
  }

  async #commit(state: StoreState, writes: readonly Put[]): Promise<void> {
    const { meta, epoch, root, path } = this.#folder;
    let owned: boolean;
    try {
      owned = await meta.ifVersion('owner', epoch, () => {
        for (const write of writes) write();
        void meta.put('state', stateRecord(state), 1);
      });
    } catch (error) {
      const cause = await causeOf(error);
      root.resetReadTxn();
      // Whether the commit went through after all is known from what is there now.
      if ((meta.get('state')?.revision ?? 1) !== this.state.revision) {
        this.#broken = new StoreUnavailableError(`store ${path}: a commit failed halfway: ${cause}`);
      }
      this.#lastFailure = new StoreUnavailableError(`store ${path} cannot be written: ${cause}`);
      throw this.#broken ?? this.#lastFailure;
    }
    root.resetReadTxn();
    if (!owned) {
      this.#broken = new StoreUnavailableError(`store ${path} has been taken over by another process`);
      throw this.#broken;
    }
    this.#lastFailure = undefined;
    this.state.revision = state.revision;
    this.state.swept = state.swept;
  }

  #failure(error: unknown): Error {
    if (error instanceof StoreUnavailableError || error instanceof StoreDamagedError) return error;
    const words = error instanceof Error ? error.message : String(error);
    return new StoreUnavailableError(`store ${this.#folder.path}: ${words}`, { cause: error });
  }
}

function refuses(write: Write, current: StoredValue | undefined): boolean {
  if (write.expect !== undefined && write.expect !== (current?.revision ?? 0)) return true;
  return write.value === undefined && current === undefined;
}

/** What the library says of a commit that failed: the reason comes as a promise that is rejected a little later. */
async function causeOf(error: unknown): Promise<string> {
  const { commitError, message } = error as { commitError?: Promise<unknown>; message?: string };
  if (!(commitError instanceof Promise)) return firstLine(message);
  const late = sleep(1000, message, { ref: false });
  const reason = commitError.then(
    () => message,
    (cause: Error) => cause.message,
  );
  return firstLine(await Promise.race([reason, late]));
}

function firstLine(text: string | undefined): string {
  return (text ?? '').split('\n')[0]!;
}
