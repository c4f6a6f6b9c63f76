import type { Store, StoredValue } from './store.ts';

export interface CopyOptions {
  /** Only keys that begin so. Default `/registry/`. */
  prefix?: string;
  /** Makes of each value what the other store is to hold. Default: the same bytes. */
  transform?: (value: Uint8Array, key: string) => Uint8Array | Promise<Uint8Array>;
  /**
   * What is left of a key's time to live, which no store tells; undefined: it stays. Default: what kube-apiserver gives
   * events and the leases of servers.
   */
  ttlSeconds?: (key: string) => number | undefined;
}

export interface CopyProgress {
  copied: number;
  /** How many are still to come. */
  remaining: number;
}

/** The other store holds something already; nothing was written to it. */
export class CopyTargetNotEmptyError extends Error {
  constructor(prefix: string) {
    super(`the store to copy to is not empty: it has keys under ${prefix}`);
  }
}

const pageSize = 500;

/**
 * Copies every key, as of one revision, into a store that has none. Revisions begin anew there: clients list again.
 * Returns how many were copied. Throws CopyTargetNotEmptyError, and whatever either store throws; a copy cut off is
 * begun again with an empty store.
 */
export async function copy(
  from: Store,
  to: Store,
  onProgress: (progress: CopyProgress) => void = () => undefined,
  options: CopyOptions = {},
): Promise<number> {
  const prefix = options.prefix ?? '/registry/';
  if ((await to.range(prefix, { limit: 1 })).values.length > 0) throw new CopyTargetNotEmptyError(prefix);
  const ttlSeconds = options.ttlSeconds ?? givenTtl;
  const write = async ({ key, value }: StoredValue): Promise<void> => {
    const bytes = options.transform ? await options.transform(value, key) : value;
    const ttl = ttlSeconds(key);
    const result = await to.put(key, bytes, { expect: 0, ...(ttl === undefined ? {} : { ttlSeconds: ttl }) });
    if (!result.ok)
      throw new Error(`somebody else writes to the store that is copied to: ${key} is there already`);
  };
  let copied = 0;
  let after: string | undefined;
  let at: number | undefined;
  for (;;) {
    const page = await from.range(prefix, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
      ...(at === undefined ? {} : { at }),
    });
    at = page.revision;
    await Promise.all(page.values.map(write));
    copied += page.values.length;
    onProgress({ copied, remaining: page.remaining });
    after = page.values.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) return copied;
  }
}

function givenTtl(key: string): number | undefined {
  if (key.startsWith('/registry/events/')) return 3600;
  // Who has not renewed it by then does not live in the other store.
  return key.startsWith('/registry/masterleases/') ? 15 : undefined;
}

/** The first key whose value is encrypted at rest and bound to the key itself; undefined where there is none. */
export async function boundValue(store: Store, prefix = '/registry/'): Promise<string | undefined> {
  let after: string | undefined;
  let at: number | undefined;
  for (;;) {
    const page = await store.range(prefix, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
      ...(at === undefined ? {} : { at }),
    });
    at = page.revision;
    const found = page.values.find(({ value }) =>
      bound.test(Buffer.from(value.subarray(0, 16)).toString('latin1')),
    );
    if (found) return found.key;
    after = page.values.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) return undefined;
  }
}

/** What AES-GCM seals, alone or with a key service, is sealed together with its key; aescbc and secretbox do not do that. */
const bound = /^k8s:enc:(aesgcm|kms):/;
