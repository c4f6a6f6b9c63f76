import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KubeObject, OwnerReference } from '../meta/object.ts';
import { FinalizingClient } from '../registry/fixtures/finalizing-client.ts';
import { GarbageCollector } from './garbage-collector.ts';

const MAPS = { group: '', resource: 'configmaps', kind: 'ConfigMap', namespaced: true };
const NODES = { group: '', resource: 'nodes', kind: 'Node', namespaced: false };
const SETS = { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet', namespaced: true };
const ALL = [MAPS, NODES, SETS];

const running: GarbageCollector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

function world() {
  const client = new FinalizingClient(ALL);
  const collector = new GarbageCollector({ client, resources: () => ALL });
  running.push(collector);
  const map = (name: string, metadata: Partial<KubeObject['metadata']> = {}) =>
    client.create(MAPS, 'n', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } });
  const names = () =>
    client
      .lister(MAPS)!
      .list('n')
      .map((object) => object.metadata.name);
  return { client, collector, map, names };
}

const owner = (object: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: object.apiVersion!,
  kind: object.kind!,
  name: object.metadata.name!,
  uid: object.metadata.uid!,
  ...more,
});

describe('GarbageCollector', () => {
  it('deletes what was there before it and had lost its owner, and leaves the rest', async () => {
    const { collector, map, names } = world();
    const there = await map('owner');
    await map('stray', { ownerReferences: [{ ...owner(there), name: 'ghost', uid: 'never' }] });
    await map('kept', { ownerReferences: [owner(there)] });
    await map('free');
    collector.start();
    await vi.waitFor(() => expect(names()).toEqual(['free', 'kept', 'owner']));
  });

  it('follows owners through generations', async () => {
    const { client, collector, map, names } = world();
    collector.start();
    const first = await map('first');
    const second = await map('second', { ownerReferences: [owner(first)] });
    await map('third', { ownerReferences: [owner(second)] });
    await client.delete(MAPS, 'n', 'first');
    await vi.waitFor(() => expect(names()).toEqual([]));
  });

  it('counts an owner of the same name but another uid as none', async () => {
    const { collector, map, names } = world();
    collector.start();
    const there = await map('owner');
    await map('dependent', { ownerReferences: [owner(there, { uid: 'another' })] });
    await vi.waitFor(() => expect(names()).toEqual(['owner']));
  });

  it('finds owners without a namespace', async () => {
    const { client, collector, map, names } = world();
    collector.start();
    const node = await client.create(NODES, '', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node' },
    });
    await map('on-node', { ownerReferences: [owner(node)] });
    await client.delete(NODES, '', 'node');
    await vi.waitFor(() => expect(names()).toEqual([]));
  });

  it('drops ties to owners that are gone where another is left', async () => {
    const { client, collector, map } = world();
    collector.start();
    const [one, two] = [await map('one'), await map('two')];
    await map('dependent', { ownerReferences: [owner(one), owner(two)] });
    await client.delete(MAPS, 'n', 'one');
    await vi.waitFor(() =>
      expect(client.lister(MAPS)!.get('n', 'dependent')?.metadata.ownerReferences).toEqual([owner(two)]),
    );
  });

  it('leaves what is owned by kinds that are not served', async () => {
    const { client, collector, map, names } = world();
    await map('custom', { ownerReferences: [{ apiVersion: 'x.io/v1', kind: 'Thing', name: 't', uid: 'u' }] });
    await map('stray', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 't', uid: 'u' }] });
    collector.start();
    await vi.waitFor(() => expect(names()).toEqual(['custom']));
    expect(client.deletes).toEqual(['configmaps/stray Background']);
  });

  it('in the foreground holds the owner until who blocks has gone', async () => {
    const { client, collector, map, names } = world();
    collector.start();
    const there = await map('owner');
    await map('held', {
      ownerReferences: [owner(there, { blockOwnerDeletion: true })],
      finalizers: ['x.io/hold'],
    });
    await client.delete(MAPS, 'n', 'owner', { propagationPolicy: 'Foreground' });
    await vi.waitFor(() =>
      expect(client.lister(MAPS)!.get('n', 'held')?.metadata.deletionTimestamp).toBeDefined(),
    );
    expect(names()).toEqual(['held', 'owner']);
    await client.update(MAPS, 'n', 'held', (object) => {
      object.metadata.finalizers = [];
      return undefined;
    });
    await vi.waitFor(() => expect(names()).toEqual([]));
  });

  it('in the foreground does not wait for who does not block, but collects it', async () => {
    const { client, collector, map, names } = world();
    collector.start();
    const there = await map('owner');
    await map('dependent', { ownerReferences: [owner(there)], finalizers: ['x.io/hold'] });
    await client.delete(MAPS, 'n', 'owner', { propagationPolicy: 'Foreground' });
    await vi.waitFor(() => expect(names()).toEqual(['dependent']));
    await vi.waitFor(() =>
      expect(client.lister(MAPS)!.get('n', 'dependent')?.metadata.deletionTimestamp).toBeDefined(),
    );
  });

  it('orphans dependents where asked', async () => {
    const { client, collector, map, names } = world();
    collector.start();
    const there = await map('owner');
    await map('dependent', { ownerReferences: [owner(there)] });
    await client.delete(MAPS, 'n', 'owner', { propagationPolicy: 'Orphan' });
    await vi.waitFor(() => expect(names()).toEqual(['dependent']));
    expect(client.lister(MAPS)!.get('n', 'dependent')?.metadata.ownerReferences).toBeUndefined();
  });

  it('follows resources that come later', async () => {
    const client = new FinalizingClient(ALL);
    const served = [MAPS];
    const collector = new GarbageCollector({ client, resources: () => served });
    running.push(collector);
    collector.start();
    await client.create(SETS, 'n', {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: 'set',
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }],
      },
    });
    expect(client.lister(SETS)!.list()).toHaveLength(1);
    served.push(SETS);
    collector.resourcesChanged();
    await vi.waitFor(() => expect(client.lister(SETS)!.list()).toHaveLength(0));
  });
});
