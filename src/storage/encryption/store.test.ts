import { describe, expect, it } from 'vitest';
import { UndecodableObjectError } from '../cached-object.ts';
import { MemoryStore } from '../memory.ts';
import { describeStore } from '../store.contract.ts';
import { unreadable } from '../unreadable.ts';
import { WatchCache } from '../watch-cache.ts';
import { AesCbc, AesGcm } from './aes.ts';
import { EncryptedStore } from './store.ts';
import { EncryptionError, identity, PrefixTransformers, type Transformer } from './transformer.ts';

const gcm = new AesGcm(Buffer.alloc(32, 1));

/** A transformer that makes everybody wait, each time for another while. */
const slow: Transformer = {
  async fromStorage(data, key) {
    for (let i = (data[0] ?? 0) % 5; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
    return gcm.fromStorage(data, key);
  },
  async toStorage(data, key) {
    return gcm.toStorage(data, key);
  },
};

for (const [name, transformer] of [
  ['an encrypted store', gcm],
  ['a store encrypted by a service', slow],
] as const) {
  describeStore(name, async () => {
    const store = new EncryptedStore(new MemoryStore(), transformer);
    return { store, prefix: '/registry/secrets/', end: () => store.close() };
  });
}

describe('EncryptedStore', () => {
  const key = '/registry/secrets/ns/a';
  const value = Buffer.from(
    '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":{"password":"aGVsbG8="}}',
  );

  it('keeps no value in the clear', async () => {
    const below = new MemoryStore();
    await new EncryptedStore(below, gcm).put(key, value);
    expect(Buffer.from((await below.get(key))!.value).includes('password')).toBe(false);
  });

  it('knows a value that is stored otherwise than it would be now', async () => {
    const below = new MemoryStore();
    const old = {
      prefix: Buffer.from('k8s:enc:aescbc:v1:old:'),
      transformer: new AesCbc(Buffer.alloc(32, 2)),
    };
    const now = { prefix: Buffer.from('k8s:enc:aesgcm:v1:new:'), transformer: gcm };
    const clear = { prefix: Buffer.alloc(0), transformer: identity };
    await below.put(key, value);
    const store = new EncryptedStore(below, new PrefixTransformers('no', [now, old, clear]));
    expect(await store.stale(key)).toBe(true);
    await store.put(key, value);
    expect(await store.stale(key)).toBe(false);
    await new EncryptedStore(below, new PrefixTransformers('no', [old])).put(key, value);
    expect(await store.stale(key)).toBe(true);
    expect(Buffer.from((await store.get(key))!.value).equals(value)).toBe(true);
    expect(await store.stale('/registry/secrets/ns/none')).toBe(false);
  });

  it('lets one value that can’t be read spoil itself alone', async () => {
    const below = new MemoryStore();
    const store = new EncryptedStore(
      below,
      new PrefixTransformers('no matching prefix found', [
        { prefix: Buffer.from('k8s:enc:aesgcm:v1:key1:'), transformer: gcm },
      ]),
    );
    await store.put(key, value);
    await below.put('/registry/secrets/ns/b', value);
    await below.put('/registry/secrets/ns/c', (await below.get(key))!.value);
    const cache = new WatchCache({ store, prefix: '/registry/secrets/', kind: 'Secret', apiVersion: 'v1' });
    await cache.start();
    expect(cache.get('ns', 'a')?.object['data']).toEqual({ password: 'aGVsbG8=' });
    expect(() => cache.get('ns', 'b')?.item).toThrow(UndecodableObjectError);
    expect(() => cache.get('ns', 'b')?.item).toThrow(
      'unable to transform key "/registry/secrets/ns/b": no matching prefix found',
    );
    expect(() => cache.get('ns', 'c')?.object).toThrow(/authentication failed/);
    expect(unreadable((await store.get('/registry/secrets/ns/c'))!.value)?.message).toMatch(
      /unable to transform key/,
    );
    expect(await store.delete('/registry/secrets/ns/c')).toMatchObject({ ok: true });
    expect(cache.get('ns', 'c')).toBeUndefined();
    cache.stop();
  });

  it('tells an embedded watch before the writer is answered', async () => {
    const store = new EncryptedStore(new MemoryStore(), gcm);
    const cache = new WatchCache({ store, prefix: '/registry/secrets/', kind: 'Secret', apiVersion: 'v1' });
    await cache.start();
    const put = await store.put(key, value);
    expect(cache.get('ns', 'a')?.revision).toBe(put.ok && put.revision);
    cache.stop();
  });

  it('is read anew once what could not be decrypted can be', async () => {
    const below = new MemoryStore();
    await new EncryptedStore(below, gcm).put(key, value);
    await below.put('/registry/secrets/ns/b', Buffer.from('spoilt for ever'));
    let here = false;
    const service: Transformer = {
      async fromStorage(data, at) {
        if (!here) throw new Error('the key service is away');
        return gcm.fromStorage(data, at);
      },
      async toStorage(data, at) {
        if (!here) throw new Error('the key service is away');
        return gcm.toStorage(data, at);
      },
    };
    const store = new EncryptedStore(below, service, { firstRetryMs: 5 });
    const errors: Error[] = [];
    const cache = new WatchCache({
      store,
      prefix: '/registry/secrets/',
      kind: 'Secret',
      apiVersion: 'v1',
      onError: (error) => errors.push(error),
    });
    await cache.start();
    const changes: string[] = [];
    cache.lister().onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    let ended = 0;
    cache.subscribe({ event: () => undefined, ended: () => ended++ });
    expect(() => cache.get('ns', 'a')!.object).toThrow('the key service is away');
    await expect(store.put(key, value)).rejects.toBeInstanceOf(EncryptionError);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(ended).toBe(0);
    here = true;
    while (ended === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    while (changes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(cache.get('ns', 'a')!.object.metadata.name).toBe('a');
    expect(() => cache.get('ns', 'b')!.object).toThrow(UndecodableObjectError);
    expect(changes).toEqual(['ADDED a']);
    expect(cache.ready).toBe(true);
    expect(errors).toEqual([]);
    cache.stop();
  });
});
