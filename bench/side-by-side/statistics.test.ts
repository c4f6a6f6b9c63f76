import { expect, test } from 'vitest';
import { pairedRatio, summary } from './statistics.ts';

test('takes the middle of an odd number of samples, and the mean of the two middle ones of an even number', () => {
  expect(summary([30, 10, 20])).toEqual({ median: 20, least: 10, most: 30, spread: 0.5 });
  expect(summary([40, 10, 20, 30])?.median).toBe(25);
  expect(summary([7])).toEqual({ median: 7, least: 7, most: 7, spread: 0 });
  expect(summary([])).toBeUndefined();
});

test('compares pairs, so that an hour in which everything was slow does not count', () => {
  // The medians, 50 and 200, would say a quarter.
  expect(pairedRatio([50, 100, 20], [100, 200, 400])).toBe(0.5);
  expect(pairedRatio([1, 2, 3], [2])).toBe(0.5);
  expect(pairedRatio([], [1])).toBeUndefined();
  expect(pairedRatio([1], [0])).toBeUndefined();
});
