import type { KubeObject } from '../../meta/object.ts';
import type { Lister } from '../../registry/lister.ts';

/** The resources that ServiceAccount tokens rest on. */
export type BoundResource = 'serviceaccounts' | 'secrets' | 'pods' | 'nodes';

/** Where the objects that tokens name are read. */
export interface TokenObjects {
  listers: Readonly<Record<BoundResource, Lister>>;
  /**
   * Asks the store for what the watch cache does not have: another replica may have made it a moment ago. Absent: the
   * watch cache is the last word.
   */
  live?: (resource: BoundResource, namespace: string, name: string) => Promise<KubeObject | undefined>;
}

/** Reads one object, and remembers what was not there. */
export class ObjectLookup {
  readonly missing: { resource: BoundResource; namespace: string; name: string }[] = [];
  readonly #listers: TokenObjects['listers'];
  readonly #fetched: ReadonlyMap<string, KubeObject | undefined>;

  constructor(
    listers: TokenObjects['listers'],
    fetched: ReadonlyMap<string, KubeObject | undefined> = new Map(),
  ) {
    this.#listers = listers;
    this.#fetched = fetched;
  }

  get(resource: BoundResource, namespace: string, name: string): KubeObject | undefined {
    const object =
      this.#listers[resource].get(namespace, name) ?? this.#fetched.get(idOf(resource, namespace, name));
    if (!object && !this.#fetched.has(idOf(resource, namespace, name)))
      this.missing.push({ resource, namespace, name });
    return object;
  }
}

/** A token names four objects at most, so it is looked into that many times again at most. */
const MAX_ROUNDS = 4;

/**
 * Judges by the watch cache, at once if it holds all that is asked for; else again with what the store has of the rest.
 */
export function judgeByObjects<T>(objects: TokenObjects, judge: (lookup: ObjectLookup) => T): T | Promise<T> {
  const lookup = new ObjectLookup(objects.listers);
  const verdict = judge(lookup);
  const { live } = objects;
  return live && lookup.missing.length ? again(objects, live, judge, lookup) : verdict;
}

async function again<T>(
  objects: TokenObjects,
  live: NonNullable<TokenObjects['live']>,
  judge: (lookup: ObjectLookup) => T,
  first: ObjectLookup,
): Promise<T> {
  const fetched = new Map<string, KubeObject | undefined>();
  let lookup = first;
  for (let round = 0; ; round++) {
    for (const { resource, namespace, name } of lookup.missing) {
      fetched.set(idOf(resource, namespace, name), await live(resource, namespace, name));
    }
    lookup = new ObjectLookup(objects.listers, fetched);
    const verdict = judge(lookup);
    if (lookup.missing.length === 0 || round >= MAX_ROUNDS) return verdict;
  }
}

const idOf = (resource: string, namespace: string, name: string): string =>
  `${resource}/${namespace}/${name}`;
