import { parseArgs } from 'node:util';
import { rowNames } from './rows.ts';

export interface BenchOptions {
  /** The rows to measure. */
  names: readonly string[];
  repeats: number;
  /** How long one sample takes where it is taken by time. */
  seconds: number;
  isQuick: boolean;
  /** A kubeconfig. */
  against?: string;
  /** Where the run is written to. */
  json: string;
  /** Where it is drawn to, as an SVG. */
  chart?: string;
}

export const LAST = '.cache/bench/last.json';

/** Throws an Error in one line where the arguments cannot be used. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      seconds: { type: 'string' },
      against: { type: 'string' },
      json: { type: 'string' },
      chart: { type: 'string' },
    },
  });
  for (const name of positionals)
    if (!rowNames.includes(name))
      throw new Error(`${name} is not measured; there are ${rowNames.join(', ')}, and the files of bench/`);
  const isQuick = values.quick;
  return {
    names: positionals.length ? positionals : rowNames,
    isQuick,
    repeats: positive('repeats', values.repeats, isQuick ? 1 : 5),
    seconds: positive('seconds', values.seconds, isQuick ? 1 : 4),
    ...(values.against === undefined ? {} : { against: values.against }),
    json: values.json ?? LAST,
    ...(values.chart === undefined ? {} : { chart: values.chart }),
  };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} has to be a whole number above 0`);
  return value;
}
