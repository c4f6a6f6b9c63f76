import { describe, expect, it } from 'vitest';
import { RandomPool } from './random-pool.ts';

describe('RandomPool', () => {
  it('gives each byte once, and draws anew when too few are left', () => {
    let drawn = 0;
    const pool = new RandomPool((bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i + drawn) & 0xff;
      drawn++;
    });
    const first = pool.take(4000);
    expect([...first.subarray(0, 3)]).toEqual([0, 1, 2]);
    expect([...pool.take(2)]).toEqual([4000 & 0xff, 4001 & 0xff]);
    expect(drawn).toBe(1);
    expect([...pool.take(100)].slice(0, 2)).toEqual([1, 2]);
    expect(drawn).toBe(2);
    // What was given stays as it was.
    expect(first[0]).toBe(0);
  });

  it('draws from the system', () => {
    const pool = new RandomPool();
    expect(new Set(Array.from({ length: 100 }, () => Buffer.from(pool.take(8)).toString('hex'))).size).toBe(
      100,
    );
  });
});
