import { expect, it } from 'vitest';
import { Allowance } from './allowance.ts';

it('allows a burst and then so many a second', () => {
  const allowance = new Allowance(3, 2, 0);
  const spend = (now: number, times: number): boolean[] =>
    Array.from({ length: times }, () => allowance.spend(now));
  expect(spend(0, 4)).toEqual([true, true, true, false]);
  expect(spend(499, 1)).toEqual([false]);
  expect(spend(1000, 3)).toEqual([true, true, false]);
});

it('saves up no more than the burst', () => {
  const allowance = new Allowance(2, 1000, 0);
  expect([1, 2, 3].map(() => allowance.spend(0))).toEqual([true, true, false]);
  expect([1, 2, 3].map(() => allowance.spend(60_000))).toEqual([true, true, false]);
});
