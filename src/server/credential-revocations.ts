import type { DenyList, Revocation } from '../authentication/revocation/deny-list.ts';
import { REVOCATIONS, revocationOf } from '../authentication/revocation/revocation-object.ts';
import type { KubeObject } from '../meta/object.ts';
import type { Registry } from '../registry/registry.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import type { Log } from './log.ts';

/**
 * Keeps the deny list as the CredentialRevocation objects are, where somebody has installed their
 * CustomResourceDefinition: in force before the write that makes one is answered, and on other servers of the same store
 * when they see it.
 */
export class CredentialRevocations {
  readonly #registry: Registry;
  readonly #list: DenyList;
  readonly #log: Log;
  #cache: WatchCache | undefined;
  #unfollow: (() => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(registry: Registry, list: DenyList, log: Log) {
    this.#registry = registry;
    this.#list = list;
    this.#log = log;
  }

  start(): void {
    this.#stop = this.#registry.onChange(() => this.#look());
    this.#look();
  }

  stop(): void {
    this.#stop?.();
    this.#unfollow?.();
  }

  /** The definition may have come, gone or changed. */
  #look(): void {
    const cache = this.#registry.store(REVOCATIONS)?.cache;
    if (cache === this.#cache) return;
    this.#cache = cache;
    this.#unfollow?.();
    this.#unfollow = undefined;
    if (!cache) {
      // While a definition is replaced there is none for a moment, in which nobody is asked.
      setImmediate(() => {
        if (this.#cache) return;
        if (this.#list.size) this.#log.warn({ entries: this.#list.size }, GONE);
        this.#list.replaceAll(new Map());
      });
      return;
    }
    const lister = cache.lister();
    this.#unfollow = lister.onChange(({ type, object }) => {
      const revocation = type === 'DELETED' ? undefined : this.#read(object);
      const name = object.metadata.name ?? '';
      if (revocation) this.#list.set(name, revocation);
      else this.#list.remove(name);
    });
    const entries = new Map<string, Revocation>();
    for (const object of lister.list()) {
      const revocation = this.#read(object);
      if (revocation) entries.set(object.metadata.name ?? '', revocation);
    }
    this.#list.replaceAll(entries);
  }

  #read(object: KubeObject): Revocation | undefined {
    const read = revocationOf(object);
    if (!('fault' in read)) return read;
    this.#log.error(
      { revocation: object.metadata.name, error: read.fault },
      'a CredentialRevocation cannot be understood, and refuses nobody',
    );
    return undefined;
  }
}

const GONE = 'the CustomResourceDefinition of CredentialRevocations is gone: what it held refuses nobody now';
