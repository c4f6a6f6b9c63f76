import { expect, test } from 'vitest';
import { rateOf } from './load.ts';
import { change, type RowTitle, reached, rowResult } from './results.ts';
import { bar, runTable } from './table.ts';

const get: RowTitle = { name: 'get', title: 'get one', unit: 'req/s', share: 0.6 };
const start: RowTitle = { name: 'start', title: 'start', unit: 'ms', most: 300 };

test('says whether a row reached its part of the bare server, or stayed under its limit', () => {
  expect(reached(rowResult(get, { bare: [100], sallyport: [60] }))).toBe(true);
  expect(reached(rowResult(get, { bare: [100], sallyport: [59] }))).toBe(false);
  expect(reached(rowResult(get, { sallyport: [59] }))).toBeUndefined();
  expect(reached(rowResult(start, { sallyport: [300] }))).toBe(true);
  expect(reached(rowResult(start, { sallyport: [301] }))).toBe(false);
  expect(reached(rowResult({ ...get, name: 'other', share: undefined as never }, {}))).toBeUndefined();
});

test('compares speeds with an earlier run as parts of the bare server, times and sizes as they are', () => {
  const slowHour = rowResult(get, { bare: [50], sallyport: [30] });
  const before = rowResult(get, { bare: [100], sallyport: [50] });
  expect(change(slowHour, before)).toBeCloseTo(0.2);
  const took = (ms: number) => rowResult(start, { bare: [40], sallyport: [ms] });
  expect(change(took(200), took(300))).toBeCloseTo(0.5);
  expect(change(took(200), undefined)).toBeUndefined();
});

test('draws a bar of the bare server, with a mark where it ought to reach', () => {
  expect(bar(0.5)).toBe('█'.repeat(10) + '·'.repeat(10));
  expect(bar(0.25, 0.5)).toBe('█████·····|·········');
  expect(bar(0.5, 0.25)).not.toContain('|');
  expect(bar(3)).toBe('█'.repeat(20));
});

test('writes a table of what was measured, and says what was not', () => {
  const run = {
    at: '2026-01-01T00:00:00Z',
    machine: { cpu: 'x', cores: 2, memoryGiB: 4, node: 'v20', load: '0' },
    repeats: 2,
    seconds: 1,
    rows: [
      rowResult(get, { bare: [40_000, 50_000], sallyport: [20_000, 25_000] }),
      rowResult(start, { bare: [60], sallyport: [250] }, 'sallyport: it broke'),
    ],
  };
  expect(runTable(run).split('\n')).toEqual([
    '                bare server    sallyport  of bare                             at least',
    'get one, req/s  45,000 ±11%  22,500 ±11%     50 %  ██████████··|·······        60 % NO',
    'start, ms            60 ±0%      250 ±0%                                 <= 300 ms yes',
    '',
    'start: sallyport: it broke',
    '',
  ]);
});

test('reads the rate off what h2load says, and takes no answer that was not good', () => {
  const said = (bad: number): string =>
    `finished in 4.00s, 31250.25 req/s, 9.90MB/s
requests: 125001 total, 125065 started, 125001 done, ${125001 - bad} succeeded, ${bad} failed, 0 errored, 0 timeout
status codes: ${125001 - bad} 2xx, 0 3xx, ${bad} 4xx, 0 5xx`;
  expect(rateOf(said(0))).toBe(31250.25);
  expect(() => rateOf(said(1))).toThrow('not every answer was good');
  expect(() => rateOf('could not connect')).toThrow('nothing of use');
});
