import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../storage/embedded/store.ts';
import { type EtcdProcess, etcdIsHere, startEtcd } from '../storage/etcd/etcd.testing.ts';
import { openEtcdStore } from '../storage/etcd/store.ts';
import { type CopyOutput, storeCopy } from './store-copy.ts';

const plain = { fromPrefix: '/registry', toPrefix: '/registry' };

function output(terminal: boolean): CopyOutput & { text: string } {
  const made = {
    terminal,
    text: '',
    write: (text: string) => {
      made.text += text;
    },
  };
  return made;
}

describe.skipIf(!etcdIsHere)('store copy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-copy-'));
  let etcd: EtcdProcess;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('copies a folder into etcd, under another prefix, and back', async () => {
    const one = await openEmbeddedStore({ folder: join(folder, 'one', 'store') });
    for (let i = 0; i < 1200; i++) await one.put(`/registry/configmaps/a/${i}`, Buffer.from(`${i}`));
    await one.close();

    const there = output(true);
    await storeCopy(join(folder, 'one'), etcd.endpoint, { ...plain, toPrefix: '/east' }, there);
    expect(there.text).toContain('500 of 1200 objects (41 %)');
    expect(there.text).toContain(`Copied 1200 objects from ${join(folder, 'one')} to ${etcd.endpoint}.\n`);
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 });
    expect((await store.range('/')).values.every(({ key }) => key.startsWith('/east/configmaps/a/'))).toBe(
      true,
    );
    await store.close();

    const back = output(false);
    await storeCopy(etcd.endpoint, join(folder, 'two'), { ...plain, fromPrefix: 'east/' }, back);
    expect(back.text).toBe(`Copied 1200 objects from ${etcd.endpoint} to ${join(folder, 'two')}.\n`);
    const two = await openEmbeddedStore({ folder: join(folder, 'two', 'store') });
    expect(Buffer.from((await two.get('/registry/configmaps/a/7'))!.value).toString()).toBe('7');
    await two.close();
  });

  it('refuses a target that is not empty and a source that is not there', async () => {
    await expect(storeCopy(join(folder, 'none'), join(folder, 'two'), plain, output(false))).rejects.toThrow(
      `there is no store in ${join(folder, 'none')}`,
    );
    await expect(storeCopy(join(folder, 'one'), join(folder, 'two'), plain, output(false))).rejects.toThrow(
      'the store to copy to is not empty: it has keys under /registry/',
    );
  });

  it('refuses to bring encrypted values under keys that they could not be read by', async () => {
    const source = await openEmbeddedStore({ folder: join(folder, 'sealed', 'store') });
    await source.put('/registry/configmaps/a/b', Buffer.from('{}'));
    await source.put('/registry/secrets/a/b', Buffer.from('k8s:enc:aesgcm:v1:one:sealed'));
    await source.put('/registry/masterleases/192.0.2.1', Buffer.from('{}'));
    await source.close();
    const from = join(folder, 'sealed');
    await expect(
      storeCopy(from, etcd.endpoint, { ...plain, toPrefix: '/west' }, output(false)),
    ).rejects.toThrow(
      '/registry/secrets/a/b is encrypted for /registry and could not be read under /west: copy to the same prefix',
    );
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 });
    expect((await store.range('/west')).values).toEqual([]);
    await storeCopy(from, etcd.endpoint, plain, output(false));
    expect((await store.range('/registry/')).values).toHaveLength(3);
    const gone = new Promise<string>((resolve) => {
      const none = () => undefined;
      store.watch('/registry/', 0, {
        events: (events) => {
          const end = events.find(({ type }) => type === 'delete');
          if (end) resolve(end.key);
        },
        progress: none,
        failed: none,
      });
    });
    // Nobody renews it: a server that is not there must not be taken for alive.
    expect(await gone).toBe('/registry/masterleases/192.0.2.1');
    await store.close();
  }, 60_000);
});
