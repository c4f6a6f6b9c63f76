import type { KubeObject } from '../meta/object.ts';
import type { CachedObject } from './cached-object.ts';

/** The values an object is found by, such as a pod's spec.nodeName. */
export type IndexFunction = (object: KubeObject) => readonly string[];

const none: readonly string[] = [];

/** Objects by what is in them. */
export class ObjectIndex {
  readonly #values: IndexFunction;
  readonly #byValue = new Map<string, Map<string, CachedObject>>();

  constructor(values: IndexFunction) {
    this.#values = values;
  }

  /** The values this object is found by; none where it can't be decoded. */
  valuesOf(object: CachedObject): readonly string[] {
    try {
      return this.#values(object.object);
    } catch {
      return none;
    }
  }

  replace(previous: CachedObject | undefined, current: CachedObject | undefined): void {
    if (previous) {
      for (const value of this.valuesOf(previous)) {
        const objects = this.#byValue.get(value);
        objects?.delete(previous.path);
        if (objects?.size === 0) this.#byValue.delete(value);
      }
    }
    if (!current) return;
    for (const value of this.valuesOf(current)) {
      const objects = this.#byValue.get(value);
      if (objects) objects.set(current.path, current);
      else this.#byValue.set(value, new Map([[current.path, current]]));
    }
  }

  /** In the order of their path. */
  get(value: string): CachedObject[] {
    const objects = [...(this.#byValue.get(value)?.values() ?? [])];
    return objects.sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}
