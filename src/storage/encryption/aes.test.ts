import { describe, expect, it } from 'vitest';
import { AesCbc, AesGcm, ExtendedNonceGcm } from './aes.ts';
import { Secretbox } from './secretbox.ts';
import type { Transformer } from './transformer.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const key32 = Buffer.alloc(32, 7);
const key = '/registry/secrets/default/a';

const transformers: [string, Transformer | Promise<Transformer>][] = [
  ['aesgcm 16', new AesGcm(Buffer.alloc(16, 1))],
  ['aesgcm 24', new AesGcm(Buffer.alloc(24, 1))],
  ['aesgcm 32', new AesGcm(key32)],
  ['aescbc 16', new AesCbc(Buffer.alloc(16, 1))],
  ['aescbc 32', new AesCbc(key32)],
  ['aesgcm with an extended nonce', new ExtendedNonceGcm(key32)],
  ['secretbox', Secretbox.make(key32)],
];

describe('what kube-apiserver has encrypted', () => {
  // Recorded in its own tests: storage/value/encrypt/aes/aes_test.go.
  const ciphertext =
    '9f27c8fcea8a58c467d8e437dbf2d85955f9b4bd912f4ef967d788a0cb07797dac0a3f0a0845605ca85ac8562b4ae1';
  const extended =
    '2442759e33945fbad709db577a0f037fd8a709fc76979b8942209debcecb9d57efe3d6ff6a1ef6ee9a5003b9833b3043cec1e47b35175b151107a8d2416b0e296bbf66b5d102fcefdf9a78f293d271';
  const seed = '5d40323a820ff95561675e3b95e81867c5fdd561d35a88a2d08b08aa9d4fcf5c';

  it('is read', () => {
    const gcm = new AesGcm(Buffer.from('snorlax_awesomes'));
    expect(Buffer.from(gcm.fromStorage(hex(ciphertext), 'bamboo').data).toString()).toBe(
      'pandas are the best',
    );
    const { data } = new ExtendedNonceGcm(hex(seed)).fromStorage(hex(extended), 'bamboo');
    expect(Buffer.from(data).toString()).toBe('pandas are the best');
    expect(() => gcm.fromStorage(hex(ciphertext), 'bambus')).toThrow('cipher: message authentication failed');
  });

  it('is read from a NaCl box', async () => {
    // NaCl's own test of crypto_secretbox (tests/secretbox.c): key, nonce, box and message.
    const box = await Secretbox.make(hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389'));
    const nonce = '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37';
    const sealed =
      'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5';
    const message =
      'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705';
    expect(Buffer.from(box.fromStorage(hex(nonce + sealed)).data).toString('hex')).toBe(message);
  });
});

describe.each(transformers)('%s', (_, made) => {
  it('reads what it wrote, of any length, and never writes the same twice', async () => {
    const transformer = await made;
    for (const length of [0, 1, 15, 16, 17, 1000, 100_000]) {
      const plain = Buffer.alloc(length, 'x');
      const stored = Buffer.from(await transformer.toStorage(plain, key));
      expect(Buffer.from((await transformer.fromStorage(stored, key)).data).equals(plain)).toBe(true);
      expect(stored.equals(Buffer.from(await transformer.toStorage(plain, key)))).toBe(false);
    }
  });

  it('refuses what is cut short, with nothing of it in the message', async () => {
    const transformer = await made;
    const stored = Buffer.from(await transformer.toStorage(Buffer.from('a secret value'), key));
    for (const length of [0, 1, 12, 20, stored.length - 1]) {
      expect(() => transformer.fromStorage(stored.subarray(0, length), key)).toThrow(
        /shorter than|authentication failed|block size|padding|PKCS7|not large enough/,
      );
    }
  });
});

describe('values bound to their key', () => {
  it.each(transformers.filter(([name]) => name.startsWith('aesgcm')))('%s', async (_, made) => {
    const transformer = await made;
    const stored = Buffer.from(await transformer.toStorage(Buffer.from('value'), key));
    expect(() => transformer.fromStorage(stored, '/registry/secrets/default/b')).toThrow(
      /authentication failed/,
    );
  });
});
