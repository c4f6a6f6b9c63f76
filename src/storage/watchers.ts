import type { StoreEvent, StoreWatcher } from './store.ts';

interface Registration {
  prefix: string;
  after: number;
  watcher: StoreWatcher;
}

/**
 * Who watches which prefix, for engines that deliver events from their own process. A commit costs as much as there
 * are watchers of its keys, however many watch something else: watchers are found by the key's own path prefixes.
 */
export class Watchers {
  readonly #byPath = new Map<string, Set<Registration>>();
  /** Prefixes that end inside a path segment can't be looked up and are compared one by one. */
  readonly #odd = new Set<Registration>();
  readonly #waiting: (readonly StoreEvent[])[] = [];
  #publishing = false;

  /** Delivers events of the prefix with a revision greater than `after`. Returns the way to end it. */
  add(prefix: string, after: number, watcher: StoreWatcher): () => void {
    const registration: Registration = { prefix, after, watcher };
    if (!prefix.endsWith('/')) {
      this.#odd.add(registration);
      return () => void this.#odd.delete(registration);
    }
    let set = this.#byPath.get(prefix);
    if (!set) {
      set = new Set();
      this.#byPath.set(prefix, set);
    }
    set.add(registration);
    return () => {
      const current = this.#byPath.get(prefix);
      current?.delete(registration);
      if (current?.size === 0) this.#byPath.delete(prefix);
    };
  }

  /**
   * Hands out events in the order of their revision. A watcher's fault ends that watcher, not the writer. Events of a
   * write made from inside a watcher wait until all have the earlier ones.
   */
  publish(events: readonly StoreEvent[]): void {
    if (events.length > 0) this.#waiting.push(events);
    if (this.#publishing) return;
    this.#publishing = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#deliver(next);
    } finally {
      this.#publishing = false;
    }
  }

  #deliver(events: readonly StoreEvent[]): void {
    const shares = new Map<Registration, StoreEvent[]>();
    for (const event of events) {
      for (let i = event.key.indexOf('/'); i !== -1; i = event.key.indexOf('/', i + 1)) {
        const set = this.#byPath.get(event.key.slice(0, i + 1));
        if (set) for (const registration of set) share(shares, registration, event);
      }
      for (const registration of this.#odd) {
        if (event.key.startsWith(registration.prefix)) share(shares, registration, event);
      }
    }
    for (const [registration, own] of shares) this.#call(registration, (w) => w.events(own));
  }

  /** Tells watchers (of one prefix, or all) that nothing up to `revision` is missing. */
  progress(revision: number, prefix?: string): void {
    for (const registration of this.#registrations(prefix)) {
      if (revision >= registration.after) this.#call(registration, (w) => w.progress(revision));
    }
  }

  /** Ends every watch with this error. */
  fail(error: Error): void {
    const all = this.#registrations();
    this.#byPath.clear();
    this.#odd.clear();
    for (const registration of all) this.#call(registration, (w) => w.failed(error));
  }

  #registrations(prefix?: string): Registration[] {
    if (prefix?.endsWith('/')) return [...(this.#byPath.get(prefix) ?? [])];
    const odd = [...this.#odd];
    if (prefix !== undefined) return odd.filter((r) => r.prefix === prefix);
    return [...this.#byPath.values()].flatMap((set) => [...set]).concat(odd);
  }

  #call(registration: Registration, call: (watcher: StoreWatcher) => void): void {
    try {
      call(registration.watcher);
    } catch (error) {
      this.#odd.delete(registration);
      this.#byPath.get(registration.prefix)?.delete(registration);
      registration.watcher.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function share(shares: Map<Registration, StoreEvent[]>, registration: Registration, event: StoreEvent): void {
  if (event.revision <= registration.after) return;
  const own = shares.get(registration);
  if (own) own.push(event);
  else shares.set(registration, [event]);
}
