import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../storage/memory.ts';
import { ServerLeases } from './server-leases.ts';

describe('servers on one store', () => {
  it('are told of each other, and of one that goes', async () => {
    const store = new MemoryStore();
    const told: Record<string, readonly string[]> = {};
    const make = (address: string) =>
      new ServerLeases({
        store,
        address,
        alive: async (addresses) => {
          told[address] = addresses;
        },
        complain: (_controller, _key, error) => {
          throw error;
        },
      });
    const [one, other] = [make('192.0.2.1'), make('192.0.2.2')];
    one.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told).toEqual({ '192.0.2.1': ['192.0.2.1'], '192.0.2.2': ['192.0.2.1', '192.0.2.2'] });
    await one.stop();
    expect(told['192.0.2.1']).toEqual(['192.0.2.2']);
    expect((await store.range('/registry/masterleases/')).values.map(({ key }) => key)).toEqual([
      '/registry/masterleases/192.0.2.2',
    ]);
    await other.stop();
  });
});
