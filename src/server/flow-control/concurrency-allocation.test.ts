import { describe, expect, it } from 'vitest';
import { allocateSeats } from './concurrency-allocation.ts';

const total = (seats: number[]): number => seats.reduce((sum, n) => sum + n, 0);

describe('the division of seats', () => {
  it('gives everybody the same fraction where no bound is in the way', () => {
    const { seats, fraction } = allocateSeats(30, [
      { lowest: 1, highest: 100, target: 10 },
      { lowest: 1, highest: 100, target: 5 },
    ]);
    expect(fraction).toBeCloseTo(2);
    expect(seats).toEqual([20, 10]);
  });

  it('keeps lowest numbers, and the others share the rest', () => {
    const { seats } = allocateSeats(30, [
      { lowest: 20, highest: 100, target: 20 },
      { lowest: 0, highest: 100, target: 10 },
      { lowest: 0, highest: 100, target: 30 },
    ]);
    expect(seats[0]).toBe(20);
    expect(seats[1]).toBeCloseTo(2.5);
    expect(seats[2]).toBeCloseTo(7.5);
  });

  it('gives nobody more than the highest number', () => {
    const { seats } = allocateSeats(100, [
      { lowest: 0, highest: 10, target: 50 },
      { lowest: 0, highest: 200, target: 1 },
    ]);
    expect(seats[0]).toBe(10);
    expect(seats[1]).toBeCloseTo(90);
  });

  it('adds up, whatever the bounds', () => {
    for (let seed = 1; seed < 200; seed++) {
      const claims = Array.from({ length: 8 }, (_, i) => {
        const lowest = (seed * (i + 3)) % 20;
        return { lowest, highest: lowest + ((seed * 7 + i) % 60), target: lowest + ((seed + i * i) % 9) };
      });
      const least = total(claims.map((c) => c.lowest));
      const most = total(claims.map((c) => c.highest));
      const wanted = Math.round((least + most) / 2);
      expect(total(allocateSeats(wanted, claims).seats)).toBeCloseTo(wanted, 5);
    }
  });

  it('does what it can where the bounds allow no division', () => {
    expect(allocateSeats(1, [{ lowest: 5, highest: 6, target: 5 }]).seats).toEqual([5]);
    expect(allocateSeats(10, [{ lowest: 5, highest: 6, target: 5 }]).seats).toEqual([6]);
  });
});
