import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheEvent } from './cached-object.ts';
import { MemoryStore } from './memory.ts';
import {
  CompactedError,
  type Store,
  StoreUnavailableError,
  type StoreWatcher,
  type WriteResult,
} from './store.ts';
import { WatchCache, type WatchCacheOptions } from './watch-cache.ts';

const prefix = '/registry/pods/';
const stored = (path: string, node = ''): Uint8Array => {
  const [namespace, name] = path.split('/');
  return Buffer.from(
    JSON.stringify({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name, namespace },
      spec: { nodeName: node },
    }),
  );
};
const revisionOf = (result: WriteResult): number => (result.ok ? result.revision : Number.NaN);
const seen = (events: CacheEvent[]): string[] => events.map((e) => `${e.type} ${e.current.path}`);

/** A store whose watches can be cut, and which can be out of reach. */
class FlakyStore extends MemoryStore {
  down = false;
  readonly watches = new Set<StoreWatcher>();

  override async range(...args: Parameters<Store['range']>): ReturnType<Store['range']> {
    if (this.down) throw new StoreUnavailableError('out of reach');
    return super.range(...args);
  }

  override async revision(): Promise<number> {
    if (this.down) throw new StoreUnavailableError('out of reach');
    return super.revision();
  }

  override watch(prefix: string, after: number, watcher: StoreWatcher): () => void {
    this.watches.add(watcher);
    const end = super.watch(prefix, after, watcher);
    return () => {
      this.watches.delete(watcher);
      end();
    };
  }

  cut(error: Error): void {
    const watches = [...this.watches];
    this.watches.clear();
    for (const watcher of watches) watcher.failed(error);
  }
}

describe('WatchCache', () => {
  let store: FlakyStore;
  let cache: WatchCache;

  const made = (options: Partial<WatchCacheOptions> = {}): WatchCache =>
    new WatchCache({
      store,
      prefix,
      kind: 'Pod',
      apiVersion: 'v1',
      indexes: { nodeName: (pod) => (pod['spec']?.nodeName ? [pod['spec'].nodeName] : []) },
      ...options,
    });
  const put = async (path: string, node?: string): Promise<number> =>
    revisionOf(await store.put(prefix + path, stored(path, node)));
  const remove = async (path: string): Promise<number> => revisionOf(await store.delete(prefix + path));
  const paths = (objects: Iterable<{ path: string }>): string[] => [...objects].map((o) => o.path);
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const watch = (scope = {}, after?: number): CacheEvent[] => {
    const events: CacheEvent[] = [];
    const end = cache.subscribe({ event: (e) => events.push(e) }, scope, after);
    if (typeof end !== 'function') throw new Error('expired');
    return events;
  };

  beforeEach(async () => {
    store = new FlakyStore();
    for (const path of ['b/2', 'a/1', 'a-x/1', 'b/1']) await put(path, 'n1');
    await store.put('/registry/podtemplates/a/1', stored('a/1'));
    cache = made();
    await cache.start();
  });
  afterEach(async () => {
    cache.stop();
    await store.close();
  });

  it('holds what the store holds, in order, and what is written', async () => {
    expect(cache.ready).toBe(true);
    expect(paths(cache.list())).toEqual(['a-x/1', 'a/1', 'b/1', 'b/2']);
    expect(paths(cache.list('b'))).toEqual(['b/1', 'b/2']);
    expect(cache.get('a', '1')?.object.metadata).toMatchObject({ name: '1', resourceVersion: '3' });
    expect(cache.get('a', '2')).toBeUndefined();
    const revision = await put('a/2');
    expect(await cache.waitFor(revision, 0)).toBe(true);
    expect(cache.get('a', '2')?.revision).toBe(revision);
    await remove('b/1');
    expect(paths(cache.list())).toEqual(['a-x/1', 'a/1', 'a/2', 'b/2']);
    expect(cache.count).toBe(4);
  });

  it('knows when it is as current as the store, also after writes of other resources', async () => {
    const elsewhere = revisionOf(await store.put('/registry/secrets/a/b', stored('a/b')));
    expect(await cache.fresh(1000)).toBe(true);
    expect(cache.revision).toBe(elsewhere);
    expect(await cache.waitFor(elsewhere + 1, 20)).toBe(false);
    const coming = cache.waitFor(elsewhere + 1, 10_000);
    await put('a/2');
    expect(await coming).toBe(true);
  });

  it('tells subscribers of changes in their scope', async () => {
    const all = watch();
    const ofB = watch({ namespace: 'b' });
    const one = watch({ namespace: 'a', name: '1' });
    const onNode = watch({ index: { name: 'nodeName', value: 'n2' } });
    await put('a/1', 'n2');
    await put('b/3', 'n1');
    await put('a/1', 'n1');
    await remove('b/3');
    expect(seen(all)).toEqual(['MODIFIED a/1', 'ADDED b/3', 'MODIFIED a/1', 'DELETED b/3']);
    expect(seen(ofB)).toEqual(['ADDED b/3', 'DELETED b/3']);
    expect(seen(one)).toEqual(['MODIFIED a/1', 'MODIFIED a/1']);
    expect(
      onNode.map((e) => [e.previous?.object['spec'].nodeName, e.current.object['spec'].nodeName]),
    ).toEqual([
      ['n1', 'n2'],
      ['n2', 'n1'],
    ]);
    const { current, revision } = all.at(-1)!;
    expect(current.object.metadata.resourceVersion).toBe(String(revision));
    expect(all[0]).toBe(onNode[0]);
  });

  it('stops telling who has left', async () => {
    const events: CacheEvent[] = [];
    const end = cache.subscribe({ event: (e) => events.push(e) }, { namespace: 'a' }) as () => void;
    end();
    end();
    await put('a/1', 'n2');
    expect(events).toEqual([]);
  });

  it('resumes from a revision, and says when that is too old', async () => {
    const before = cache.revision;
    const second = await put('a/2');
    await remove('a/2');
    await put('b/9');
    expect(seen(watch({}, before))).toEqual(['ADDED a/2', 'DELETED a/2', 'ADDED b/9']);
    expect(seen(watch({ namespace: 'a' }, second))).toEqual(['DELETED a/2']);
    expect(cache.subscribe({ event: () => undefined }, {}, before - 1)).toEqual({
      expired: true,
      oldest: before,
    });
  });

  it('finds objects by an index, also one added later', async () => {
    expect(paths(cache.byIndex('nodeName', 'n1')!)).toEqual(['a-x/1', 'a/1', 'b/1', 'b/2']);
    await put('a/1', 'n2');
    await remove('b/1');
    expect(paths(cache.byIndex('nodeName', 'n1')!)).toEqual(['a-x/1', 'b/2']);
    expect(paths(cache.byIndex('nodeName', 'n2')!)).toEqual(['a/1']);
    expect(cache.byIndex('phase', 'x')).toBeUndefined();
    cache.addIndex('name', (pod) => [pod.metadata.name!]);
    expect(paths(cache.byIndex('name', '1')!)).toEqual(['a-x/1', 'a/1']);
  });

  it('keeps views for pages, and reads older ones from the store', async () => {
    const view = cache.view();
    cache.retain(view);
    const { revision } = view;
    await put('a/0');
    await remove('b/2');
    for (const old of [view, await cache.viewAt(revision)]) {
      expect(paths(old.items())).toEqual(['a-x/1', 'a/1', 'b/1', 'b/2']);
      expect(paths(old.items('b', 'b/1'))).toEqual(['b/2']);
      expect(old.count(undefined, 'a/1')).toBe(2);
    }
    expect(await cache.viewAt(revision)).toBe(view);
    const between = await cache.viewAt(revision + 1);
    expect(paths(between.items())).toEqual(['a-x/1', 'a/0', 'a/1', 'b/1', 'b/2']);
    const page = await cache.viewAt(revision + 1, { namespace: 'a', after: 'a/0', limit: 1 });
    expect(paths(page.items('a', 'a/0'))).toEqual(['a/1']);
    expect(page.count('a', 'a/0')).toBe(1);
    expect(paths((await cache.viewAt(cache.revision)).items())).toEqual(paths(cache.list()));
    await store.compact(revision + 1);
    await expect(cache.viewAt(3)).rejects.toBeInstanceOf(CompactedError);
  });

  it('misses no event of a store that was out of reach', async () => {
    let ended = 0;
    const events: CacheEvent[] = [];
    cache.subscribe({ event: (e) => events.push(e), ended: () => ended++ });
    store.down = true;
    store.cut(new StoreUnavailableError('out of reach'));
    expect(cache.ready).toBe(false);
    const before = cache.revision;
    const revisions = [
      await put('a/1', 'n2'),
      await put('a/1', 'n3'),
      await remove('b/2'),
      await put('b/2', 'n3'),
      await put('c/1'),
      await remove('c/1'),
    ];
    store.down = false;
    await until(() => cache.ready);
    expect(seen(events)).toEqual([
      'MODIFIED a/1',
      'MODIFIED a/1',
      'DELETED b/2',
      'ADDED b/2',
      'ADDED c/1',
      'DELETED c/1',
    ]);
    expect(events.map((e) => e.revision)).toEqual(revisions);
    expect(watch({}, before).map((e) => e.revision)).toEqual(revisions);
    expect(ended).toBe(0);
  });

  it('comes back after a failure with what was missed', async () => {
    const events = watch();
    const errors: Error[] = [];
    cache.stop();
    cache = made({ onError: (e) => errors.push(e) });
    await cache.start();
    const missed = watch();
    let ended = 0;
    cache.subscribe({ event: () => undefined, ended: () => ended++ });
    const before = cache.revision;
    store.down = true;
    store.cut(new CompactedError(3));
    expect(cache.ready).toBe(false);
    expect(cache.error).toBeInstanceOf(CompactedError);
    expect(await cache.waitFor(cache.revision + 1, 10)).toBe(false);
    await put('a/1', 'n2');
    await remove('b/1');
    await remove('b/2');
    await put('b/2', 'n3');
    await put('c/1');
    await until(() => errors.length > 1);
    store.down = false;
    await until(() => cache.ready);
    expect(seen(missed)).toEqual(['MODIFIED a/1', 'DELETED b/2', 'ADDED b/2', 'ADDED c/1', 'DELETED b/1']);
    expect(paths(cache.list())).toEqual(['a-x/1', 'a/1', 'b/2', 'c/1']);
    expect(paths(cache.byIndex('nodeName', 'n3')!)).toEqual(['b/2']);
    // Who counts on every event starts over: some are not known any more.
    expect(ended).toBe(1);
    const resumed = cache.subscribe({ event: () => undefined }, {}, before);
    expect(resumed).toEqual({ expired: true, oldest: cache.revision });
    await put('d/1');
    expect(seen(missed).at(-1)).toBe('ADDED d/1');
    expect(events).toEqual([]);
  });

  it('starts over when the store’s history is another', async () => {
    let ended = 0;
    const events: CacheEvent[] = [];
    cache.subscribe({ event: (e) => events.push(e), ended: () => ended++ });
    const changes: string[] = [];
    cache
      .lister()
      .onChange((c) => changes.push(`${c.type} ${c.object.metadata.namespace}/${c.object.metadata.name}`));
    const other = new MemoryStore();
    await other.put(`${prefix}b/1`, stored('b/1', 'n9'));
    store.revision = () => other.revision();
    store.range = (...args) => other.range(...args);
    store.watch = (...args) => other.watch(...args);
    store.cut(new StoreUnavailableError('restarted'));
    await until(() => cache.ready);
    expect(ended).toBe(1);
    expect(events).toEqual([]);
    expect(changes).toEqual(['MODIFIED b/1', 'DELETED a-x/1', 'DELETED a/1', 'DELETED b/2']);
    expect(cache.revision).toBe(2);
    expect(cache.subscribe({ event: () => undefined }, {}, 1)).toEqual({ expired: true, oldest: 2 });
    await other.close();
  });

  it('is read as a lister', async () => {
    const lister = cache.lister();
    const changes: unknown[] = [];
    const end = lister.onChange((c) =>
      changes.push([c.type, c.object.metadata.name, c.previous?.metadata.name]),
    );
    await put('a/3');
    await put('a/3', 'n2');
    await remove('a/3');
    end();
    await put('a/4');
    expect(changes).toEqual([
      ['ADDED', '3', undefined],
      ['MODIFIED', '3', '3'],
      ['DELETED', '3', '3'],
    ]);
    expect(lister.get('a', '4')?.kind).toBe('Pod');
    expect(lister.list('a').map((o) => o.metadata.name)).toEqual(['1', '4']);
  });

  it('tells a listener of what it wants to know, without reading the rest', async () => {
    const lister = cache.lister();
    const told: Record<string, string[]> = { object: [], named: [], types: [], mentioned: [] };
    const note = (list: string) => (c: { type: string; object: { metadata: { name?: string } } }) =>
      told[list]!.push(`${c.type} ${c.object.metadata.name}`);
    lister.onChange(note('object'), { namespace: 'a', name: '3' });
    lister.onChange(note('named'), { name: '3', types: ['MODIFIED', 'DELETED'] });
    lister.onChange(note('types'), { types: ['DELETED'] });
    lister.onChange(note('mentioned'), { mentions: ['"n2"', '"n4"'] });
    await put('a/3');
    // Nobody had to look into it.
    const parse = JSON.parse;
    JSON.parse = () => {
      throw new Error('parsed');
    };
    await put('a/4');
    JSON.parse = parse;
    await put('b/3');
    await put('b/3', 'n2');
    await put('b/3', 'n3');
    await put('b/3', 'n5');
    await remove('a/3');
    expect(told).toEqual({
      object: ['ADDED 3', 'DELETED 3'],
      named: ['MODIFIED 3', 'MODIFIED 3', 'MODIFIED 3', 'DELETED 3'],
      types: ['DELETED 3'],
      mentioned: ['MODIFIED 3', 'MODIFIED 3', 'DELETED 3'],
    });
  });

  it('asks the engine how far it is where nothing else will tell', async () => {
    cache.stop();
    let at = 1000;
    let asked = 0;
    cache = made({ clock: { now: () => 0, monotonic: () => at } });
    await cache.start();
    store.requestProgress = () => void asked++;
    const ahead = cache.revision + 10;
    // A write of one's own is told of unasked.
    const own = cache.waitFor(ahead, 5000, true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(0);
    const others = cache.waitFor(ahead, 5000);
    expect(asked).toBe(1);
    // While events come, the next one may do.
    await put('a/5');
    const lively = cache.waitFor(ahead, 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(1);
    at += 10;
    await until(() => asked === 2);
    // Whoever waits for long asks again, for a write of one's own too.
    at += 200;
    await until(() => asked === 3);
    cache.stop();
    expect(await Promise.all([own, others, lively])).toEqual([false, false, false]);
  });
});
