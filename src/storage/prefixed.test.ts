import { describe, expect, it } from 'vitest';
import { MemoryStore } from './memory.ts';
import { PrefixedStore } from './prefixed.ts';
import type { StoreEvent } from './store.ts';

describe('a store whose keys begin otherwise', () => {
  it('writes, reads, watches and deletes under the other prefix', async () => {
    const below = new MemoryStore();
    const store = new PrefixedStore(below, '/registry', '/east');
    const seen: StoreEvent[] = [];
    const end = store.watch('/registry/pods/', await store.revision(), {
      events: (events) => seen.push(...events),
      progress: () => {},
      failed: () => {},
    });
    const put = await store.put('/registry/pods/a/b', Buffer.from('1'), { expect: 0 });
    expect(put.ok).toBe(true);
    expect((await below.range('/')).values.map(({ key }) => key)).toEqual(['/east/pods/a/b']);
    expect((await store.get('/registry/pods/a/b'))?.key).toBe('/registry/pods/a/b');
    await store.put('/registry/pods/a/c', Buffer.from('2'));
    const rest = await store.range('/registry/pods/', { after: '/registry/pods/a/b' });
    expect(rest.values.map(({ key }) => key)).toEqual(['/registry/pods/a/c']);
    const lost = await store.put('/registry/pods/a/c', Buffer.from('3'), { expect: 0 });
    expect(lost).toMatchObject({ ok: false, current: { key: '/registry/pods/a/c' } });
    await store.delete('/registry/pods/a/b');
    expect(seen.map(({ type, key }) => [type, key])).toEqual([
      ['put', '/registry/pods/a/b'],
      ['put', '/registry/pods/a/c'],
      ['delete', '/registry/pods/a/b'],
    ]);
    end();
  });
});
