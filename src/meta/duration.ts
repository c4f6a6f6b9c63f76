import { quote } from './go-quote.ts';

/** Durations as Go reads and writes them: `1h0m0s`, `1.5s`, `300ms` (time.ParseDuration, time.Duration.String). */

/** Nanoseconds of each unit. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const MAX = 2n ** 63n;

/** Nanoseconds, or what is wrong with the text in Go's words. Fractions are cut off at the nanosecond. */
export function parseDuration(text: string): bigint | { error: string } {
  const bad = { error: `time: invalid duration ${quote(text)}` };
  let rest = text;
  const negative = rest.startsWith('-');
  if (negative || rest.startsWith('+')) rest = rest.slice(1);
  if (rest === '0') return 0n;
  if (rest === '') return bad;
  let total = 0n;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)!;
    const [matched, whole = '', fraction = ''] = number;
    if (whole === '' && fraction === '') return bad;
    rest = rest.slice(matched.length);
    const name = /^[^.\d]*/.exec(rest)![0];
    if (name === '') return { error: `time: missing unit in duration ${quote(text)}` };
    const unit = Object.hasOwn(UNITS, name) ? UNITS[name]! : undefined;
    if (unit === undefined) return { error: `time: unknown unit ${quote(name)} in duration ${quote(text)}` };
    rest = rest.slice(name.length);
    const size = BigInt(unit);
    total += BigInt(whole || '0') * size;
    if (fraction !== '') total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
    if (total > MAX) return bad;
  }
  if (negative) return -total;
  return total === MAX ? bad : total;
}

/** Milliseconds, or undefined where the text is no duration. For configuration and query parameters. */
export function durationMilliseconds(text: string): number | undefined {
  const nanos = parseDuration(text);
  return typeof nanos === 'bigint' ? Number(nanos) / 1e6 : undefined;
}

/** Nanoseconds as Go prints them: `0s`, `1.5ms`, `1h0m0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1_000_000_000n) {
    const [unit, power] = size < 1000n ? ['ns', 0] : size < 1_000_000n ? ['µs', 3] : ['ms', 6];
    return `${sign}${decimal(size, power as number)}${unit}`;
  }
  const seconds = size / 1_000_000_000n;
  const rest = size % 60_000_000_000n;
  const minutes = seconds / 60n;
  if (minutes === 0n) return `${sign}${decimal(rest, 9)}s`;
  if (minutes < 60n) return `${sign}${minutes}m${decimal(rest, 9)}s`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${decimal(rest, 9)}s`;
}

function decimal(value: bigint, power: number): string {
  const text = String(value).padStart(power + 1, '0');
  const whole = text.slice(0, text.length - power);
  const fraction = text.slice(text.length - power).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
