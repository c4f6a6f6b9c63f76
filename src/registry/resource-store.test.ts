import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import { resources } from '../schema/resources.ts';
import { MemoryStore } from '../storage/memory.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import type { AdmissionRequest } from './admission-hook.ts';
import { ResourceStore, type ResourceStoreParts } from './resource-store.ts';
import type { Strategy } from './strategy.ts';
import type { WriteContext } from './write-context.ts';

const descriptor = resources.find((one) => one.group === '' && one.plural === 'configmaps')!;

describe('ResourceStore', () => {
  let engine: MemoryStore;
  let cache: WatchCache;
  let bytes: number[];
  let asked: AdmissionRequest[];
  let store: ResourceStore;

  const context: WriteContext = {
    user: { name: 'u', groups: [] },
    now: 0,
    dryRun: false,
    manager: 'm',
    options: {},
    admission: {
      mutate: (request) => {
        asked.push({ ...request });
        request.object!['data'] = { ...request.object!['data'], seen: String(asked.length) };
      },
      validate: (request) => void asked.push({ ...request }),
    },
    warn: () => {},
  };

  beforeEach(async () => {
    engine = new MemoryStore();
    cache = new WatchCache({
      store: engine,
      prefix: '/registry/configmaps/',
      kind: 'ConfigMap',
      apiVersion: 'v1',
    });
    await cache.start();
    bytes = [];
    asked = [];
    store = make({});
  });

  const make = (parts: Partial<ResourceStoreParts>): ResourceStore =>
    new ResourceStore({
      descriptor,
      strategy: {},
      store: engine,
      cache,
      managedFields: {
        create: (object) => ({ ...object, metadata: { ...object.metadata } }),
        update: (_live, object) => object,
        keepTimes: () => {},
        apply: (_live, patch) => patch,
      },
      normalize: () => {},
      client: {} as never,
      options: { allowPrivileged: false, serviceClusterIpRange: '' },
      alwaysFresh: true,
      random: (count) => Uint8Array.from({ length: count }, () => bytes.shift() ?? 0),
      uuid: () => 'uid',
      ...parts,
    });

  afterEach(async () => {
    cache.stop();
    await engine.close();
  });

  const object = (): KubeObject => ({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { generateName: 'made-' },
    data: { a: 'b' },
  });

  it.each(['from a copy', 'from what makes it'])(
    'makes up another name where one is taken, %s',
    async (how) => {
      const again = how === 'from a copy' ? undefined : object;
      const first = await store.create(context, 'x', object(), again);
      bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
      const second = await store.create(context, 'x', object(), again);
      expect([first, second].map(({ metadata }) => metadata.name)).toEqual(['made-bbbbb', 'made-bbbbc']);
      // Each try begins with the object as it was sent.
      expect(second['data']).toEqual({ a: 'b', seen: '5' });
      expect(asked.map(({ name }) => name)).toEqual(['', 'made-bbbbb', '', 'made-bbbbb', '', 'made-bbbbc']);
      expect(cache.get('x', 'made-bbbbc')!.object).toEqual(second);
    },
  );

  it('gives up where every name is taken', async () => {
    await store.create(context, 'x', object(), object);
    const error = await store.create(context, 'x', object(), object).catch((thrown: unknown) => thrown);
    expect(isStatus(error, 'AlreadyExists')).toBe(true);
    expect(asked).toHaveLength(2 * 9);
  });

  it('waits for the newest of its own objects only where a create looks at them', async () => {
    const waited: string[] = [];
    const namespaces = { waitFor: async () => waited.push('namespaces') > 0 } as never;
    cache.waitFor = async () => waited.push('configmaps') > 0;
    const create = (strategy: Strategy, name: string, dryRun = false) =>
      make({ strategy, alwaysFresh: false, besides: () => namespaces }).create({ ...context, dryRun }, 'x', {
        ...object(),
        metadata: { name },
      });
    await create({}, 'a');
    await create({ createsBlindly: true }, 'b');
    await create({ createsBlindly: true }, 'c', true);
    expect(waited).toEqual(['configmaps', 'namespaces', 'namespaces', 'configmaps', 'namespaces']);
    const error = await create({ createsBlindly: true }, 'b').catch((thrown: unknown) => thrown);
    expect(isStatus(error, 'AlreadyExists')).toBe(true);
  });

  it('tells whether an update was written', async () => {
    const { metadata } = await store.create(context, 'x', { ...object(), metadata: { name: 'a' } });
    const update = (data: object, dryRun = false) =>
      store.update({ ...context, dryRun }, 'x', 'a', {
        make: (existing) => ({ ...existing!, metadata: { ...existing!.metadata }, data }),
      });
    const same = await update({ a: 'b', seen: '1' });
    expect([same.written, same.object.metadata.resourceVersion]).toEqual([false, metadata.resourceVersion]);
    expect((await update({ a: 'c' }, true)).written).toBe(false);
    const other = await update({ a: 'c' });
    expect(other.written).toBe(true);
    expect(JSON.parse(cache.get('x', 'a')!.line.toString())).toEqual(other.object);
  });
});
