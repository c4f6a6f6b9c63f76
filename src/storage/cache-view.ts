import type { CachedObject } from './cached-object.ts';
import type { SortedObjects } from './sorted-objects.ts';

/** A resource's objects as of one revision. */
export class CacheView {
  readonly revision: number;
  readonly #objects: SortedObjects;
  /** How many lie behind those that were read. */
  readonly #beyond: number;

  constructor(revision: number, objects: SortedObjects, beyond = 0) {
    this.revision = revision;
    this.#objects = objects;
    this.#beyond = beyond;
  }

  /** In the order of their path, behind the path `after`; of one namespace, or all. */
  items(namespace?: string, after?: string): Iterable<CachedObject> {
    return this.#objects.from(namespacePrefix(namespace), after);
  }

  /** How many `items` would give. */
  count(namespace?: string, after?: string): number {
    return this.#objects.count(namespacePrefix(namespace), after) + this.#beyond;
  }
}

export function namespacePrefix(namespace: string | undefined): string {
  return namespace ? `${namespace}/` : '';
}

const viewsKept = 64;

/** Views that a client is paging through, until they are as old as history gets. */
export class RetainedViews {
  readonly #views = new Map<number, { view: CacheView; until: number }>();
  readonly #keptMs: number;

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** `now`: milliseconds, monotonic. */
  keep(view: CacheView, now: number): void {
    this.#views.delete(view.revision);
    this.#views.set(view.revision, { view, until: now + this.#keptMs });
    for (const [revision, { until }] of this.#views) {
      if (until > now && this.#views.size <= viewsKept) break;
      this.#views.delete(revision);
    }
  }

  get(revision: number, now: number): CacheView | undefined {
    const found = this.#views.get(revision);
    return found && found.until > now ? found.view : undefined;
  }

  clear(): void {
    this.#views.clear();
  }
}
