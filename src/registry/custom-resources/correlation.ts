import { sameValue } from '../../schema/apply/schema-node.ts';
import type { Structural } from './structural.ts';

type Fields = Record<string, unknown>;

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A value beside the one it had before, as far down as the schema tells which part is which: faults of parts that did
 * not change are let be (apiserver pkg/cel/common/equality.go, CorrelatedObject).
 */
export class Correlated {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: Structural;
  #children: Map<string | number, Correlated | undefined> | undefined;
  #oldItems: MapList | undefined;
  #unchanged: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: Structural) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  /** The part under a key; undefined where there is none in one of the two, or the schema does not know it. */
  key(name: string): Correlated | undefined {
    return this.#child(name, () => {
      const { value, old } = this;
      if (!isMap(value) || !isMap(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name))
        return undefined;
      const schema = this.#schema.properties?.get(name) ?? this.#schema.additional?.schema;
      return schema && new Correlated(value[name], old[name], schema);
    });
  }

  /** An item of a map list and the one with the same keys before. Items of other lists have no past. */
  index(i: number): Correlated | undefined {
    return this.#child(i, () => {
      const { value, old } = this;
      const { items } = this.#schema;
      if (!items || !Array.isArray(value) || i >= value.length || !Array.isArray(old)) return undefined;
      if (this.#schema.listType !== 'map') return undefined;
      this.#oldItems ??= new MapList(this.#schema, old);
      const before = this.#oldItems.find(value[i]);
      return before === undefined ? undefined : new Correlated(value[i], before, items);
    });
  }

  /** Whether nothing of it has changed. */
  get unchanged(): boolean {
    this.#unchanged ??= this.#compare();
    return this.#unchanged;
  }

  #child(at: string | number, make: () => Correlated | undefined): Correlated | undefined {
    this.#children ??= new Map();
    if (!this.#children.has(at)) this.#children.set(at, make());
    return this.#children.get(at);
  }

  #compare(): boolean {
    const { value, old } = this;
    if (value === null || old === null) return value === old;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.#schema.listType !== 'map') return sameValue(value, old);
      return value.every((_, i) => this.index(i)?.unchanged ?? false);
    }
    if (isMap(value) && isMap(old)) {
      const keys = Object.keys(value);
      return (
        keys.length === Object.keys(old).length && keys.every((name) => this.key(name)?.unchanged ?? false)
      );
    }
    return value === old;
  }
}

/** Items of a list by their keys, the first of several with the same (apiserver pkg/cel/common/maplist.go). */
export class MapList {
  readonly #keys: readonly string[];
  readonly #items: Map<string, unknown> | undefined;

  constructor(schema: Structural, items: readonly unknown[]) {
    this.#keys = schema.listMapKeys;
    if (schema.listType !== 'map' || schema.type !== 'array' || this.#keys.length === 0) return;
    this.#items = new Map();
    for (const item of items) {
      const key = this.#keyOf(item);
      if (key !== undefined && !this.#items.has(key)) this.#items.set(key, item);
    }
  }

  /** The item with the same keys; undefined where there is none, or a key is missing. */
  find(item: unknown): unknown {
    if (!this.#items) return undefined;
    const key = this.#keyOf(item);
    return key === undefined ? undefined : this.#items.get(key);
  }

  #keyOf(item: unknown): string | undefined {
    if (!isMap(item)) return undefined;
    let key = '';
    for (const name of this.#keys) {
      const value = Object.hasOwn(item, name) ? item[name] : undefined;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
        return undefined;
      key += `\u0000${JSON.stringify(value)}`;
    }
    return key;
  }
}
