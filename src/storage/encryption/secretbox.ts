import { randomBytes } from 'node:crypto';
import type { Plain, Transformer } from './transformer.ts';

const nonceBytes = 24;
const tagBytes = 16;

type Cipher = (
  key: Uint8Array,
  nonce: Uint8Array,
) => {
  encrypt(data: Uint8Array): Uint8Array;
  decrypt(data: Uint8Array): Uint8Array;
};

/** XSalsa20 and Poly1305 as in NaCl, with a random nonce before the box (storage/value/encrypt/secretbox/secretbox.go). */
export class Secretbox implements Transformer {
  readonly #key: Buffer;
  readonly #cipher: Cipher;

  private constructor(key: Buffer, cipher: Cipher) {
    this.#key = key;
    this.#cipher = cipher;
  }

  /** `key`: 32 bytes. */
  static async make(key: Buffer): Promise<Secretbox> {
    const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
    return new Secretbox(key, xsalsa20poly1305);
  }

  fromStorage(data: Buffer): Plain {
    if (data.length < nonceBytes + tagBytes)
      throw new Error('the stored data was shorter than the required size');
    try {
      const box = this.#cipher(this.#key, data.subarray(0, nonceBytes));
      return { data: Buffer.from(box.decrypt(data.subarray(nonceBytes))), stale: false };
    } catch {
      throw new Error('output array was not large enough for encryption');
    }
  }

  toStorage(data: Uint8Array): Buffer {
    const nonce = randomBytes(nonceBytes);
    return Buffer.concat([nonce, this.#cipher(this.#key, nonce).encrypt(data)]);
  }
}
