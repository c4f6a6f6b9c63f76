import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { MemoryStore } from '../../storage/memory.ts';
import { WatchCache } from '../../storage/watch-cache.ts';
import { Selection } from './selection.ts';

const nodeOf = (pod: KubeObject): string => pod['spec']?.nodeName ?? '';

async function podsOn(...pods: [namespace: string, name: string, node: string][]) {
  const store = new MemoryStore();
  for (const [namespace, name, nodeName] of pods)
    await store.put(
      `/registry/pods/${namespace}/${name}`,
      Buffer.from(
        JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace }, spec: { nodeName } }),
      ),
      { expect: 0 },
    );
  const cache = new WatchCache({
    store,
    prefix: '/registry/pods/',
    kind: 'Pod',
    apiVersion: 'v1',
    indexes: { 'spec.nodeName': (pod) => [nodeOf(pod)] },
  });
  await cache.start();
  return cache;
}

const on = (node: string, namespace = ''): Selection =>
  new Selection(
    namespace,
    [{ field: 'spec.nodeName', operator: '=', value: node }],
    undefined,
    { 'spec.nodeName': nodeOf },
    true,
    (field) => field === 'spec.nodeName',
  );

describe('a selection by an indexed field', () => {
  it('looks at the objects that the index finds alone, in their order', async () => {
    const cache = await podsOn(['b', 'two', 'n1'], ['a', 'one', 'n1'], ['a', 'other', 'n2']);
    const paths = (selection: Selection, after?: string) =>
      [...(selection.candidates(cache.view(), after, cache) ?? [])].map((item) => item.path);
    expect(paths(on('n1'))).toEqual(['a/one', 'b/two']);
    expect(paths(on('n1'), 'a/one')).toEqual(['b/two']);
    expect(paths(on('n1', 'b'))).toEqual(['b/two']);
    expect(paths(on('n3'))).toEqual([]);
    cache.stop();
  });

  it('looks at all of a view of the past', async () => {
    const cache = await podsOn(['a', 'one', 'n1']);
    const past = Object.assign(cache.view(), { revision: 0 });
    expect(on('n1').candidates(past, undefined, cache)).toBeUndefined();
    cache.stop();
  });

  it('has watches told of what the index says alone, unless they are of one namespace', () => {
    expect(on('n1').scope).toEqual({ index: { name: 'spec.nodeName', value: 'n1' } });
    expect(on('n1', 'a').scope).toEqual({ namespace: 'a' });
  });
});
