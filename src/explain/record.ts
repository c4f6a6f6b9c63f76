import type { UserInfo } from '../meta/user.ts';
import type { RequestSummary } from './request-summary.ts';
import type { AdmissionVerdict, AuthenticationVerdict, AuthorizationVerdict } from './verdict.ts';

/** A right that a caller was asked for beside the request itself, as authorizers are asked for it. */
export interface MissingRight {
  user: UserInfo;
  verb: string;
  isResourceRequest: boolean;
  namespace: string;
  apiGroup: string;
  apiVersion: string;
  resource: string;
  subresource: string;
  name: string;
  path: string;
}

/** What every door said of one request. Kept in memory, in the order of arrival, until newer ones push it out. */
export interface DecisionRecord {
  /** The Audit-Id the answer carries. */
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  request: RequestSummary;
  authentication?: { micros: number; asked: readonly AuthenticationVerdict[]; user?: UserInfo };
  impersonation?: {
    micros: number;
    user?: UserInfo;
    constraint?: string;
    refused?: string;
    /** The right to impersonate that the caller lacks; absent where no right would have helped. */
    missing?: MissingRight;
  };
  /** Set where the server had too much to do for it. */
  flowControl?: { schema?: string; level?: string; refused: string };
  authorization?: { micros: number; decision: string; asked: readonly AuthorizationVerdict[] };
  admission?: AdmissionVerdict[];
  /** The answer's HTTP status; absent while the request runs. */
  status?: number;
  micros?: number;
}

/** What is kept of a request until somebody asks for its record, which is made then. */
export interface KeptDecision {
  readonly id: string;
  /** Whether a door turned the request away; known once it is answered. */
  readonly isRefused: boolean;
  record(): DecisionRecord;
}

/**
 * So many of the last requests are kept whatever became of them. What is kept longer than the collector of young garbage
 * comes round is moved by it, twice: a busy server would pay for thousands of requests that nobody asks about.
 */
const RECENT = 500;

/**
 * The last decisions: the newest, and before them those alone that somebody may want to have explained. Noting one costs an
 * assignment, and nothing is made for readers who may never come.
 */
export class DecisionRing {
  readonly #recent: Ring<KeptDecision>;
  readonly #refused: Ring<KeptDecision>;
  readonly #size: number;
  readonly #listeners = new Set<(record: DecisionRecord) => void>();

  /** @param size how many are kept; 0: none */
  constructor(size: number) {
    this.#size = size;
    this.#recent = new Ring(Math.min(size, RECENT));
    this.#refused = new Ring(Math.max(size - RECENT, 0));
  }

  add(decision: KeptDecision): void {
    this.#recent.add(decision);
  }

  /** Tells followers that a request has its answer. */
  finished(decision: KeptDecision): void {
    if (decision.isRefused) this.#refused.add(decision);
    if (this.#listeners.size === 0) return;
    const record = decision.record();
    for (const listener of this.#listeners) listener(record);
  }

  follow(listener: (record: DecisionRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest of an Audit-ID: callers may send the same one again. */
  get(id: string): DecisionRecord | undefined {
    for (const kept of this.#newestFirst()) if (kept.id === id) return kept.record();
    return undefined;
  }

  /** Newest first: at most so many of those that match. */
  list(limit = this.#size, matches: (record: DecisionRecord) => boolean = () => true): DecisionRecord[] {
    const out: DecisionRecord[] = [];
    for (const kept of this.#newestFirst()) {
      if (out.length >= limit) break;
      const record = kept.record();
      if (matches(record)) out.push(record);
    }
    return out;
  }

  *#newestFirst(): Generator<KeptDecision> {
    const seen = new Set<KeptDecision>();
    for (const kept of this.#recent.newestFirst()) {
      seen.add(kept);
      yield kept;
    }
    for (const kept of this.#refused.newestFirst()) if (!seen.has(kept)) yield kept;
  }
}

/** The last so many of something. */
class Ring<T> {
  readonly #items: (T | undefined)[];
  #next = 0;

  constructor(size: number) {
    this.#items = new Array(size).fill(undefined);
  }

  add(item: T): void {
    if (this.#items.length === 0) return;
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#items.length;
  }

  *newestFirst(): Generator<T> {
    const { length } = this.#items;
    for (let i = 1; i <= length; i++) {
      const item = this.#items[(this.#next - i + length) % length];
      if (item === undefined) return;
      yield item;
    }
  }
}
