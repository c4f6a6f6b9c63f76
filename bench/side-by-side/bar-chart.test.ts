import { expect, it } from 'vitest';
import { barChart } from './bar-chart.ts';
import { rowResult } from './results.ts';

const run = {
  at: '',
  machine: { cpu: '', cores: 2, memoryGiB: 1, node: '', load: '' },
  repeats: 1,
  seconds: 1,
  rows: [
    rowResult(
      { name: 'get', title: 'get <one>', unit: 'req/s', peer: 0.16 },
      { bare: [100], sallyport: [50] },
    ),
    rowResult({ name: 'start', title: 'start', unit: 'ms' }, { bare: [10], sallyport: [20] }),
    rowResult({ name: 'none', title: 'not measured', unit: 'req/s' }, {}),
  ],
};

it('draws a bar for each figure that there is', () => {
  const svg = barChart(run);
  expect(svg.match(/class="(ours|peer)" x="236"/g)).toHaveLength(2);
  expect(svg).toContain('50 %: 50 a second');
  expect(svg).toContain('16 %');
  expect(svg).toContain('get &lt;one&gt;');
  expect(svg).not.toContain('not measured');
});

it('makes bars as long as the figures are', () => {
  const widths = [...barChart(run).matchAll(/class="(?:ours|peer)" x="236" y="\d+" width="([\d.]+)"/g)].map(
    ([, width]) => Number(width),
  );
  expect(widths[1]! / widths[0]!).toBeCloseTo(0.32, 2);
});
