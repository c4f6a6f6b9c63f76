import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Plain, Transformer } from './transformer.ts';

const tooShort = 'the stored data was shorter than the required size';
const nonceBytes = 12;
const tagBytes = 16;
const blockBytes = 16;

/** AES-GCM with a random nonce, bound to the value's key in the store (storage/value/encrypt/aes/aes.go). */
export class AesGcm implements Transformer {
  readonly #key: Buffer;
  readonly #algorithm: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';

  /** `key`: 16, 24 or 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
    this.#algorithm = `aes-${(key.length * 8) as 128 | 192 | 256}-gcm`;
  }

  fromStorage(data: Buffer, key: string): Plain {
    if (data.length < nonceBytes) throw new Error(tooShort);
    const tagStart = data.length - tagBytes;
    if (tagStart < nonceBytes) throw new Error('cipher: message authentication failed');
    const decipher = createDecipheriv(this.#algorithm, this.#key, data.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(key));
    decipher.setAuthTag(data.subarray(tagStart));
    const plain = decipher.update(data.subarray(nonceBytes, tagStart));
    try {
      decipher.final();
    } catch {
      throw new Error('cipher: message authentication failed');
    }
    return { data: plain, stale: false };
  }

  toStorage(data: Uint8Array, key: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(this.#algorithm, this.#key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(key));
    const sealed = cipher.update(data);
    return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]);
  }
}

/** AES-CBC with PKCS #7 padding. Nothing tells whether stored bytes have been tampered with. */
export class AesCbc implements Transformer {
  readonly #key: Buffer;
  readonly #algorithm: string;

  /** `key`: 16, 24 or 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
    this.#algorithm = `aes-${key.length * 8}-cbc`;
  }

  fromStorage(data: Buffer): Plain {
    if (data.length < blockBytes) throw new Error(tooShort);
    if (data.length % blockBytes !== 0)
      throw new Error('the stored data is not a multiple of the block size');
    if (data.length === blockBytes) throw new Error('invalid PKCS7 data (empty or not padded)');
    const decipher = createDecipheriv(this.#algorithm, this.#key, data.subarray(0, blockBytes));
    const plain = decipher.update(data.subarray(blockBytes));
    try {
      return { data: Buffer.concat([plain, decipher.final()]), stale: false };
    } catch {
      throw new Error('invalid padding on input');
    }
  }

  toStorage(data: Uint8Array): Buffer {
    const iv = randomBytes(blockBytes);
    const cipher = createCipheriv(this.#algorithm, this.#key, iv);
    return Buffer.concat([iv, cipher.update(data), cipher.final()]);
  }
}

const infoBytes = 32;

/**
 * AES-GCM under a key of its own for each value, derived from a seed and 32 random bytes that stand before it
 * (storage/value/encrypt/aes/aes_extended_nonce.go).
 */
export class ExtendedNonceGcm implements Transformer {
  readonly #seed: Buffer;

  /** `seed`: at least 32 random bytes. */
  constructor(seed: Buffer) {
    if (seed.length < infoBytes)
      throw new Error(`invalid seed length ${seed.length} used for key generation`);
    this.#seed = seed;
  }

  fromStorage(data: Buffer, key: string): Plain {
    if (data.length < infoBytes) throw new Error(tooShort);
    return new AesGcm(this.#derive(data.subarray(0, infoBytes))).fromStorage(data.subarray(infoBytes), key);
  }

  toStorage(data: Uint8Array, key: string): Buffer {
    const info = randomBytes(infoBytes);
    return Buffer.concat([info, new AesGcm(this.#derive(info)).toStorage(data, key)]);
  }

  /** The first block of HKDF-Expand with SHA-256 (RFC 5869 2.3): T(1) = HMAC(seed, info | 0x01). */
  #derive(info: Buffer): Buffer {
    return createHmac('sha256', this.#seed).update(info).update(Buffer.of(1)).digest();
  }
}
