import type { CachedObject, CacheEvent } from './cached-object.ts';
import type { ObjectIndex } from './object-index.ts';

export interface CacheSubscriber {
  event(event: CacheEvent): void;
  /**
   * The cache lost its place in the store's history, or stops: no more events come, whoever watches starts over.
   * Without it, what has changed since comes as events, in one step however many there were.
   */
  ended?(): void;
}

/** What a subscriber wants to be told of; all of the cache where nothing is said. The narrower, the cheaper for all. */
export interface CacheScope {
  namespace?: string;
  /** One object; with `namespace` unless cluster-scoped. */
  name?: string;
  /** Only objects found under this value of an index. */
  index?: { name: string; value: string };
}

/** Who is told of which changes. A change costs as much as there are subscribers of its object. */
export class CacheSubscribers {
  readonly #byScope = new Map<string, Set<CacheSubscriber>>();
  /** How many subscribers go by each index. */
  readonly #indexes = new Map<string, number>();

  add(scope: CacheScope, subscriber: CacheSubscriber): () => void {
    const key = scopeKey(scope);
    const { index } = scope;
    if (index) this.#indexes.set(index.name, (this.#indexes.get(index.name) ?? 0) + 1);
    const set = this.#byScope.get(key) ?? new Set();
    this.#byScope.set(key, set.add(subscriber));
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      set.delete(subscriber);
      if (set.size === 0 && this.#byScope.get(key) === set) this.#byScope.delete(key);
      if (!index) return;
      const left = this.#indexes.get(index.name)! - 1;
      if (left > 0) this.#indexes.set(index.name, left);
      else this.#indexes.delete(index.name);
    };
  }

  dispatch(event: CacheEvent, indexes: ReadonlyMap<string, ObjectIndex>): void {
    const { current, previous } = event;
    this.#tell('*', event);
    if (this.#byScope.size === 0) return;
    const { namespace } = current;
    if (namespace !== '') this.#tell(`n:${namespace}`, event);
    this.#tell(`o:${current.path}`, event);
    for (const name of this.#indexes.keys()) {
      const index = indexes.get(name);
      if (!index) continue;
      const values = new Set(index.valuesOf(current));
      if (previous) for (const value of index.valuesOf(previous)) values.add(value);
      for (const value of values) this.#tell(`i:${name}:${value}`, event);
    }
  }

  /** Ends the subscriptions of those who can be told so. */
  end(): void {
    for (const set of [...this.#byScope.values()]) {
      for (const subscriber of [...set]) {
        if (!subscriber.ended) continue;
        set.delete(subscriber);
        subscriber.ended();
      }
    }
  }

  #tell(scope: string, event: CacheEvent): void {
    const subscribers = this.#byScope.get(scope);
    if (subscribers) for (const subscriber of subscribers) subscriber.event(event);
  }
}

function scopeKey(scope: CacheScope): string {
  if (scope.name !== undefined) return `o:${scope.namespace ? `${scope.namespace}/` : ''}${scope.name}`;
  if (scope.index) return `i:${scope.index.name}:${scope.index.value}`;
  return scope.namespace ? `n:${scope.namespace}` : '*';
}

/** Whether an object is in the scope, for events that were not dispatched by it (a resumed watch). */
export function inScope(
  scope: CacheScope,
  object: CachedObject,
  indexes: ReadonlyMap<string, ObjectIndex>,
): boolean {
  if (scope.name !== undefined && object.name !== scope.name) return false;
  if (scope.namespace && object.namespace !== scope.namespace) return false;
  if (!scope.index) return true;
  return indexes.get(scope.index.name)?.valuesOf(object).includes(scope.index.value) ?? false;
}
