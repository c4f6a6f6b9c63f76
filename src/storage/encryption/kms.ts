import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type Clock, rfc3339 } from '../../meta/clock.ts';
import { quote } from '../../meta/go-quote.ts';
import { AesGcm, ExtendedNonceGcm } from './aes.ts';
import {
  checkSource,
  decodeEncryptedObject,
  type EncryptedObject,
  encodeEncryptedObject,
  keyIdFault,
  sourceIsSeed,
} from './encrypted-object.ts';
import type { KmsService, KmsStatus } from './kms-service.ts';
import type { Plain, Transformer } from './transformer.ts';

/** Intervals and limits of encryptionconfig/config.go and kmsv2/envelope.go, in milliseconds. */
const healthyProbeMs = 60_000;
const unhealthyProbeMs = 10_000;
const writeMaxMs = 180_000;
const healthyAnswerMs = 20_000;
const unhealthyAnswerMs = 3000;
const decryptedKeptMs = 86_400_000;
const seedBytes = 32;

type Source = Omit<EncryptedObject, 'data'>;

interface State {
  transformer: Transformer;
  source: Source;
  /** Milliseconds since 1970; writes are refused afterwards, reads never. */
  expires: number;
}

/**
 * Envelope encryption with a KMS v2 plugin. Values are encrypted here, with keys derived from a seed; the plugin encrypts
 * the seed, and is asked again only for seeds not seen in a day. Where the plugin says that its key is another, a new
 * seed is made.
 */
export class KmsTransformer implements Transformer {
  readonly #name: string;
  readonly #service: KmsService;
  readonly #clock: Clock;
  readonly #decrypted = new Map<string, { transformer: Transformer; until: number }>();
  readonly #decrypting = new Map<string, Promise<Transformer>>();
  #state: State | undefined;
  #version = '';
  #lastCheck: { at: number; error: Error | undefined } | undefined;
  #checking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(name: string, service: KmsService, clock: Clock) {
    this.#name = name;
    this.#service = service;
    this.#clock = clock;
  }

  /** Asks the plugin for the first time, and from then on by itself. A plugin that is not there yet is waited for later. */
  async start(): Promise<void> {
    const failed = await this.check().then(
      () => false,
      () => true,
    );
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.start(), failed ? unhealthyProbeMs : healthyProbeMs);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#service.close();
  }

  /** Throws what keeps the plugin from being used; asks it no more often than every few seconds. */
  async check(): Promise<void> {
    const last = this.#lastCheck;
    if (last && this.#clock.monotonic() - last.at < (last.error ? unhealthyAnswerMs : healthyAnswerMs)) {
      if (last.error) throw last.error;
      return;
    }
    this.#checking ??= this.#probe().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  fromStorage(data: Buffer, key: string): Plain | Promise<Plain> {
    const object = decodeEncryptedObject(data);
    const state = this.#current();
    const cacheKey = keyOf(object);
    const found = this.#decrypted.get(cacheKey);
    if (found && found.until > this.#clock.monotonic()) return open(found.transformer, object, state, key);
    return this.#decrypt(cacheKey, object).then((transformer) => open(transformer, object, state, key));
  }

  toStorage(data: Uint8Array, key: string): Uint8Array | Promise<Uint8Array> {
    const { transformer, source, expires } = this.#current();
    const now = this.#clock.now();
    if (now > expires) {
      throw new Error(
        `encryptedDEKSource with keyID hash ${quote(hash(source.keyId))} expired at ${rfc3339(expires)} (current time is ${rfc3339(now)})`,
      );
    }
    this.#keep(keyOf(source), transformer);
    const sealed = transformer.toStorage(data, key) as Buffer;
    return encodeEncryptedObject({ ...source, data: sealed });
  }

  #current(): State {
    if (!this.#state) throw new Error('got unexpected nil transformer');
    return this.#state;
  }

  #decrypt(cacheKey: string, object: EncryptedObject): Promise<Transformer> {
    const known = this.#decrypting.get(cacheKey);
    if (known) return known;
    const { encryptedSource, keyId, annotations, sourceType } = object;
    const decrypting = this.#service
      .decrypt(randomUUID(), encryptedSource, keyId, annotations)
      .then(
        (source) => {
          // Its own copy: what the library hands out is part of a larger message.
          const copy = Buffer.from(source);
          if (sourceType === sourceIsSeed) return new ExtendedNonceGcm(copy);
          if (![16, 24, 32].includes(copy.length))
            throw new Error(`crypto/aes: invalid key size ${copy.length}`);
          return new AesGcm(copy);
        },
        (error: Error) => {
          throw new Error(`failed to decrypt DEK, error: ${error.message}`);
        },
      )
      .then((transformer) => {
        this.#keep(cacheKey, transformer);
        return transformer;
      })
      .finally(() => this.#decrypting.delete(cacheKey));
    this.#decrypting.set(cacheKey, decrypting);
    return decrypting;
  }

  #keep(cacheKey: string, transformer: Transformer): void {
    const now = this.#clock.monotonic();
    if (!this.#decrypted.has(cacheKey)) {
      for (const [key, { until }] of this.#decrypted) if (until <= now) this.#decrypted.delete(key);
    }
    this.#decrypted.set(cacheKey, { transformer, until: now + decryptedKeptMs });
  }

  async #probe(): Promise<void> {
    let error: Error | undefined;
    try {
      const status = await this.#service.status().catch((cause: Error) => {
        throw new Error(
          `failed to perform status section of the healthz check for KMS Provider ${this.#name}, error: ${cause.message}`,
        );
      });
      const faults = await this.#faults(status);
      if (faults.length > 0) {
        const text = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
        throw new Error(`kmsv2 Provider ${this.#name} is not healthy, error: ${text}`);
      }
    } catch (cause) {
      error = cause as Error;
    }
    this.#lastCheck = { at: this.#clock.monotonic(), error };
    if (error) throw error;
  }

  async #faults(status: KmsStatus): Promise<string[]> {
    const { healthz, version, keyId } = status;
    const faults: string[] = [];
    if (healthz !== 'ok') faults.push(`got unexpected healthz status: ${healthz}`);
    if (version !== 'v2' && version !== 'v2beta1') {
      faults.push(`expected KMSv2 API version v2, got ${version}`);
    } else {
      this.#version ||= version;
      if (this.#version !== version) {
        faults.push(
          `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
        );
      }
    }
    const fault = keyIdFault(keyId);
    if (fault) return [...faults, `got invalid KMSv2 KeyID hash ${quote(hash(keyId))}: ${fault}`];
    const rotation = await this.#rotate(keyId);
    return rotation ? [...faults, rotation] : faults;
  }

  /** A new seed where the plugin's key is another; else the seed in use is good for another while. */
  async #rotate(keyId: string): Promise<string | undefined> {
    const expires = this.#clock.now() + writeMaxMs;
    const uid = randomUUID();
    if (this.#state?.source.keyId === keyId) {
      this.#state.expires = expires;
      return undefined;
    }
    let encryptKeyId = '';
    let failure = '<nil>';
    try {
      const seed = randomBytes(seedBytes);
      const answer = await this.#service.encrypt(uid, seed).catch((error: Error) => {
        throw new Error(`failed to encrypt DEK, error: ${error.message}`);
      });
      encryptKeyId = answer.keyId;
      const { annotations, ciphertext } = answer;
      const source: Source = {
        keyId: encryptKeyId,
        encryptedSource: Buffer.from(ciphertext),
        annotations,
        sourceType: sourceIsSeed,
      };
      checkSource(source);
      if (encryptKeyId === keyId) {
        this.#state = { transformer: new ExtendedNonceGcm(seed), source, expires };
        return undefined;
      }
    } catch (error) {
      failure = (error as Error).message;
    }
    const state = this.#state;
    const hashes = [keyId, encryptKeyId, state?.source.keyId ?? ''].map((id) => quote(hash(id)));
    return (
      `failed to rotate DEK uid=${quote(uid)}, useSeed=true, errState=${state ? '<nil>' : 'got unexpected nil transformer'}, ` +
      `errGen=${failure}, statusKeyIDHash=${hashes[0]}, encryptKeyIDHash=${hashes[1]}, stateKeyIDHash=${hashes[2]}, ` +
      `expirationTimestamp=${state ? rfc3339(state.expires) : '0001-01-01T00:00:00Z'}`
    );
  }
}

/** Sealing and opening with keys at hand never waits. */
function open(transformer: Transformer, object: EncryptedObject, state: State, key: string): Plain {
  const { data } = transformer.fromStorage(object.data, key) as Plain;
  const { keyId, sourceType } = state.source;
  return { data, stale: object.keyId !== keyId || object.sourceType !== sourceType };
}

/** Seeds are told apart by all that the plugin was given or gave for them. */
function keyOf(source: Source): string {
  const sum = createHash('sha256');
  const part = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    sum.update(length).update(bytes);
  };
  part(Buffer.of(source.sourceType));
  part(source.encryptedSource);
  part(Buffer.from(source.keyId));
  for (const name of [...source.annotations.keys()].sort()) {
    part(Buffer.from(name));
    part(source.annotations.get(name)!);
  }
  return sum.digest('base64');
}

function hash(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
