import { describe, expect, it } from 'vitest';
import type { ServerStream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

const stream = (id: number) => ({ id }) as ServerStream;
const ids = (table: StreamTable): number[] =>
  table
    .values()
    .map(({ id }) => id)
    .sort((a, b) => a - b);

describe('the open streams of a connection', () => {
  it('are found by their numbers, as in a Map', () => {
    const table = new StreamTable();
    const map = new Map<number, ServerStream>();
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    let next = 1;
    for (let step = 0; step < 20_000; step++) {
      if (map.size < 300 && random(3) > 0) {
        const one = stream(next);
        next += 2 * (1 + random(3));
        table.add(one);
        map.set(one.id, one);
      } else if (map.size) {
        // The oldest stay for long, as watches do.
        const open = [...map.values()];
        const one = open[open.length - 1 - random(Math.min(open.length, 250))]!;
        table.delete(one);
        table.delete(one);
        map.delete(one.id);
      }
      const asked = random(next + 4);
      expect(table.get(asked)).toBe(map.get(asked));
      expect(table.size).toBe(map.size);
    }
    expect(ids(table)).toEqual([...map.keys()].sort((a, b) => a - b));
    for (const one of map.values()) expect(table.get(one.id)).toBe(one);
    expect(map.size).toBeGreaterThan(256);
  });

  it('are not taken for one that has the number no more', () => {
    const table = new StreamTable();
    const [watch, later] = [stream(1), stream(513)];
    table.add(watch);
    table.add(later);
    expect([table.get(1), table.get(513), table.get(1025)]).toEqual([watch, later, undefined]);
    table.delete(later);
    expect([table.get(1), table.get(513), table.size]).toEqual([watch, undefined, 1]);
    table.delete(stream(3));
    table.delete(watch);
    expect([table.get(1), table.size]).toEqual([undefined, 0]);
  });

  it('can be forgotten together', () => {
    const table = new StreamTable();
    for (const id of [1, 3, 513]) table.add(stream(id));
    table.clear();
    expect([table.size, table.values(), table.get(1), table.get(513)]).toEqual([0, [], undefined, undefined]);
  });
});
