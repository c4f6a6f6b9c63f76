import { groupVersion, type KubeObject } from '../../meta/object.ts';
import type {
  RangeOptions,
  RangeResult,
  Store,
  StoredValue,
  StoreEvent,
  StoreWatcher,
  WriteOptions,
  WriteResult,
} from '../../storage/store.ts';
import { unreadable } from '../../storage/unreadable.ts';
import type { ConversionWebhook } from './conversion-webhook.ts';
import type { Definition } from './definition.ts';
import type { DefinitionVersion } from './definition-version.ts';

/** The store of a definition's objects, which knows which of them are stored otherwise than they would be now. */
export class DefinitionStore implements Store {
  protected readonly inner: Store;
  protected readonly definition: Definition;
  readonly requestProgress?: (prefix: string) => void;

  constructor(inner: Store, definition: Definition) {
    this.inner = inner;
    this.definition = definition;
    if (inner.requestProgress) this.requestProgress = (prefix) => inner.requestProgress!(prefix);
  }

  revision(): Promise<number> {
    return this.inner.revision();
  }

  get(key: string, at?: number): Promise<StoredValue | undefined> {
    return this.inner.get(key, at);
  }

  range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.inner.range(prefix, options);
  }

  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<WriteResult> {
    return this.inner.put(key, value, options);
  }

  delete(key: string, options?: { expect?: number }): Promise<WriteResult> {
    return this.inner.delete(key, options);
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    return this.inner.watch(prefix, after, watcher);
  }

  async stale(key: string): Promise<boolean> {
    if (await this.inner.stale?.(key)) return true;
    const found = await this.inner.get(key);
    return found !== undefined && this.definition.stale(found.value);
  }

  compact(revision: number): Promise<void> {
    return this.inner.compact(revision);
  }

  ping(): Promise<void> {
    return this.inner.ping();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/**
 * The store of a definition's objects as one of its versions sees it: what is stored in another version is converted by
 * the definition's webhook, one by one and in order, before anybody is told of it. A webhook that fails is a store that
 * fails: reads say why, and the watch is begun anew.
 */
export class ConvertingStore extends DefinitionStore {
  readonly #version: DefinitionVersion;
  readonly #webhook: ConversionWebhook;

  constructor(inner: Store, definition: Definition, version: DefinitionVersion, webhook: ConversionWebhook) {
    super(inner, definition);
    this.#version = version;
    this.#webhook = webhook;
  }

  override async get(key: string, at?: number): Promise<StoredValue | undefined> {
    const found = await this.inner.get(key, at);
    return found && { ...found, value: await this.#converted(found.value) };
  }

  override async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const { revision, values, remaining } = await this.inner.range(prefix, options);
    const converted: StoredValue[] = [];
    for (const value of values) converted.push({ ...value, value: await this.#converted(value.value) });
    return { revision, values: converted, remaining };
  }

  override watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    let ended = false;
    let end: (() => void) | undefined;
    let queue = Promise.resolve();
    const stop = (): void => {
      ended = true;
      end?.();
    };
    const enqueue = (run: () => Promise<void> | void): void => {
      queue = queue
        .then(() => (ended ? undefined : run()))
        .catch((error: unknown) => {
          if (ended) return;
          stop();
          watcher.failed(error as Error);
        });
    };
    end = this.inner.watch(prefix, after, {
      events: (events) =>
        enqueue(async () => {
          const converted: StoreEvent[] = [];
          for (const event of events)
            converted.push(event.value ? { ...event, value: await this.#converted(event.value) } : event);
          if (!ended) watcher.events(converted);
        }),
      progress: (revision) => enqueue(() => watcher.progress(revision)),
      again: () =>
        enqueue(() => {
          stop();
          watcher.again?.();
        }),
      failed: (error) =>
        enqueue(() => {
          ended = true;
          watcher.failed(error);
        }),
    });
    if (ended) end();
    return stop;
  }

  async #converted(value: Uint8Array): Promise<Uint8Array> {
    if (unreadable(value)) return value;
    let object: KubeObject;
    try {
      object = this.definition.read(value);
    } catch (error) {
      // Whoever wants to see this one object is told that it is broken.
      if (error instanceof SyntaxError) return value;
      throw error;
    }
    return Buffer.from(JSON.stringify(await this.toVersion(object, this.#version)));
  }

  /** An object in another version, without what that version does not know. The object given may be changed. */
  async toVersion(object: KubeObject, version: DefinitionVersion): Promise<KubeObject> {
    const converted = await this.#webhook.convert(object, groupVersion(version.kind));
    return this.definition.fit(converted, version);
  }
}
