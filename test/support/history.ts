/** A write of a ConfigMap that all share: it names itself and the one it replaces. */
export interface Write {
  key: string;
  id: string;
  /** The id it found; empty where it creates. */
  previous: string;
  revision?: number;
}

/** One watch from where it began to where it ended, without a break. */
export interface WatchSession {
  after: number;
  events: { type: string; key: string; id: string; revision: number }[];
  /** Nothing up to here can come any more. */
  upTo: number;
}

/** What clients did and saw, and what is wrong with it. Times are of one clock: the test's own. */
export class History {
  readonly writes = new Map<string, Write>();
  readonly acknowledged = new Set<string>();
  readonly sessions: WatchSession[] = [];
  readonly faults: string[] = [];
  readonly counts = { acknowledged: 0, conflicts: 0, unknown: 0, refused: 0, reads: 0, lists: 0 };
  readonly latencies: number[] = [];
  #newest = 0;
  readonly #newestOf = new Map<string, number>();

  acknowledge(id: string, revision: number): void {
    const write = this.writes.get(id)!;
    write.revision = revision;
    this.acknowledged.add(id);
    this.counts.acknowledged++;
    this.#newestOf.set(write.key, Math.max(revision, this.#newestOf.get(write.key) ?? 0));
    this.#newest = Math.max(revision, this.#newest);
  }

  /** What a read that begins now has to show at least. */
  newest(key?: string): number {
    return key === undefined ? this.#newest : (this.#newestOf.get(key) ?? 0);
  }

  fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(text);
  }

  /** From the value that is there at the end back to the first: every acknowledged write has to be on the way. */
  checkChains(last: ReadonlyMap<string, string>): void {
    for (const [key, id] of last) {
      const chain = new Set<string>();
      for (let at = id; at !== ''; ) {
        if (chain.has(at)) break;
        chain.add(at);
        const write = this.writes.get(at);
        if (!write) {
          this.fault(`${key} holds ${at}, which nobody wrote`);
          break;
        }
        at = write.previous;
      }
      for (const write of this.writes.values()) {
        if (write.key === key && this.acknowledged.has(write.id) && !chain.has(write.id))
          this.fault(`the acknowledged write ${write.id} of ${key} at ${write.revision} is lost`);
      }
    }
  }

  /** All sessions tell one and the same story, each without a gap, in order and once. */
  checkSessions(): void {
    const story = new Map<number, string>();
    for (const write of this.writes.values())
      if (write.revision !== undefined) story.set(write.revision, `${write.key} ${write.id}`);
    for (const { events } of this.sessions) {
      for (const { revision, key, id } of events) {
        const told = `${key} ${id}`;
        const known = story.get(revision);
        if (known !== undefined && known !== told)
          this.fault(`revision ${revision} is ${known} here and ${told} there`);
        story.set(revision, told);
      }
    }
    const revisions = [...story.keys()].sort((a, b) => a - b);
    for (const { after, events, upTo } of this.sessions) {
      let before = after;
      for (const { revision } of events) {
        if (revision <= before) this.fault(`a watch told ${revision} behind ${before}`);
        before = revision;
      }
      const seen = new Set(events.map(({ revision }) => revision));
      for (const revision of revisions)
        if (revision > after && revision <= upTo && !seen.has(revision))
          this.fault(`a watch from ${after} to ${upTo} missed ${revision}: ${story.get(revision)}`);
    }
  }

  /** Milliseconds of which so many per cent of the acknowledged writes took less. */
  latency(percent: number): number {
    const sorted = this.latencies.sort((a, b) => a - b);
    return Math.round(sorted[Math.floor((sorted.length * percent) / 100)] ?? 0);
  }
}
