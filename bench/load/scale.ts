import { mkdirSync, writeFileSync } from 'node:fs';
import { lineChart } from './line-chart.ts';

/** What is measured at each size: a name and its value there. Times in milliseconds. */
export type Measured = Record<string, number>;

export interface ScaleOptions {
  /** Of the files: `.cache/bench/NAME.json`, `docs/NAME.svg`. */
  name: string;
  title: string;
  /** What grows. */
  of: string;
  sizes: readonly number[];
  /** Brings it to a size and measures. */
  at(size: number): Promise<Measured>;
  /** The columns that are drawn, and what their axis says. */
  drawn: readonly string[];
  unit: string;
}

const shown = (value: number | undefined): string => {
  if (value === undefined) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** Grows something step by step: a table of what it costs on standard output, and a chart. */
export async function scale({ name, title, of, sizes, at, drawn, unit }: ScaleOptions): Promise<void> {
  const rows: { size: number; measured: Measured }[] = [];
  for (const size of sizes) {
    const measured = await at(size);
    rows.push({ size, measured });
    process.stderr.write(
      `${size} ${of}: ${Object.entries(measured)
        .map(([column, value]) => `${column} ${shown(value)}`)
        .join(', ')}\n`,
    );
  }
  const columns = [...new Set(rows.flatMap(({ measured }) => Object.keys(measured)))];
  console.log(`| ${of} | ${columns.join(' | ')} |`);
  console.log(`| ${[of, ...columns].map(() => '---:').join(' | ')} |`);
  for (const { size, measured } of rows)
    console.log(
      `| ${size.toLocaleString('en')} | ${columns.map((column) => shown(measured[column])).join(' | ')} |`,
    );
  mkdirSync('.cache/bench', { recursive: true });
  writeFileSync(`.cache/bench/${name}.json`, JSON.stringify(rows));
  const series = drawn
    .map((column) => ({
      name: column,
      points: rows.flatMap(({ size, measured }) =>
        measured[column] === undefined ? [] : [[size, measured[column]] as const],
      ),
    }))
    .filter(({ points }) => points.length > 1);
  writeFileSync(`docs/${name}.svg`, lineChart({ title, x: of, y: unit, series, logarithmic: true }));
}

/** The median of so many runs, one after the other, in milliseconds. */
export async function median(runs: number, one: (run: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    await one(run);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[runs >> 1]!;
}
