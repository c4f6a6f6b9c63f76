import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeStore } from '../store.contract.ts';
import { type StoreEvent, StoreUnavailableError } from '../store.ts';
import { WatchCache } from '../watch-cache.ts';
import { EtcdClient } from './client.ts';
import { Compaction } from './compaction.ts';
import { type EtcdProcess, etcdIsHere, startEtcd } from './etcd.testing.ts';
import { type EtcdOptions, openEtcdStore } from './store.ts';
import { reportsProgress } from './watch.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
if (!etcdIsHere) console.warn('the etcd store is not tested: there is no /usr/bin/etcd');

describe.skipIf(!etcdIsHere)('the etcd store', () => {
  let etcd: EtcdProcess;
  let count = 0;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  describeStore('the etcd store', async () => {
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 });
    return { store, prefix: `/registry/test${count++}/`, end: () => store.close() };
  });

  it('uses another endpoint where one does not answer', async () => {
    const store = await openEtcdStore({
      endpoints: ['http://127.0.0.1:1', etcd.endpoint],
      compactionIntervalMs: 0,
    });
    expect(await store.put('/registry/failover/a', Buffer.from('1'), { expect: 0 })).toMatchObject({
      ok: true,
    });
    await store.close();
  });

  it('reads more than fits one page', async () => {
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 });
    const names = Array.from({ length: 10_050 }, (_, i) => `/registry/many/${String(i).padStart(6, '0')}`);
    for (let i = 0; i < names.length; i += 500) {
      await Promise.all(names.slice(i, i + 500).map((name) => store.put(name, Buffer.from(name))));
    }
    const { values, remaining } = await store.range('/registry/many/');
    expect(values.map((v) => v.key)).toEqual(names);
    expect(remaining).toBe(0);
    const part = await store.range('/registry/many/', { limit: 10_020 });
    expect([part.values.length, part.remaining]).toEqual([10_020, 30]);
    await store.close();
  });

  it('lets a watch cache be as current as what another server has written', async () => {
    const [one, two] = [0, 1].map(() =>
      openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 }),
    );
    const [mine, other] = [await one!, await two!];
    const cache = new WatchCache({
      store: mine,
      prefix: '/registry/fresh/',
      kind: 'Thing',
      apiVersion: 'v1',
    });
    await cache.start();
    const value = Buffer.from('{"kind":"Thing","apiVersion":"v1","metadata":{"name":"a"}}');
    for (let i = 0; i < 30; i++) {
      await other.put(`/registry/fresh/${i % 7}`, value);
      if (i % 5 === 0) await other.delete(`/registry/fresh/${(i + 3) % 7}`);
      await other.put('/registry/elsewhere/a', value);
      expect(await cache.fresh(5000)).toBe(true);
      const { values } = await other.range('/registry/fresh/');
      expect(cache.list().map((o) => [o.path, o.revision])).toEqual(
        values.map((v) => [v.key.slice('/registry/fresh/'.length), v.revision]),
      );
    }
    cache.stop();
    await mine.close();
    await other.close();
  });

  it('takes turns in compacting with others on the same etcd', async () => {
    const client = await EtcdClient.open({ endpoints: [etcd.endpoint] });
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0 });
    const [one, two] = [new Compaction(client, 1_000_000), new Compaction(client, 1_000_000)];
    const put = await store.put('/registry/turns/a', Buffer.from('1'));
    const first = put.ok ? put.revision : 0;
    for (let i = 0; i < 2; i++) {
      await one.tick();
      await two.tick();
    }
    await store.put('/registry/turns/a', Buffer.from('2'));
    await one.tick();
    await one.tick();
    await expect(store.get('/registry/turns/a', first)).rejects.toThrow(/compacted/);
    expect(Buffer.from((await store.get('/registry/turns/a'))!.value).toString()).toBe('2');
    one.stop();
    two.stop();
    client.close();
    await store.close();
  });
});

describe.skipIf(!etcdIsHere)('the etcd store when etcd goes and comes back', () => {
  let etcd: EtcdProcess;
  beforeEach(async () => {
    etcd = await startEtcd();
  });
  afterEach(() => etcd.stop());

  it('fails in time, never reads what is old, and works again', async () => {
    const store = await openEtcdStore({
      endpoints: [etcd.endpoint],
      compactionIntervalMs: 0,
      timeoutMs: 1500,
    });
    const until = async <T>(call: () => Promise<T>): Promise<T> => {
      for (let i = 0; i < 50; i++) {
        try {
          return await call();
        } catch {
          // Not yet.
        }
      }
      return call();
    };
    await until(() => store.ping());
    const put = await store.put('/registry/a/1', Buffer.from('1'));
    const after = put.ok ? put.revision : 0;
    const failed = new Promise<Error>((resolve) => {
      store.watch('/registry/a/', after, {
        events: () => undefined,
        progress: () => undefined,
        failed: resolve,
      });
    });
    await store.put('/registry/a/1', Buffer.from('2'));
    await etcd.kill();
    await expect(store.get('/registry/a/1')).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.put('/registry/a/1', Buffer.from('3'))).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await failed).toBeInstanceOf(StoreUnavailableError);
    await etcd.restart();
    await until(() => store.ping());
    const events: StoreEvent[] = [];
    const all = new Promise<void>((resolve) => {
      store.watch('/registry/a/', after, {
        events: (e) => {
          events.push(...e);
          if (events.length === 2) resolve();
        },
        progress: () => undefined,
        failed: () => undefined,
      });
    });
    expect(await store.put('/registry/a/1', Buffer.from('3'))).toMatchObject({ ok: true });
    await all;
    expect(events.map((e) => Buffer.from(e.value!).toString())).toEqual(['2', '3']);
    await store.close();
  });
});

describe.skipIf(!etcdIsHere || !existsSync('/usr/bin/openssl'))('the etcd store over TLS', () => {
  let folder: string;
  let etcd: EtcdProcess;
  const path = (name: string): string => join(folder, name);
  /** A certificate that is its own authority. */
  const make = (name: string): { certFile: string; keyFile: string } => {
    const [certFile, keyFile] = [path(`${name}.crt`), path(`${name}.key`)];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const args = ['req', '-x509', ...key, '-keyout', keyFile, '-out', certFile, ...subject];
    execFileSync('/usr/bin/openssl', args, { stdio: 'ignore' });
    return { certFile, keyFile };
  };
  const open = (options: Partial<EtcdOptions>) =>
    openEtcdStore({ endpoints: [etcd.endpoint], compactionIntervalMs: 0, timeoutMs: 5000, ...options });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-tls-'));
    const own = make('etcd');
    make('other');
    etcd = await startEtcd({ ...own, caFile: own.certFile });
  });
  afterAll(async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true });
  });

  it('needs a client certificate and the right authority, and says which it lacks', async () => {
    const own = { certFile: path('etcd.crt'), keyFile: path('etcd.key') };
    const caFile = own.certFile;
    const store = await open({ ...own, caFile });
    expect(await store.put('/registry/tls/a', Buffer.from('1'))).toMatchObject({ ok: true });
    await store.close();
    const refused = /refuses the client certificate \(bad certificate\): see --etcd-certfile/;
    const other = { certFile: path('other.crt'), keyFile: path('other.key') };
    for (const [options, words] of [
      [{ caFile }, refused],
      [{ caFile, ...other }, refused],
      [own, /not from an authority of --etcd-cafile/],
      [{ ...own, caFile: other.certFile }, /not from an authority of --etcd-cafile/],
      [
        { ...own, caFile, endpoints: [etcd.endpoint.replace('127.0.0.1', 'localhost')] },
        /its certificate is for another name/,
      ],
      [{ endpoints: [etcd.endpoint.replace('https:', 'http:')] }, /may have to begin with https/],
    ] as const) {
      const wrong = await open(options);
      const failure: Error = await wrong.ping().then(
        () => new Error('it answered'),
        (error: Error) => error,
      );
      expect(failure.message).toMatch(words);
      expect(failure).toBeInstanceOf(StoreUnavailableError);
      await wrong.close();
    }
  });

  it('takes up certificates that are put in the place of others', async () => {
    const files = { caFile: path('etcd.crt'), certFile: path('own.crt'), keyFile: path('own.key') };
    const put = (from: string): void => {
      copyFileSync(path(`${from}.crt`), files.certFile);
      copyFileSync(path(`${from}.key`), files.keyFile);
    };
    const told: string[] = [];
    put('other');
    const store = await open({
      ...files,
      report: { loaded: () => told.push('loaded'), bad: (_, error) => told.push((error as Error).message) },
    });
    await expect(store.ping()).rejects.toThrow(/refuses the client certificate/);
    writeFileSync(files.certFile, 'nothing of the kind');
    await vi.waitUntil(() => told.length > 0, { timeout: 10_000 });
    expect(told[0]).toBe(`--etcd-certfile: ${files.certFile} holds no certificate in PEM`);
    put('etcd');
    await vi.waitUntil(() => told.includes('loaded'), { timeout: 10_000 });
    await store.ping();
    await store.close();
  });

  it('says what is wrong with its options', async () => {
    await expect(openEtcdStore({ endpoints: [] })).rejects.toThrow(/no etcd endpoint/);
    await expect(openEtcdStore({ endpoints: ['https://a:1', 'http://b:1'] })).rejects.toThrow(
      /either all https/,
    );
    await expect(openEtcdStore({ endpoints: ['a:1'] })).rejects.toThrow(/begins with https/);
    const [certFile, keyFile] = [path('etcd.crt'), path('other.key')];
    await expect(open({ certFile, keyFile })).rejects.toThrow(`${keyFile} is not the key of ${certFile}`);
    await expect(open({ certFile })).rejects.toThrow(/takes both/);
    await expect(open({ caFile: keyFile })).rejects.toThrow(/holds no certificate in PEM/);
    await expect(open({ certFile, keyFile: certFile })).rejects.toThrow(/holds no private key in PEM/);
  });
});

describe('what an etcd version can do', () => {
  it.each([
    ['3.4.23', false],
    ['3.4.31', true],
    ['3.5.12', false],
    ['3.5.13', true],
    ['3.6.0-rc.1', true],
    ['4.0.0', true],
    ['', false],
  ])('%s tells its progress truthfully: %s', (version, expected) => {
    expect(reportsProgress(version)).toBe(expected);
  });
});
