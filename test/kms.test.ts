import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';
import { KmsPlugin } from '../src/storage/encryption/kms.testing.ts';
import { openEtcdStore } from '../src/storage/etcd/store.ts';
import { EtcdCluster, etcdIsHere } from './support/etcd-cluster.ts';
import { clients, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const { kubectl } = clients();

describe.each(etcdIsHere ? ['embedded', 'etcd'] : ['embedded'])(
  'Secrets encrypted with a key service, %s',
  (engine) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-kms-'));
    const socket = join(folder, 'kms.sock');
    let plugin: KmsPlugin;
    let etcd: EtcdCluster | undefined;
    let up: Up;

    beforeAll(async () => {
      const file = join(folder, 'encryption.yaml');
      writeFileSync(
        file,
        `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: {apiVersion: v2, name: test, endpoint: "unix://${socket}", timeout: 1s}
  - identity: {}
`,
      );
      plugin = new KmsPlugin();
      await plugin.listen(socket);
      etcd = engine === 'etcd' ? await EtcdCluster.start(1) : undefined;
      up = await Up.start([
        `--encryption-provider-config=${file}`,
        ...(etcd ? [`--etcd-servers=${etcd.endpoints.join(',')}`] : []),
      ]);
    });
    afterAll(async () => {
      await up?.remove();
      plugin?.close();
      await etcd?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const kube = (...args: string[]) => run(kubectl, up.kubeconfig, args);
    const create = (name: string) => kube('create', 'secret', 'generic', name, `--from-literal=word=${name}`);
    const word = async (name: string): Promise<string> => {
      const { stdout, stderr } = await kube('get', 'secret', name, '-o', 'jsonpath={.data.word}');
      return stderr || Buffer.from(stdout, 'base64').toString();
    };
    /** What the store holds; the embedded one has to be let go first. */
    async function stored(name: string): Promise<string> {
      if (!etcd) await up.end();
      const store = etcd
        ? await openEtcdStore({ endpoints: etcd.endpoints, compactionIntervalMs: 0 })
        : await openEmbeddedStore({ folder: join(up.folder, 'store') });
      const found = await store.get(`/registry/secrets/default/${name}`);
      await store.close();
      if (!etcd) await up.run();
      return Buffer.from(found!.value).toString('latin1');
    }

    it('are sealed here with a seed that the service keeps', async () => {
      for (const name of ['a', 'b', 'c']) expect((await create(name)).stderr).toBe('');
      expect(await word('b')).toBe('b');
      expect(plugin.calls).toMatchObject({ Encrypt: 1, Decrypt: 0 });
      const bytes = await stored('a');
      expect(bytes.startsWith('k8s:enc:kms:v2:test:')).toBe(true);
      expect(bytes).toContain('key-1');
      expect(bytes).not.toContain(Buffer.from('word').toString('base64'));
      expect((await kube('get', '--raw', '/readyz?verbose')).stdout).toContain('[+]kms-providers ok');
    });

    it('are sealed with a new seed once the service has a new key, and what is old is written anew', async () => {
      plugin.keyId = 'key-2';
      // What a health check was told stands for 20 s.
      for (let tries = 0; tries < 300 && plugin.calls.Encrypt < (etcd ? 2 : 3); tries++) {
        await kube('get', '--raw', '/readyz');
        await sleep(200);
      }
      const old = await kube('get', 'secret', 'a', '-o', 'json');
      expect((await run(kubectl, up.kubeconfig, ['replace', '-f', '-'], old.stdout)).stderr).toBe('');
      const fresh = await kube('get', 'secret', 'a', '-o', 'json');
      const revision = (text: string): string => JSON.parse(text).metadata.resourceVersion;
      expect(revision(fresh.stdout)).not.toBe(revision(old.stdout));
      await run(kubectl, up.kubeconfig, ['replace', '-f', '-'], fresh.stdout);
      expect(revision((await kube('get', 'secret', 'a', '-o', 'json')).stdout)).toBe(revision(fresh.stdout));
      expect(await stored('a')).toContain('key-2');
      expect([await word('a'), await word('b')]).toEqual(['a', 'b']);
    }, 120_000);

    it('fail alone while the service is away at the start, and are read once it is there', async () => {
      plugin.close();
      await up.end();
      await up.run();
      expect(await word('a')).toContain('Internal error occurred: unable to transform key');
      expect((await create('d')).stderr).toContain('Internal error occurred: got unexpected nil transformer');
      expect((await kube('get', 'configmaps')).exit).toBe(0);
      expect((await kube('get', '--raw', '/readyz?verbose')).stderr).toContain('[-]kms-providers failed');
      const before = plugin;
      plugin = before.again();
      await plugin.listen(socket);
      for (let tries = 0; tries < 300 && (await word('a')) !== 'a'; tries++) await sleep(200);
      expect(await word('a')).toBe('a');
      expect(await word('b')).toBe('b');
      expect((await create('d')).stderr).toBe('');
      expect((await kube('get', '--raw', '/readyz?verbose')).stdout).toContain('[+]kms-providers ok');
    }, 180_000);
  },
);
