import type { KubeObject } from '../meta/object.ts';
import { unreadable } from './unreadable.ts';

/** A value in the store that is not an object of the API. */
export class UndecodableObjectError extends Error {
  readonly key: string;
  constructor(key: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : `the value at ${key} cannot be decoded`, { cause });
    this.key = key;
  }
}

/** What all objects of one cache have in common, kept once. */
export interface ObjectForm {
  kind: string;
  apiVersion: string;
  /** `{"kind":"K","apiVersion":"v1",`: an item's text behind its first brace follows. */
  head: Buffer;
  /** How the store's values of this kind begin, as Go writes a typed object and as it writes a map. */
  stored: readonly Buffer[];
  /** Makes an object of what is stored; undefined: it is JSON and complete as it is. */
  decode?: ((value: Uint8Array, key: string) => KubeObject | undefined) | undefined;
}

export function objectForm(kind: string, apiVersion: string, decode?: ObjectForm['decode']): ObjectForm {
  const k = `"kind":${JSON.stringify(kind)}`;
  const v = `"apiVersion":${JSON.stringify(apiVersion)}`;
  return {
    kind,
    apiVersion,
    head: Buffer.from(`{${k},${v},`),
    stored: [Buffer.from(`{${k},${v},"metadata":{`), Buffer.from(`{${v},${k},"metadata":{`)],
    decode,
  };
}

const itemHead = '{"metadata":{"resourceVersion":"';
const brace = '}'.charCodeAt(0);
const lineEnd = '\n'.charCodeAt(0);

/**
 * One object at one revision. Its bytes and its parsed value are made when first asked for, each once, and shared:
 * nobody changes either.
 */
export class CachedObject {
  /** The key behind the cache's prefix: `namespace/name`, or `name`. */
  readonly path: string;
  readonly revision: number;
  readonly #form: ObjectForm;
  /** The stored value until the item is made of it, or the object whose bytes these are but for the revision. */
  #source: Uint8Array | CachedObject | undefined;
  #item: Buffer | undefined;
  #object: KubeObject | undefined;

  constructor(form: ObjectForm, path: string, revision: number, source: Uint8Array | CachedObject) {
    this.#form = form;
    this.path = path;
    this.revision = revision;
    this.#source = source;
  }

  get name(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }

  /** Empty for cluster-scoped objects. */
  get namespace(): string {
    const slash = this.path.lastIndexOf('/');
    return slash < 0 ? '' : this.path.slice(0, slash);
  }

  /** The object's JSON without kind and apiVersion, as it stands in a list. Throws UndecodableObjectError. */
  get item(): Buffer {
    if (!this.#item) {
      this.#item = this.#makeItem();
      this.#source = undefined;
    }
    return this.#item;
  }

  /** Whether its value could not be decrypted when it was read from the store. */
  get unreadable(): boolean {
    const source = this.#source;
    return source !== undefined && !(source instanceof CachedObject) && unreadable(source) !== undefined;
  }

  /** Bytes of its JSON, about. */
  get size(): number {
    const source = this.#item ?? this.#source;
    return source instanceof CachedObject ? source.size : (source?.length ?? 0);
  }

  /** With kind, apiVersion and metadata.resourceVersion. Throws UndecodableObjectError. */
  get object(): KubeObject {
    if (!this.#object) {
      const text = `${this.#form.head.toString()}${this.item.toString('utf8', 1)}`;
      // Making the item may have made the object.
      this.#object ??= JSON.parse(text) as KubeObject;
    }
    return this.#object;
  }

  /** The object's whole JSON as two pieces to be sent one behind the other. */
  get json(): readonly [head: Buffer, rest: Buffer] {
    return [this.#form.head, this.item.subarray(1)];
  }

  /** The same in one piece, with the line's end that Go's encoder writes. */
  get line(): Buffer {
    const { head } = this.#form;
    const { item } = this;
    const line = Buffer.allocUnsafe(head.length + item.length);
    line.set(head, 0);
    item.copy(line, head.length, 1);
    line[line.length - 1] = lineEnd;
    return line;
  }

  /** The same object under another revision, as watches show one that was deleted. */
  at(revision: number): CachedObject {
    return new CachedObject(this.#form, this.path, revision, this);
  }

  #makeItem(): Buffer {
    const source = this.#source!;
    if (source instanceof CachedObject) {
      const own = itemHead.length + String(source.revision).length;
      return Buffer.concat([Buffer.from(`${itemHead}${this.revision}`), source.item.subarray(own)]);
    }
    const reason = unreadable(source);
    if (reason) throw new UndecodableObjectError(this.path, reason);
    try {
      const decoded = this.#form.decode?.(source, this.path);
      return decoded
        ? this.#itemOfObject(decoded)
        : (this.#itemOfBytes(source) ?? this.#itemOfObject(parse(source)));
    } catch (error) {
      // JSON.parse shows a piece of the text, which may be a secret.
      throw new UndecodableObjectError(this.path, error instanceof SyntaxError ? undefined : error);
    }
  }

  /** Without parsing, where the value begins the way it is written by default. */
  #itemOfBytes(value: Uint8Array): Buffer | undefined {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    for (const stored of this.#form.stored) {
      if (bytes.length <= stored.length || stored.compare(bytes, 0, stored.length) !== 0) continue;
      let end = bytes.length;
      // Go's encoder ends with a newline.
      while (end > 0 && bytes[end - 1]! <= 0x20) end--;
      const separator = bytes[stored.length] === brace ? '"' : '",';
      const head = `${itemHead}${this.revision}${separator}`;
      const item = Buffer.allocUnsafe(head.length + end - stored.length);
      item.write(head, 0, 'latin1');
      bytes.copy(item, head.length, stored.length, end);
      return item;
    }
    return undefined;
  }

  #itemOfObject(object: KubeObject): Buffer {
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
    const { resourceVersion: _old, ...others } = metadata ?? {};
    const item = { metadata: { resourceVersion: String(this.revision), ...others }, ...rest };
    return Buffer.from(JSON.stringify(item));
  }
}

function parse(value: Uint8Array): KubeObject {
  const object: unknown = JSON.parse(
    Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(),
  );
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    throw new SyntaxError('not an object');
  return object as KubeObject;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** A change of one object, shared by all who watch. */
export class CacheEvent {
  readonly type: ChangeType;
  readonly revision: number;
  /** A deleted object is shown as it was last, under the revision of its deletion. */
  readonly current: CachedObject;
  readonly previous: CachedObject | undefined;
  #added: Buffer | undefined;
  #modified: Buffer | undefined;
  #deleted: Buffer | undefined;

  constructor(type: ChangeType, revision: number, current: CachedObject, previous: CachedObject | undefined) {
    this.type = type;
    this.revision = revision;
    this.current = current;
    this.previous = previous;
  }

  /**
   * The line a JSON watch sends, made once for all watchers. The type may differ from the event's own for whom the
   * object came into a selector (ADDED) or left it (DELETED: the object as it was before, under the event's revision).
   */
  frame(type: ChangeType = this.type): Buffer {
    if (type === 'ADDED') {
      this.#added ??= watchFrame(type, this.current);
      return this.#added;
    }
    if (type === 'MODIFIED') {
      this.#modified ??= watchFrame(type, this.current);
      return this.#modified;
    }
    this.#deleted ??= watchFrame(type, this.leaving);
    return this.#deleted;
  }

  /** What a watch shows of an object that is gone, or no longer in its selector. */
  get leaving(): CachedObject {
    if (this.type === 'DELETED' || !this.previous) return this.current;
    return this.previous.at(this.revision);
  }
}

const frameEnd = Buffer.from('}\n');

/** `{"type":"ADDED","object":{…}}` and a newline. */
export function watchFrame(type: ChangeType, object: CachedObject): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), ...object.json, frameEnd]);
}
