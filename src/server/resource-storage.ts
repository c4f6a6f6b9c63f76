import type { GroupResource } from '../meta/object.ts';
import type { EncryptionProviders } from '../storage/encryption/providers.ts';
import { EncryptedStore } from '../storage/encryption/store.ts';
import { PrefixedStore } from '../storage/prefixed.ts';
import type { Store } from '../storage/store.ts';
import type { ServerOptions } from './options.ts';

/** Where keys begin for everything above the store; what they are in the store itself is `--etcd-prefix`. */
export const REGISTRY_PREFIX = '/registry';

/** The one store, as each resource sees it: keys under /registry, values in the clear. */
export class ResourceStorage {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #encryption: EncryptionProviders | undefined;

  /** `prefix` as in `--etcd-prefix`. */
  constructor(store: Store, prefix: string = REGISTRY_PREFIX, encryption?: EncryptionProviders) {
    this.#store = store;
    this.#prefix = `/${prefix.replace(/^\/+|\/+$/g, '')}`;
    this.#encryption = encryption;
  }

  /** The store for the objects of one resource. */
  forResource(resource: GroupResource): Store {
    // Values are bound to their key as it is in etcd, so the mapping of keys lies above the encryption.
    const store = this.#encryption
      ? new EncryptedStore(this.#store, this.#encryption.forResource(resource))
      : this.#store;
    return this.#prefix === REGISTRY_PREFIX ? store : new PrefixedStore(store, REGISTRY_PREFIX, this.#prefix);
  }
}

/** The store that the options name, once it is open, for each resource. */
export function storageOf(
  options: ServerOptions,
  store: Store,
  encryption: EncryptionProviders | undefined,
): ResourceStorage {
  const prefix = options.store.engine === 'etcd' ? options.store.prefix : undefined;
  return new ResourceStorage(store, prefix, encryption);
}
