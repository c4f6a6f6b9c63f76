import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../meta/clock.ts';
import { prefixEnd } from '../prefix-end.ts';
import { CompactedError, type StoreEvent, StoreUnavailableError, type StoreWatcher } from '../store.ts';
import type { EtcdClient, EtcdStream } from './client.ts';
import {
  decodeRange,
  decodeStatus,
  decodeWatch,
  encodeRange,
  encodeWatchCreate,
  encodeWatchProgress,
} from './messages.ts';

const progressMs = 5000;
const probeAgainMs = 20;
/** A stream that owes an answer for so long is given up, and another member asked. */
const silentMs = 3000;

/**
 * One watch on a stream of its own, so that what etcd says of its progress is about this prefix alone. A stream that
 * breaks, or falls silent while there is something to tell, is opened once more from where it was, at another member if
 * need be.
 */
export class EtcdWatch {
  readonly #client: EtcdClient;
  readonly #prefix: Buffer;
  readonly #watcher: StoreWatcher;
  #stream: EtcdStream | undefined;
  #ended = false;
  /** The last revision handed on. */
  #seen: number;
  /** Whether anything has come since the stream was opened. */
  #alive = false;
  #fragments: StoreEvent[] = [];
  /** Whether the member answers requests for progress truthfully. */
  #asks = false;
  /** How many keys the prefix had at `seen`, where that is what progress is told by. */
  #keys: number | undefined;
  #probing = false;
  /** Progress was asked for and has not been told since. */
  #wanted = false;
  /** Since when the stream owes something: monotonic milliseconds. */
  #owing: number | undefined;
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;

  constructor(
    client: EtcdClient,
    prefix: string,
    after: number,
    watcher: StoreWatcher,
    clock: Clock = systemClock,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#prefix = Buffer.from(prefix);
    this.#seen = after;
    this.#watcher = watcher;
    this.#timer = setInterval(() => {
      // Of a watch that is not open yet: whether it ever comes.
      if (!this.#alive) this.#overdue();
      // A probe reads the whole prefix on older members; that is for those who wait.
      else if (this.#asks) this.askProgress();
    }, progressMs);
    this.#timer.unref();
    void this.#open();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#stream?.end();
  }

  /** Before the stream is open, this is done once it is. */
  askProgress(): void {
    this.#wanted = true;
    if (!this.#alive || this.#ended) return;
    if (this.#asks) {
      if (!this.#overdue()) this.#stream?.write(encodeWatchProgress());
    } else void this.#probe();
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.end();
    this.#watcher.failed(error);
  }

  /** Whether the stream has owed something for too long; then it is opened anew. */
  #overdue(): boolean {
    const now = this.#clock.monotonic();
    this.#owing ??= now;
    if (now - this.#owing < silentMs || !this.#stream) return false;
    this.#stream.end();
    this.#stream = undefined;
    void this.#open();
    return true;
  }

  async #open(): Promise<void> {
    try {
      this.#alive = false;
      this.#fragments = [];
      this.#owing = undefined;
      const version = await this.#client.call(
        '/etcdserverpb.Maintenance/Status',
        Buffer.alloc(0),
        decodeStatus,
        true,
      );
      this.#asks = reportsProgress(version);
      if (!this.#asks && this.#keys === undefined) this.#keys = await this.#countAt(this.#seen);
      if (this.#ended) return;
      const stream = await this.#client.stream('/etcdserverpb.Watch/Watch', {
        message: (bytes) => this.#message(bytes),
        ended: (error) => this.#broken(error),
      });
      if (this.#ended) {
        stream.end();
        return;
      }
      this.#stream = stream;
      stream.write(encodeWatchCreate(this.#prefix, prefixEnd(this.#prefix), this.#seen + 1));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #broken(error: Error): void {
    const wasAlive = this.#alive;
    this.#stream = undefined;
    this.#alive = false;
    if (this.#ended) return;
    if (wasAlive && error instanceof StoreUnavailableError) void this.#open();
    else this.fail(error);
  }

  #message(bytes: Buffer): void {
    this.#owing = undefined;
    try {
      const message = decodeWatch(bytes);
      if (message.canceled) {
        const { compactRevision, cancelReason } = message;
        this.fail(
          compactRevision > 0
            ? new CompactedError(compactRevision)
            : new StoreUnavailableError(`etcd ended the watch: ${cancelReason}`),
        );
        return;
      }
      this.#alive = true;
      if (message.created) {
        // The header's revision says nothing here: what lies before it has not been looked at.
        if (this.#wanted) this.askProgress();
        return;
      }
      if (message.events.length === 0 && this.#fragments.length === 0) {
        this.#progress(message.revision);
        return;
      }
      if (message.fragment || this.#fragments.length > 0) {
        this.#fragments.push(...message.events);
        if (message.fragment) return;
        message.events = this.#fragments;
        this.#fragments = [];
      }
      this.#events(message.events);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #events(events: StoreEvent[]): void {
    this.#seen = events.at(-1)!.revision;
    if (this.#keys !== undefined) {
      for (const event of events) {
        if (event.type === 'delete') this.#keys--;
        else if (event.createRevision === event.revision) this.#keys++;
      }
    }
    this.#watcher.events(events);
  }

  #progress(revision: number): void {
    this.#wanted = false;
    if (revision > this.#seen) this.#seen = revision;
    this.#watcher.progress(revision);
  }

  async #countAt(revision: number): Promise<number> {
    const { count } = await this.#range({ revision, countOnly: true });
    return count;
  }

  /**
   * Members before 3.4.31 and 3.5.13 may answer a request for progress ahead of events they have not sent. There, that
   * nothing is missing is seen from the data: no key written since the last event, and as many keys as events tell of.
   */
  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    try {
      while (this.#wanted && this.#alive && !this.#ended) {
        const seen = this.#seen;
        const { revision, count, values } = await this.#range({
          minModRevision: seen + 1,
          keysOnly: true,
          limit: 1,
        });
        if (this.#ended || !this.#alive) return;
        if (this.#seen === seen && values.length === 0 && count === this.#keys) {
          this.#wanted = false;
          this.#owing = undefined;
          this.#watcher.progress(revision);
        } else if (this.#overdue()) return;
        else await sleep(probeAgainMs);
      }
    } catch {
      // Whoever waits asks again; a broken stream ends by itself.
    } finally {
      this.#probing = false;
    }
  }

  #range(options: {
    revision?: number;
    minModRevision?: number;
    keysOnly?: boolean;
    countOnly?: boolean;
    limit?: number;
  }) {
    const end = prefixEnd(this.#prefix);
    const request = encodeRange({ key: this.#prefix, ...(end ? { end } : {}), ...options });
    return this.#client.call('/etcdserverpb.KV/Range', request, decodeRange, true);
  }
}

/** Versions whose answer to a request for progress is in order with events (etcd CHANGELOG 3.4.31, 3.5.13). */
export function reportsProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}
