import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Fields } from '../meta/object.ts';
import { FinalizingClient } from '../registry/fixtures/finalizing-client.ts';
import { NamespaceDeletion } from './namespace-deletion.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
const MAPS = { group: '', resource: 'configmaps' };
const PODS = { group: '', resource: 'pods' };
const SETS = { group: 'apps', resource: 'replicasets' };
const CONTENT = [MAPS, PODS, SETS];

const running: NamespaceDeletion[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function world() {
  const client = new FinalizingClient([NAMESPACES, ...CONTENT]);
  const controller = new NamespaceDeletion({
    client,
    resources: () => CONTENT,
    clock: { now: () => Date.parse('2026-11-23T00:00:00Z'), monotonic: () => 0 },
  });
  running.push(controller);
  await client.create(NAMESPACES, '', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  const put = (resource: typeof MAPS, name: string, finalizers?: string[], namespace = 'n') =>
    client.create(resource, namespace, {
      apiVersion: 'v1',
      kind: 'Kind',
      metadata: { name, ...(finalizers ? { finalizers } : {}) },
    });
  const end = () =>
    client.update(NAMESPACES, '', 'n', (object) => {
      object.metadata.deletionTimestamp = '2026-11-23T00:00:00Z';
      object['status'].phase = 'Terminating';
      return undefined;
    });
  const namespace = () => client.lister(NAMESPACES)!.get('', 'n');
  return { client, controller, put, end, namespace };
}

describe('NamespaceDeletion', () => {
  it('leaves namespaces that are active, and what is in others', async () => {
    const { client, controller, put, end, namespace } = await world();
    await put(MAPS, 'a');
    await put(MAPS, 'b', undefined, 'other');
    controller.start();
    expect(namespace()).toBeDefined();
    await end();
    await vi.waitFor(() => expect(namespace()).toBeUndefined());
    expect(
      client
        .lister(MAPS)!
        .list()
        .map((object) => object.metadata.namespace),
    ).toEqual(['other']);
  });

  it('goes on with namespaces that were ending before it started', async () => {
    const { controller, put, end, namespace } = await world();
    await put(SETS, 'a');
    await end();
    controller.start();
    await vi.waitFor(() => expect(namespace()).toBeUndefined());
  });

  it('waits for finalizers, says which, and goes on once they are gone', async () => {
    const { client, controller, put, end, namespace } = await world();
    await put(MAPS, 'held', ['x.io/hold']);
    controller.start();
    await end();
    await vi.waitFor(() => expect(namespace()?.['status'].conditions).toBeDefined());
    const said = (type: string): Fields =>
      namespace()!['status'].conditions.find((c: Fields) => c['type'] === type);
    expect(said('NamespaceContentRemaining')).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: configmaps. has 1 resource instances',
    });
    expect(said('NamespaceFinalizersRemaining')).toMatchObject({
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: x.io/hold in 1 resource instances',
    });
    expect(said('NamespaceDeletionContentFailure')).toMatchObject({
      status: 'False',
      reason: 'ContentDeleted',
    });
    await client.update(MAPS, 'n', 'held', (object) => {
      object.metadata.finalizers = [];
      return undefined;
    });
    await vi.waitFor(() => expect(namespace()).toBeUndefined());
  });
});
