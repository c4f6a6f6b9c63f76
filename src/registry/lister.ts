import type { KubeObject } from '../meta/object.ts';

export type ObjectChange =
  | { type: 'ADDED'; object: KubeObject; previous?: undefined }
  | { type: 'MODIFIED'; object: KubeObject; previous: KubeObject }
  /** `object` is the object as it was last. */
  | { type: 'DELETED'; object: KubeObject; previous: KubeObject };

/**
 * Which changes a handler is to be told of, where it has no use for the others. Those of it that can be told apart without
 * reading the object cost next to nothing. A lister may tell of more.
 */
export interface ChangeInterest {
  types?: readonly ObjectChange['type'][];
  /** With `name`: of one object. */
  namespace?: string;
  name?: string;
  /** Of what is added or modified only where its JSON, now or before, has one of these texts in it: `"ownerReferences"`. */
  mentions?: readonly string[];
}

/**
 * What doors and controllers read objects through: the watch cache of one resource, in memory and always current.
 * Objects are shared: whoever changes one changes a copy (structuredClone).
 */
export interface Lister {
  /** `namespace` is empty for cluster-scoped resources. */
  get(namespace: string, name: string): KubeObject | undefined;
  /** In the order of namespace and name; all namespaces where none is given. */
  list(namespace?: string): KubeObject[];
  /** Calls back for each change from now on, in order. Returns the way to stop. */
  onChange(handler: (change: ObjectChange) => void, interest?: ChangeInterest): () => void;
}

/** A fixed set of objects as a lister, for tests and for manifests without a server. */
export class StaticLister implements Lister {
  readonly #objects = new Map<string, KubeObject>();
  readonly #handlers = new Set<(change: ObjectChange) => void>();

  constructor(objects: readonly KubeObject[] = []) {
    for (const object of objects) this.set(object);
  }

  set(object: KubeObject): void {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const handler of this.#handlers)
      handler(previous ? { type: 'MODIFIED', object, previous } : { type: 'ADDED', object });
  }

  remove(namespace: string, name: string): void {
    const object = this.#objects.get(`${namespace}/${name}`);
    if (!object) return;
    this.#objects.delete(`${namespace}/${name}`);
    for (const handler of this.#handlers) handler({ type: 'DELETED', object, previous: object });
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(namespace?: string): KubeObject[] {
    const keys = [...this.#objects.keys()]
      .filter((k) => namespace === undefined || k.startsWith(`${namespace}/`))
      .sort();
    return keys.map((k) => this.#objects.get(k)!);
  }

  onChange(handler: (change: ObjectChange) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }
}
