import type { DecisionRecord } from '../../explain/record.ts';
import { type Api, ApiError } from './api.ts';

const DECISIONS = '/sallyport/v1/decisions';
const MAX_KEPT = 2000;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

export type Connection = 'connecting' | 'live' | 'lost' | 'denied';

/** The server's decision records, newest first, and those that come in while somebody looks. */
export class Records {
  items: DecisionRecord[] = [];
  connection: Connection = 'connecting';
  /** What was missing, where the server keeps them from the caller. */
  fault: ApiError | undefined;
  readonly #api: Api;
  readonly #arrivals = new Set<(record: DecisionRecord) => void>();
  readonly #changes = new Set<() => void>();
  readonly #stopped = new AbortController();
  #due = false;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Called for each request as it ends. Returns the way to stop. */
  onArrival(listener: (record: DecisionRecord) => void): () => void {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  /** Called at most once a frame when anything is different. Returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  find(id: string): DecisionRecord | undefined {
    return this.items.find((record) => record.id === id);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Reads what is kept and follows what comes, again and again until it is stopped or refused. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        await this.#api.follow(
          `${DECISIONS}?watch=1`,
          (line) => this.#arrived(JSON.parse(line) as DecisionRecord),
          () => {
            tries = 0;
            void this.#load();
          },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && (error.status === 403 || error.status === 401)) {
          this.fault = error;
          this.#become('denied');
          return;
        }
      }
      if (signal.aborted) return;
      this.#become('lost');
      await new Promise((done) => setTimeout(done, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]));
    }
  }

  /** Loaded once the watch is open, so that nothing falls between the two. */
  async #load(): Promise<void> {
    try {
      const { items } = await this.#api.get<{ items: DecisionRecord[] }>(`${DECISIONS}?limit=${MAX_KEPT}`);
      const known = new Set(items.map(keyOf));
      const newer = this.items.filter(
        (record) => !known.has(keyOf(record)) && record.at > (items[0]?.at ?? 0),
      );
      this.items = [...newer, ...items].slice(0, MAX_KEPT);
      this.#become('live');
    } catch {
      this.#become('lost');
    }
  }

  #arrived(record: DecisionRecord): void {
    const running = this.items.findIndex((one) => keyOf(one) === keyOf(record));
    if (running >= 0) this.items[running] = record;
    else this.items.unshift(record);
    if (this.items.length > MAX_KEPT) this.items.length = MAX_KEPT;
    for (const listener of this.#arrivals) listener(record);
    this.#changed();
  }

  #become(connection: Connection): void {
    this.connection = connection;
    this.#changed();
  }

  #changed(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      for (const listener of this.#changes) listener();
    });
  }
}

/** Callers may send one Audit-Id twice. */
const keyOf = ({ id, at }: DecisionRecord): string => `${at} ${id}`;
