import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../meta/clock.ts';
import { parseDuration } from '../../meta/duration.ts';
import { aggregateText, errorText } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { type GroupResource, qualified } from '../../meta/object.ts';
import { AesCbc, AesGcm } from './aes.ts';
import {
  EncryptionConfigurationError,
  type KmsConfiguration,
  type ProviderConfiguration,
  parseEncryptionConfiguration,
} from './configuration.ts';
import { KmsTransformer } from './kms.ts';
import { connectKms, type KmsService } from './kms-service.ts';
import { Secretbox } from './secretbox.ts';
import { identity, type PrefixedTransformer, PrefixTransformers, type Transformer } from './transformer.ts';
import { decodeBase64, parseGroupResource, validateEncryptionConfiguration } from './validation.ts';

export interface EncryptionOptions {
  /** --encryption-provider-config. */
  path: string;
  /** --encryption-provider-config-automatic-reload. */
  reload: boolean;
  readFile?: (path: string) => Buffer;
  clock?: Clock;
  /** Default: the plugin's Unix socket. */
  connectKms?: (endpoint: string, timeoutMs: number) => Promise<KmsService>;
  /** How often the file is looked at. */
  pollMs?: number;
  /** Told of each new content: absent error where it is in force, else the old content stays in force. */
  onReload?: (error?: Error) => void;
}

const defaultPollMs = 10_000;
const longestHealthWaitMs = 10_000;
const healthPauseMs = 100;

/** One content of the file, in force or about to be. */
interface Loaded {
  hash: string;
  byResource: Map<string, Transformer>;
  kms: KmsTransformer[];
}

/** How each resource is stored: what an EncryptionConfiguration says (apiserver pkg/server/options/encryptionconfig). */
export class EncryptionProviders {
  readonly #options: EncryptionOptions;
  #loaded: Loaded;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: EncryptionOptions, loaded: Loaded) {
    this.#options = options;
    this.#loaded = loaded;
    if (options.reload) this.#poll();
  }

  /** Throws EncryptionConfigurationError in kube-apiserver's words. A key service that does not answer yet is no error. */
  static async load(options: EncryptionOptions): Promise<EncryptionProviders> {
    return new EncryptionProviders(options, await load(options, read(options)));
  }

  /** How to store a resource; the answer follows changes of the file. */
  forResource(resource: GroupResource): Transformer {
    const names = [qualified(resource), resource.group === '' ? '*.' : `*.${resource.group}`, '*.*'];
    const current = (): Transformer => {
      for (const name of names) {
        const found = this.#loaded.byResource.get(name);
        if (found) return found;
      }
      return identity;
    };
    return {
      fromStorage: (data, key) => current().fromStorage(data, key),
      toStorage: (data, key) => current().toStorage(data, key),
    };
  }

  /** Whether the health endpoints have a check `kms-providers`. */
  get hasHealthCheck(): boolean {
    return this.#options.reload || this.#loaded.kms.length > 0;
  }

  /** The check `kms-providers`: throws what keeps a key service from being used. */
  check(): Promise<void> {
    return checkAll(this.#loaded);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const kms of this.#loaded.kms) kms.close();
  }

  #poll(): void {
    this.#timer = setTimeout(
      () => void this.#look().finally(() => this.#closed || this.#poll()),
      this.#options.pollMs ?? defaultPollMs,
    );
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { onReload, path } = this.#options;
    let next: Loaded | undefined;
    try {
      const content = read(this.#options);
      if (hashOf(content) === this.#loaded.hash) return;
      next = await load(this.#options, content);
      await this.#healthy(next);
      if (this.#closed) {
        for (const kms of next.kms) kms.close();
        return;
      }
      const old = this.#loaded;
      this.#loaded = next;
      // What is being read through the old ones may finish.
      setTimeout(() => {
        for (const kms of old.kms) kms.close();
      }, longestHealthWaitMs).unref();
      onReload?.();
    } catch (error) {
      for (const kms of next?.kms ?? []) kms.close();
      const { message } = error as Error;
      onReload?.(
        new EncryptionConfigurationError(`error processing encryption config file ${path}: ${message}`),
      );
    }
  }

  /** New key services must work before they are relied on. */
  async #healthy(loaded: Loaded): Promise<void> {
    const clock = this.#options.clock ?? systemClock;
    const end = clock.monotonic() + longestHealthWaitMs;
    for (;;) {
      try {
        return await checkAll(loaded);
      } catch (error) {
        if (this.#closed || clock.monotonic() >= end) {
          throw new Error(
            `health check for new transformers failed, polling error timed out waiting for the condition: ${(error as Error).message}`,
          );
        }
      }
      await new Promise((resolve) => setTimeout(resolve, healthPauseMs));
    }
  }
}

async function checkAll(loaded: Loaded): Promise<void> {
  const errors: string[] = [];
  for (const [i, kms] of loaded.kms.entries()) {
    await kms.check().catch((error: Error) => errors.push(`kms-provider-${i}: ${error.message}`));
  }
  if (errors.length > 0) throw new Error(aggregateText(errors));
}

function read(options: EncryptionOptions): Buffer {
  try {
    return (options.readFile ?? readFileSync)(options.path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const words =
      code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : code;
    throw new EncryptionConfigurationError(
      `error while parsing file: error while loading file: error reading encryption provider configuration file ${quote(options.path)}: open ${options.path}: ${words}`,
    );
  }
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function load(options: EncryptionOptions, content: Buffer): Promise<Loaded> {
  const loaded: Loaded = { hash: hashOf(content), byResource: new Map(), kms: [] };
  try {
    const config = parseEncryptionConfiguration(content.toString(), options.path);
    const errors = validateEncryptionConfiguration(config, options.reload);
    if (errors.length > 0) throw new EncryptionConfigurationError(aggregateText(errors.map(errorText)));
    const lists = await build(config.resources, loaded, options).catch((error: Error) => {
      throw new BuildError(error.message);
    });
    for (const [name, list] of lists) {
      loaded.byResource.set(name, new PrefixTransformers('no matching prefix found', list));
    }
  } catch (error) {
    for (const kms of loaded.kms) kms.close();
    const { message } = error as Error;
    const step = error instanceof BuildError ? 'building transformers' : 'parsing file';
    throw new EncryptionConfigurationError(`error while ${step}: ${message}`);
  }
  return loaded;
}

class BuildError extends Error {}

async function build(
  resources: readonly { resources: string[]; providers: ProviderConfiguration[] }[],
  loaded: Loaded,
  options: EncryptionOptions,
): Promise<Map<string, PrefixedTransformer[]>> {
  const lists = new Map<string, PrefixedTransformer[]>();
  for (const entry of resources) {
    const transformers: PrefixedTransformer[] = [];
    for (const provider of entry.providers) transformers.push(await prefixed(provider, loaded, options));
    for (const text of entry.resources) {
      const { group, resource } = parseGroupResource(text);
      const name = nameOf(group, resource);
      for (const earlier of [nameOf(group, '*'), '*.*']) {
        if (!lists.has(earlier)) continue;
        throw new Error(`resource ${quote(name)} is masked by earlier rule ${quote(earlier)}`);
      }
      lists.set(name, [...(lists.get(name) ?? []), ...transformers]);
    }
  }
  return lists;
}

function nameOf(group: string, resource: string): string {
  return group === '' && resource === '*' ? '*.' : qualified({ group, resource });
}

async function prefixed(
  provider: ProviderConfiguration,
  loaded: Loaded,
  options: EncryptionOptions,
): Promise<PrefixedTransformer> {
  const { aesgcm, aescbc, secretbox, kms } = provider;
  if (aesgcm) return await keyed('aesgcm', 'AES', aesgcm.keys, (key) => new AesGcm(key));
  if (aescbc) return await keyed('aescbc', 'AES', aescbc.keys, (key) => new AesCbc(key));
  if (secretbox) return await keyed('secretbox', 'Secretbox', secretbox.keys, (key) => Secretbox.make(key));
  if (kms) {
    const transformer = await kmsTransformer(kms, options);
    loaded.kms.push(transformer);
    await transformer.start();
    return { prefix: Buffer.from(`k8s:enc:kms:v2:${kms.name}:`), transformer };
  }
  return { prefix: Buffer.alloc(0), transformer: identity };
}

async function keyed(
  provider: string,
  words: string,
  keys: readonly { name: string; secret: string }[],
  make: (key: Buffer) => Transformer | Promise<Transformer>,
): Promise<PrefixedTransformer> {
  const transformers: PrefixedTransformer[] = [];
  for (const { name, secret } of keys) {
    transformers.push({ prefix: Buffer.from(`${name}:`), transformer: await make(decodeBase64(secret)!) });
  }
  return {
    prefix: Buffer.from(`k8s:enc:${provider}:v1:`),
    transformer: new PrefixTransformers(
      `no matching key was found for the provided ${words} transformer`,
      transformers,
    ),
  };
}

async function kmsTransformer(kms: KmsConfiguration, options: EncryptionOptions): Promise<KmsTransformer> {
  if (kms.apiVersion === 'v1') {
    throw new Error(
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  }
  const timeout = Number(parseDuration(kms.timeout)) / 1e6;
  const service = await (options.connectKms ?? connectKms)(kms.endpoint, timeout);
  return new KmsTransformer(kms.name, service, options.clock ?? systemClock);
}
