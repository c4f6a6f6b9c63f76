/** A value as it was read: what was stored, and whether it would be stored otherwise today. */
export interface Plain {
  data: Uint8Array;
  stale: boolean;
}

/**
 * Turns values into what is stored, and back (apiserver pkg/storage/value/transformer.go). Answers at once where it can:
 * only key services make a caller wait. Failures are thrown, or rejected, in kube-apiserver's words.
 */
export interface Transformer {
  /** `key`: the value's key in the store, which the stored form may be bound to. */
  fromStorage(data: Buffer, key: string): Plain | Promise<Plain>;
  toStorage(data: Uint8Array, key: string): Uint8Array | Promise<Uint8Array>;
}

/** A value could not be encrypted, so nothing was written. */
export class EncryptionError extends Error {}

const encrypted = Buffer.from('k8s:enc:');

/** Stores values as they are, and refuses to read what is encrypted. */
export const identity: Transformer = {
  fromStorage(data) {
    if (data.subarray(0, encrypted.length).equals(encrypted)) {
      throw new Error('identity transformer tried to read encrypted data');
    }
    return { data, stale: false };
  },
  toStorage: (data) => data,
};

export interface PrefixedTransformer {
  /** What stored values of this transformer begin with; empty: nothing, and a failure to read is no answer. */
  prefix: Buffer;
  transformer: Transformer;
}

/** Writes with the first of its transformers; reads with the first that has the value's prefix and can read it. */
export class PrefixTransformers implements Transformer {
  readonly #transformers: readonly PrefixedTransformer[];
  readonly #unknown: string;

  /** `unknown`: what to say where no prefix fits. */
  constructor(unknown: string, transformers: readonly PrefixedTransformer[]) {
    this.#unknown = unknown;
    this.#transformers = transformers;
  }

  fromStorage(data: Buffer, key: string): Plain | Promise<Plain> {
    return this.#from(0, [], data, key);
  }

  toStorage(data: Uint8Array, key: string): Uint8Array | Promise<Uint8Array> {
    const { prefix, transformer } = this.#transformers[0]!;
    const stored = transformer.toStorage(data, key);
    if (prefix.length === 0) return stored;
    return stored instanceof Promise
      ? stored.then((bytes) => Buffer.concat([prefix, bytes]))
      : Buffer.concat([prefix, stored]);
  }

  #from(first: number, errors: readonly Error[], data: Buffer, key: string): Plain | Promise<Plain> {
    const failed = [...errors];
    for (let i = first; i < this.#transformers.length; i++) {
      const { prefix, transformer } = this.#transformers[i]!;
      if (!data.subarray(0, prefix.length).equals(prefix)) continue;
      try {
        const plain = transformer.fromStorage(data.subarray(prefix.length), key);
        if (!(plain instanceof Promise)) return i === 0 ? plain : { data: plain.data, stale: true };
        return plain.then(
          (found) => (i === 0 ? found : { data: found.data, stale: true }),
          (error: Error) => this.#from(i + 1, prefix.length === 0 ? failed : [...failed, error], data, key),
        );
      } catch (error) {
        // Another key under the same prefix may fit: the old one after a rotation.
        if (prefix.length > 0) failed.push(error as Error);
      }
    }
    if (failed.length === 0) throw new Error(this.#unknown);
    const messages = [...new Set(failed.map((error) => error.message))];
    throw new Error(messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`);
  }
}
