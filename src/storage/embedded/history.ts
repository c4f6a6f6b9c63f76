import { prefixEnd } from '../prefix-end.ts';
import type { StoredValue, StoreEvent } from '../store.ts';
import { StoreDamagedError } from './errors.ts';
import type { StoreFolder } from './folder.ts';
import {
  decodeKeyRecord,
  decodeLogRecord,
  type KeyRecord,
  type LogRecord,
  readRevision,
  revisionKey,
} from './record.ts';

/** Reads of what has been committed. A revision is read by walking a key's writes back from its last one. */
export class History {
  readonly #folder: StoreFolder;

  constructor(folder: StoreFolder) {
    this.#folder = folder;
  }

  /** The key's last write, a deletion too. */
  key(key: Buffer): KeyRecord | undefined {
    const bytes = this.#folder.keys.getBinary(key);
    return bytes && decodeKeyRecord(bytes);
  }

  /** Undefined where the revision has no write left. */
  record(revision: number): LogRecord | undefined {
    const bytes = this.#folder.log.getBinary(revisionKey(revision));
    return bytes && this.#decode(revision, bytes);
  }

  /** The key's value as of `at`, a revision neither compacted nor to come. */
  value(key: string, at: number): StoredValue | undefined {
    const last = this.key(Buffer.from(key));
    return last && this.#valueOf(key, last, at);
  }

  /** Calls back for each key of the prefix behind `after` that exists as of `at`; `false` ends it. */
  range(prefix: string, after: string | undefined, at: number, each: (value: StoredValue) => boolean): void {
    const start = Buffer.from(after !== undefined && after > prefix ? after : prefix);
    const end = prefixEnd(Buffer.from(prefix));
    for (const { key: bytes, value: record } of this.#folder.keys.getRange(
      end ? { start, end } : { start },
    )) {
      const key = bytes.toString();
      if (key === after) continue;
      const value = this.#valueOf(key, decodeKeyRecord(record), at);
      if (value && !each(value)) return;
    }
  }

  /** How many keys of the prefix behind `after` exist as of `at`. */
  count(prefix: string, after: string, at: number): number {
    let count = 0;
    const end = prefixEnd(Buffer.from(prefix));
    const start = Buffer.from(after);
    for (const { key, value } of this.#folder.keys.getRange(end ? { start, end } : { start })) {
      if (key.equals(start)) continue;
      const last = decodeKeyRecord(value);
      if (last.revision <= at ? !last.deleted : this.#valueOf(key.toString(), last, at)) count++;
    }
    return count;
  }

  /** The events of the prefix in `(after, upTo]`, looking at no more than `limit` writes, and the revision looked at last. */
  events(prefix: string, after: number, upTo: number, limit: number): { events: StoreEvent[]; seen: number } {
    const events: StoreEvent[] = [];
    let seen = upTo;
    let looked = 0;
    for (const { key, value } of this.#folder.log.getRange({
      start: revisionKey(after + 1),
      end: revisionKey(upTo + 1),
    })) {
      const revision = readRevision(key);
      const record = this.#decode(revision, value);
      if (record.key.startsWith(prefix)) events.push(this.event(revision, record));
      if (++looked >= limit) {
        seen = revision;
        break;
      }
    }
    return { events, seen };
  }

  event(revision: number, record: LogRecord): StoreEvent {
    const { key, value, createRevision } = record;
    const event: StoreEvent = record.deleted
      ? { type: 'delete', key, revision }
      : { type: 'put', key, revision, value, createRevision };
    const previous = record.previousRevision > 0 ? this.record(record.previousRevision) : undefined;
    if (previous && !previous.deleted)
      event.previous = { value: previous.value, revision: record.previousRevision };
    return event;
  }

  #valueOf(key: string, last: KeyRecord, at: number): StoredValue | undefined {
    if (last.revision <= at && last.deleted) return undefined;
    let revision = last.revision;
    let record = this.record(revision);
    if (record?.key !== key)
      throw new StoreDamagedError(this.#folder.path, `revision ${revision} of ${key} is missing`);
    while (record && revision > at) {
      revision = record.previousRevision;
      // A missing one is a deletion that compaction has removed: the key did not exist.
      record = revision > 0 ? this.record(revision) : undefined;
    }
    if (!record || record.deleted) return undefined;
    return { key, value: record.value, revision, createRevision: record.createRevision };
  }

  #decode(revision: number, bytes: Buffer): LogRecord {
    const record = decodeLogRecord(revision, bytes);
    if (!record) throw new StoreDamagedError(this.#folder.path, `revision ${revision} fails its checksum`);
    return record;
  }
}
