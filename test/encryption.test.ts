import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';
import { openEtcdStore } from '../src/storage/etcd/store.ts';
import { EtcdCluster, etcdIsHere } from './support/etcd-cluster.ts';
import { clients, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const { kubectl } = clients();
const key = (number: number): string => Buffer.alloc(32, number).toString('base64');
/** The first of the providers writes, all of them read. */
const configuration = (...providers: string[]): string =>
  `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers: [${providers.join(', ')}]\n`;
const gcm = (name: string, number: number): string =>
  `{aesgcm: {keys: [{name: ${name}, secret: ${key(number)}}]}}`;

describe.each(etcdIsHere ? ['embedded', 'etcd'] : ['embedded'])('Secrets encrypted at rest, %s', (engine) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-encryption-'));
  const file = join(folder, 'encryption.yaml');
  let etcd: EtcdCluster | undefined;
  let up: Up;

  beforeAll(async () => {
    etcd = engine === 'etcd' ? await EtcdCluster.start(1) : undefined;
    writeFileSync(file, configuration(gcm('one', 1), '{identity: {}}'));
    up = await Up.start([
      `--encryption-provider-config=${file}`,
      '--encryption-provider-config-automatic-reload',
      ...(etcd ? [`--etcd-servers=${etcd.endpoints.join(',')}`, '--etcd-prefix=/cluster-7'] : []),
    ]);
  });
  afterAll(async () => {
    await up?.remove();
    await etcd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const kube = (args: string[], stdin = '') => run(kubectl, up.kubeconfig, args, stdin);
  /** What the store holds of a Secret; the embedded one has to be let go first. */
  async function stored(name: string): Promise<string> {
    if (!etcd) await up.end();
    const store = etcd
      ? await openEtcdStore({ endpoints: etcd.endpoints, compactionIntervalMs: 0 })
      : await openEmbeddedStore({ folder: join(up.folder, 'store') });
    const prefix = etcd ? '/cluster-7' : '/registry';
    const found = await store.get(`${prefix}/secrets/default/${name}`);
    await store.close();
    if (!etcd) await up.run();
    return Buffer.from(found!.value).toString('latin1');
  }
  async function reloaded(words: string): Promise<void> {
    for (let tries = 0; tries < 300 && !up.output.includes(words); tries++) await sleep(100);
    expect(up.output).toContain(words);
    up.output = '';
  }

  it('are read as they were written, and nothing of them is in the store', async () => {
    const made = await kube(['create', 'secret', 'generic', 'a', '--from-literal=password=sesame-open']);
    expect(made.stderr).toBe('');
    const read = await kube(['get', 'secret', 'a', '-o', 'jsonpath={.data.password}']);
    expect(Buffer.from(read.stdout, 'base64').toString()).toBe('sesame-open');
    const bytes = await stored('a');
    expect(bytes.startsWith('k8s:enc:aesgcm:v1:one:')).toBe(true);
    expect(bytes).not.toContain(Buffer.from('sesame-open').toString('base64'));
    expect((await kube(['get', '--raw', '/readyz?verbose'])).stdout).toContain('[+]kms-providers ok');
  });

  it('are written under the new key by an update that changes nothing, without a restart', async () => {
    up.output = '';
    writeFileSync(file, configuration(gcm('two', 2), gcm('one', 1)));
    await reloaded('reloaded');
    const before = await kube(['get', 'secret', 'a', '-o', 'json']);
    expect((await kube(['replace', '-f', '-'], before.stdout)).stderr).toBe('');
    const after = await kube(['get', 'secret', 'a', '-o', 'json']);
    const [was, is] = [JSON.parse(before.stdout), JSON.parse(after.stdout)];
    expect(is.data).toEqual(was.data);
    expect(is.metadata.resourceVersion).not.toBe(was.metadata.resourceVersion);
    // Once it is under the new key, nothing is written any more.
    await kube(['replace', '-f', '-'], after.stdout);
    const again = JSON.parse((await kube(['get', 'secret', 'a', '-o', 'json'])).stdout);
    expect(again.metadata.resourceVersion).toBe(is.metadata.resourceVersion);
    expect((await stored('a')).startsWith('k8s:enc:aesgcm:v1:two:')).toBe(true);
  });

  it('keep a bad configuration from being taken', async () => {
    up.output = '';
    writeFileSync(file, configuration('{aesgcm: {keys: [{name: x, secret: short}]}}'));
    await reloaded('what was read before stays in force');
    expect((await kube(['get', 'secret', 'a', '-o', 'name'])).stdout).toBe('secret/a\n');
  });

  it('spoil themselves alone where their key is lost, and can be deleted', async () => {
    writeFileSync(file, configuration(gcm('two', 2)));
    await kube(['create', 'secret', 'generic', 'b', '--from-literal=x=y']);
    await up.end();
    writeFileSync(file, configuration(gcm('three', 3)));
    await up.run();
    const broken = await kube(['get', '--raw', '/api/v1/namespaces/default/secrets/a']);
    expect(broken.stderr).toContain('Internal error occurred: unable to transform key');
    expect(broken.stderr).toContain('no matching key was found for the provided AES transformer');
    expect((await kube(['get', 'secrets'])).stderr).toContain('Internal error occurred');
    expect((await kube(['get', 'configmaps'])).exit).toBe(0);
    for (const name of ['a', 'b'])
      expect((await kube(['delete', '--raw', `/api/v1/namespaces/default/secrets/${name}`])).exit).toBe(0);
    expect((await kube(['get', 'secrets', '-o', 'name'])).stdout).toBe('');
  });

  it('are sealed by each provider, and read from all', async () => {
    const providers = [
      `{aescbc: {keys: [{name: cbc, secret: ${key(4)}}]}}`,
      `{secretbox: {keys: [{name: box, secret: ${key(5)}}]}}`,
      gcm('three', 3),
      '{identity: {}}',
    ];
    const prefixes = [
      'k8s:enc:aescbc:v1:cbc:',
      'k8s:enc:secretbox:v1:box:',
      'k8s:enc:aesgcm:v1:three:',
      '{"kind"',
    ];
    for (const [i, prefix] of prefixes.entries()) {
      await up.end();
      // The provider whose turn it is comes first, and writes.
      writeFileSync(file, configuration(...providers.slice(i), ...providers.slice(0, i)));
      await up.run();
      expect((await kube(['create', 'secret', 'generic', `s${i}`, `--from-literal=n=${i}`])).stderr).toBe('');
      expect((await stored(`s${i}`)).slice(0, prefix.length)).toBe(prefix);
      for (let j = 0; j <= i; j++) {
        const { stdout } = await kube(['get', 'secret', `s${j}`, '-o', 'jsonpath={.data.n}']);
        expect(Buffer.from(stdout, 'base64').toString()).toBe(String(j));
      }
    }
  });

  it('are refused to be kept by a configuration that is wrong', async () => {
    await up.end();
    writeFileSync(
      file,
      'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: []\n',
    );
    await expect(up.run()).rejects.toThrow(/ended with 1.*error while parsing file/s);
    writeFileSync(file, configuration(gcm('three', 3)));
    await up.run();
  });
});
