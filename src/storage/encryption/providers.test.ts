import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EncryptionConfigurationError } from './configuration.ts';
import { KmsPlugin } from './kms.testing.ts';
import { EncryptionProviders } from './providers.ts';
import type { Transformer } from './transformer.ts';

const secrets = { group: '', resource: 'secrets' };
const key = '/registry/secrets/default/a';
const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n';
const base64 = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString('base64');

const seal = async (t: Transformer, text: string): Promise<Buffer> =>
  Buffer.from(await t.toStorage(Buffer.from(text), key));
const open = async (t: Transformer, stored: Buffer): Promise<[string, boolean]> => {
  const { data, stale } = await t.fromStorage(stored, key);
  return [Buffer.from(data).toString(), stale];
};

describe('EncryptionProviders', () => {
  let folder: string;
  let path: string;
  const opened: { close(): void }[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encryption-'));
    path = join(folder, 'config.yaml');
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    rmSync(folder, { recursive: true });
  });

  async function load(body: string, options: Partial<Parameters<typeof EncryptionProviders.load>[0]> = {}) {
    writeFileSync(path, body);
    const providers = await EncryptionProviders.load({ path, reload: false, ...options });
    opened.push(providers);
    return providers;
  }
  const providersOf = (list: string, resources = '["secrets"]'): string =>
    `${head}resources:\n- resources: ${resources}\n  providers:\n${list}`;
  const aescbc = (name: string, byte: number): string =>
    `  - aescbc:\n      keys:\n      - name: ${name}\n        secret: ${base64(byte)}\n`;
  const refusal = (body: string, reload = false): Promise<string> =>
    load(body, { reload }).then(
      () => 'accepted',
      (error: Error) => {
        expect(error).toBeInstanceOf(EncryptionConfigurationError);
        return error.message;
      },
    );

  it('writes with the first provider and reads with all, under kube-apiserver’s prefixes', async () => {
    const secretbox = `  - secretbox:\n      keys:\n      - name: box1\n        secret: ${base64(3)}\n`;
    const aesgcm = `  - aesgcm:\n      keys:\n      - name: gcm1\n        secret: ${base64(4, 16)}\n`;
    const identity = '  - identity: {}\n';
    const all = [aescbc('key1', 1), secretbox, aesgcm, identity];
    const prefixes = [
      'k8s:enc:aescbc:v1:key1:',
      'k8s:enc:secretbox:v1:box1:',
      'k8s:enc:aesgcm:v1:gcm1:',
      '{',
    ];
    for (const [i, prefix] of prefixes.entries()) {
      const order = [all[i]!, ...all.filter((_, j) => j !== i)];
      const first = (await load(providersOf(order.join('')))).forResource(secrets);
      const stored = await seal(first, '{"a":1}');
      expect(stored.toString('latin1').startsWith(prefix)).toBe(true);
      expect(await open(first, stored)).toEqual(['{"a":1}', false]);
      const last = (await load(providersOf([...order.slice(1), order[0]!].join('')))).forResource(secrets);
      expect(await open(last, stored)).toEqual(['{"a":1}', true]);
    }
  });

  it('reads with an old key of the same provider, in one list or in two', async () => {
    const before = (await load(providersOf(aescbc('key1', 1)))).forResource(secrets);
    const stored = await seal(before, 'value');
    const oneList = `${aescbc('key2', 2)}      - name: key1\n        secret: ${base64(1)}\n`;
    for (const list of [
      oneList,
      aescbc('key2', 2) + aescbc('key1', 1),
      aescbc('key1', 2) + aescbc('key1', 1),
    ]) {
      const now = (await load(providersOf(list))).forResource(secrets);
      expect(await open(now, stored)).toEqual(['value', true]);
      expect(await open(now, await seal(now, 'new'))).toEqual(['new', false]);
    }
  });

  it('refuses to read what no provider can', async () => {
    const stored = await seal((await load(providersOf(aescbc('key1', 1)))).forResource(secrets), 'value');
    const reading = async (list: string): Promise<unknown> =>
      open((await load(providersOf(list))).forResource(secrets), stored);
    await expect(reading(aescbc('key2', 2))).rejects.toThrow(
      'no matching key was found for the provided AES transformer',
    );
    await expect(reading('  - identity: {}\n')).rejects.toThrow('no matching prefix found');
    const unconfigured = (await load(providersOf(aescbc('key1', 1), '["configmaps"]'))).forResource(secrets);
    await expect(open(unconfigured, stored)).rejects.toThrow(
      'identity transformer tried to read encrypted data',
    );
  });

  it('finds a resource’s providers by name, by group and for all', async () => {
    const rule = (resources: string, name: string): string =>
      `- resources: ${resources}\n  providers:\n${aescbc(name, 1)}`;
    const providers = await load(
      `${head}resources:\n${rule('["secrets", "pandas.example.com"]', 'k1')}${rule('["*."]', 'k2')}${rule('["*.apps"]', 'k3')}${rule('["*.*"]', 'k4')}`,
    );
    const keyOf = async (group: string, resource: string): Promise<string> => {
      const stored = await seal(providers.forResource({ group, resource }), 'x');
      return /^k8s:enc:aescbc:v1:(\w+):/.exec(stored.toString('latin1'))![1]!;
    };
    expect(await keyOf('', 'secrets')).toBe('k1');
    expect(await keyOf('example.com', 'pandas')).toBe('k1');
    expect(await keyOf('', 'configmaps')).toBe('k2');
    expect(await keyOf('apps', 'deployments')).toBe('k3');
    expect(await keyOf('example.com', 'bears')).toBe('k4');
  });

  it.each([
    [
      '',
      'error while parsing file: error while loading file: encryption provider configuration file "PATH" is empty',
    ],
    ['kind: EncryptionConfiguration', /Object 'apiVersion' is missing in/],
    ['apiVersion: apiserver.config.k8s.io/v1', /Object 'Kind' is missing in/],
    [
      'kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v2',
      /no kind "EncryptionConfiguration" is registered for version "apiserver.config.k8s.io\/v2" in scheme/,
    ],
    [`${head}resorces: []`, /strict decoding error: unknown field "resorces"$/],
    [
      `${head}resources: []\nresources: []`,
      /strict decoding error: yaml: unmarshal errors:\n {2}line 4: key "resources" already set in map/,
    ],
    [
      `${head}resources: 5`,
      /json: cannot unmarshal number into Go struct field EncryptionConfiguration.resources of type \[\]v1.ResourceConfiguration/,
    ],
    [head, 'error while parsing file: resources: Required value: at least one resources is required'],
    [
      `${head}resources:\n- resources: ["secrets"]`,
      'error while parsing file: resources[0].providers: Required value: at least one resources[0].providers is required',
    ],
    [
      `${head}resources:\n- resources: ["secrets"]\n  providers:\n  - aescbc:\n      keys:\n      - name: a\n        secret: YWJj`,
      'error while parsing file: resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [16 24 32]',
    ],
    [
      `${head}resources:\n- resources: ["secrets"]\n  providers:\n  - secretbox:\n      keys:\n      - name: a\n        secret: "%%%"`,
      'error while parsing file: resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
    ],
    [
      `${head}resources:\n- resources: ["secrets", "*."]\n  providers:\n  - identity: {}`,
      /resources\[0\].resources: Invalid value: \["secrets","\*\."\]: using overlapping resources/,
    ],
    [
      `${head}resources:\n- resources: ["Secrets", "*", "events.events.k8s.io", "pods.*"]\n  providers:\n  - identity: {}`,
      /resources\[0\].resources\[0\]: Invalid value: "Secrets": resource name should not contain capital letters, resources\[0\].resources\[1\]: Invalid value: "\*": use '\*\.'.*'\*.events.k8s.io' objects are stored.*encrypting the same resource across groups/,
    ],
    [
      `${head}resources:\n- resources: ["*."]\n  providers:\n  - identity: {}\n- resources: ["secrets"]\n  providers:\n  - identity: {}`,
      'error while building transformers: resource "secrets" is masked by earlier rule "*."',
    ],
    [
      `${head}resources:\n- resources: ["secrets"]\n  providers:\n  - kms:\n      name: a\n      endpoint: unix:///nowhere`,
      /^error while building transformers: KMSv1 is deprecated/,
    ],
    [
      `${head}resources:\n- resources: ["secrets"]\n  providers:\n  - kms:\n      apiVersion: v2\n      name: "a:b"\n      endpoint: https://x\n      timeout: -1s\n      cachesize: 5`,
      /invalid KMS provider name a:b.*timeout should be a positive value.*unsupported scheme "https".*cachesize is not supported in v2/,
    ],
  ])('refuses %j', async (body, words) => {
    const said = await refusal(body);
    if (typeof words === 'string') expect(said).toBe(words.replace('PATH', path));
    else expect(said).toMatch(words);
  });

  it('shows no key when it refuses a provider with two', async () => {
    const said = await refusal(
      providersOf(
        `  - aescbc:\n      keys:\n      - name: a\n        secret: ${base64(9)}\n    identity: {}\n`,
      ),
    );
    expect(said).toContain('more than one provider specified in a single element');
    expect(said).not.toContain(base64(9));
  });

  it('follows the file, and keeps what is in force where the new content is no good', async () => {
    const reloads: (Error | undefined)[] = [];
    let told: (() => void) | undefined;
    const providers = await load(providersOf(aescbc('key1', 1)), {
      reload: true,
      pollMs: 5,
      onReload: (error) => {
        reloads.push(error);
        told?.();
      },
    });
    const reloaded = (): Promise<void> =>
      new Promise((resolve) => {
        told = resolve;
      });
    const transformer = providers.forResource(secrets);
    const stored = await seal(transformer, 'value');
    let next = reloaded();
    writeFileSync(path, 'nonsense');
    await next;
    expect(reloads.at(-1)?.message).toMatch(
      /^error processing encryption config file .*: error while parsing file: /,
    );
    expect(await open(transformer, stored)).toEqual(['value', false]);
    next = reloaded();
    writeFileSync(path, providersOf(aescbc('key2', 2) + aescbc('key1', 1)));
    while (reloads.at(-1)) {
      await next;
      next = reloaded();
    }
    expect(await open(transformer, stored)).toEqual(['value', true]);
    expect((await seal(transformer, 'x')).toString('latin1')).toMatch(/^k8s:enc:aescbc:v1:key2:/);
    expect(providers.hasHealthCheck).toBe(true);
    await providers.check();
  });

  describe('with a key service', () => {
    let plugin: KmsPlugin;
    let now: number;
    const clock = { now: () => now, monotonic: () => now };
    const kms = (): string =>
      providersOf(
        `  - kms:\n      apiVersion: v2\n      name: plugin\n      endpoint: unix://${folder}/kms.sock\n      timeout: 2s\n`,
      );

    beforeEach(async () => {
      now = 1_700_000_000_000;
      plugin = new KmsPlugin();
      opened.push(plugin);
      await plugin.listen(join(folder, 'kms.sock'));
    });

    it('encrypts here, and asks the service for seeds alone', async () => {
      const providers = await load(kms(), { clock });
      const transformer = providers.forResource(secrets);
      const stored = await seal(transformer, 'value');
      expect(stored.toString('latin1')).toMatch(/^k8s:enc:kms:v2:plugin:/);
      for (let i = 0; i < 10; i++)
        expect(await open(transformer, await seal(transformer, `${i}`))).toEqual([`${i}`, false]);
      expect(plugin.calls).toMatchObject({ Encrypt: 1, Decrypt: 0 });
      await expect(
        Promise.resolve().then(() => transformer.fromStorage(stored, '/registry/secrets/b')),
      ).rejects.toThrow(/authentication/);
      const another = (await load(kms(), { clock })).forResource(secrets);
      expect(await Promise.all([open(another, stored), open(another, stored)])).toEqual([
        ['value', false],
        ['value', false],
      ]);
      expect(plugin.calls.Decrypt).toBe(1);
    });

    it('makes a new seed when the service’s key changes, and knows what is old', async () => {
      const providers = await load(kms(), { clock });
      const transformer = providers.forResource(secrets);
      const stored = await seal(transformer, 'value');
      plugin.keyId = 'key-2';
      now += 61_000;
      await providers.check();
      expect(await open(transformer, stored)).toEqual(['value', true]);
      expect(await open(transformer, await seal(transformer, 'new'))).toEqual(['new', false]);
      expect(plugin.calls.Encrypt).toBe(2);
    });

    it('goes on reading without the service, and writes for three minutes', async () => {
      const providers = await load(kms(), { clock });
      const transformer = providers.forResource(secrets);
      const stored = await seal(transformer, 'value');
      plugin.healthz = 'ill';
      now += 60_000;
      await expect(providers.check()).rejects.toThrow(
        'kms-provider-0: kmsv2 Provider plugin is not healthy, error: got unexpected healthz status: ill',
      );
      plugin.close();
      now += 60_000;
      await expect(providers.check()).rejects.toThrow(
        /failed to perform status section of the healthz check for KMS Provider plugin/,
      );
      expect(await seal(transformer, 'still')).toBeInstanceOf(Buffer);
      now += 200_000;
      await expect(seal(transformer, 'late')).rejects.toThrow(
        /^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at/,
      );
      expect(await open(transformer, stored)).toEqual(['value', false]);
    });

    it('starts without the service, and refuses until it is there', async () => {
      plugin.close();
      const providers = await load(kms(), { clock });
      const transformer = providers.forResource(secrets);
      await expect(seal(transformer, 'value')).rejects.toThrow('got unexpected nil transformer');
      await expect(providers.check()).rejects.toThrow(/DEADLINE_EXCEEDED|UNAVAILABLE/);
    });
  });
});
