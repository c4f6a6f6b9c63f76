import { describe, expect, it } from 'vitest';
import { CopyTargetNotEmptyError, copy } from './copy.ts';
import { MemoryStore } from './memory.ts';

describe('copy', () => {
  it('copies every key as of one revision', async () => {
    const [from, to] = [new MemoryStore(), new MemoryStore()];
    for (let i = 0; i < 1203; i++) await from.put(`/registry/things/${i}`, Buffer.from(`value ${i}`));
    await from.put('compact_rev_key', Buffer.from('1'));
    const seen: number[] = [];
    const copied = await copy(from, to, ({ copied, remaining }) => {
      seen.push(copied, remaining);
      void from.put('/registry/things/late', Buffer.from('late'));
    });
    expect(copied).toBe(1203);
    expect(seen).toEqual([500, 703, 1000, 203, 1203, 0]);
    const { values } = await to.range('');
    expect(values).toHaveLength(1203);
    expect(Buffer.from((await to.get('/registry/things/77'))!.value).toString()).toBe('value 77');
  });

  it('transforms values where told to, and leaves a store that is in use alone', async () => {
    const [from, to] = [new MemoryStore(), new MemoryStore()];
    await from.put('/registry/a', Buffer.from('a'));
    await copy(from, to, undefined, {
      transform: (value, key) => Buffer.from(`${key}=${Buffer.from(value)}`),
    });
    expect(Buffer.from((await to.get('/registry/a'))!.value).toString()).toBe('/registry/a=a');
    await expect(copy(from, to)).rejects.toBeInstanceOf(CopyTargetNotEmptyError);
    expect((await to.range('/')).values).toHaveLength(1);
  });
});
