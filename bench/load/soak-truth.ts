/** One object of the load: what the server has answered of it. */
export interface Subject {
  namespace: string;
  name: string;
  group: string;
  /** Counts its writes; stands in the object. */
  version: number;
  exists: boolean;
  /** A write is under way: its outcome is not known, and nobody else writes. */
  busy: boolean;
  /** Of the last write that was sent. */
  sent: number;
}

interface WatchState {
  namespace: string | undefined;
  /** Events that came before the answer to their write: by revision, deletions by the object's path. */
  early: Set<number | string>;
  /** Answered writes whose event has not come. */
  missing: Map<number | string, string>;
  /** All up to here has come. */
  revision: number;
}

/** What must be true of every answer and every event. */
export class SoakTruth {
  readonly faults: string[] = [];
  readonly subjects = new Map<string, Subject>();
  readonly counts = { writes: 0, events: 0, reads: 0, unknown: 0 };
  readonly #byNamespace = new Map<string, Subject[]>();
  readonly #watches: WatchState[] = [];
  /** Writes whose answer was lost: their events may come. */
  readonly #unknown: Subject[] = [];

  fault(text: string): void {
    if (this.faults.length < 50) this.faults.push(text);
  }

  add(subject: Subject): void {
    this.subjects.set(`${subject.namespace}/${subject.name}`, subject);
    const list = this.#byNamespace.get(subject.namespace) ?? [];
    this.#byNamespace.set(subject.namespace, list);
    list.push(subject);
  }

  remove(subject: Subject): void {
    this.subjects.delete(`${subject.namespace}/${subject.name}`);
    const list = this.#byNamespace.get(subject.namespace)!;
    const at = list.indexOf(subject);
    list[at] = list.at(-1)!;
    list.pop();
  }

  of(namespace: string): readonly Subject[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** A write was answered: it must be told to all who watch. The answer to a deletion tells no revision. */
  written(subject: Subject, revision: number | undefined): void {
    this.counts.writes++;
    const path = `${subject.namespace}/${subject.name}`;
    for (const watch of this.#watches) {
      if (watch.namespace !== undefined && watch.namespace !== subject.namespace) continue;
      if (watch.early.delete(revision ?? path)) continue;
      watch.missing.set(revision ?? path, `${path} version ${subject.version}`);
    }
  }

  /** Nobody knows what became of a write. */
  lost(subject: Subject): void {
    this.counts.unknown++;
    this.#unknown.push(subject);
  }

  /** `namespace`: undefined for all. The watch begins at `revision`. */
  watch(namespace: string | undefined, revision: number): WatchState {
    const watch: WatchState = { namespace, early: new Set(), missing: new Map(), revision };
    this.#watches.push(watch);
    return watch;
  }

  event(watch: WatchState, revision: number, path: string, isDeletion: boolean): void {
    this.counts.events++;
    if (revision <= watch.revision)
      this.fault(`a watch told ${path} at ${revision} behind ${watch.revision}`);
    watch.revision = revision;
    const key = isDeletion ? path : revision;
    if (!watch.missing.delete(key)) watch.early.add(key);
  }

  /** Once nothing runs any more: whatever is left over is a fault. */
  settle(): void {
    const unknown = this.#unknown.length;
    for (const watch of this.#watches) {
      for (const [revision, what] of watch.missing)
        this.fault(`a watch of ${watch.namespace ?? 'all namespaces'} missed ${what} at ${revision}`);
      if (watch.early.size > unknown) this.fault(`a watch told ${watch.early.size} changes that nobody made`);
    }
  }
}
