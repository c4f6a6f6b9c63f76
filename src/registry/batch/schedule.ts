import { parseDuration } from '../../meta/duration.ts';
import { quote } from '../../meta/go-quote.ts';
import { isTimeZone } from './time-zone.ts';

/** Schedules of CronJobs: five fields or a descriptor, with the words of robfig/cron for what is wrong. */

interface Bounds {
  min: number;
  max: number;
  names?: Readonly<Record<string, number>>;
}

const numbered = (names: string, from: number): Record<string, number> =>
  Object.fromEntries(names.split(' ').map((name, i) => [name, i + from]));

const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: numbered('jan feb mar apr may jun jul aug sep oct nov dec', 1) },
  { min: 0, max: 6, names: numbered('sun mon tue wed thu fri sat', 0) },
];

const DESCRIPTORS = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]);
const EVERY = '@every ';

class Refused extends Error {}

/** What is wrong with a schedule; undefined where nothing is. */
export function cronScheduleFault(schedule: string): string | undefined {
  try {
    check(schedule);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return undefined;
}

function check(schedule: string): void {
  let rest = schedule;
  if (rest === '') throw new Refused('empty spec string');
  if (rest.startsWith('TZ=') || rest.startsWith('CRON_TZ=')) {
    const space = rest.indexOf(' ');
    if (space < 0)
      throw new Refused('invalid schedule format: runtime error: slice bounds out of range [:-1]');
    const zone = rest.slice(rest.indexOf('=') + 1, space);
    if (!isTimeZone(zone)) throw new Refused(`provided bad location ${zone}: unknown time zone ${zone}`);
    rest = rest.slice(space).trim();
  }
  if (rest.startsWith('@')) {
    checkDescriptor(rest);
    return;
  }
  const fields = rest.split(/[\t\n\v\f\r \u0085\u00a0]+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length)
    throw new Refused(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  fields.forEach((field, i) => {
    for (const range of field.split(',')) if (range !== '') checkRange(range, FIELDS[i]!);
  });
}

function checkDescriptor(text: string): void {
  if (DESCRIPTORS.has(text)) return;
  if (!text.startsWith(EVERY)) throw new Refused(`unrecognized descriptor: ${text}`);
  const duration = parseDuration(text.slice(EVERY.length));
  if (typeof duration === 'object') throw new Refused(`failed to parse duration ${text}: ${duration.error}`);
}

function checkRange(text: string, bounds: Bounds): void {
  const steps = text.split('/');
  const ends = steps[0]!.split('-');
  let start = bounds.min;
  let end = bounds.max;
  if (ends[0] !== '*' && ends[0] !== '?') {
    start = number(ends[0]!, bounds.names);
    end = start;
    if (ends.length === 2) end = number(ends[1]!, bounds.names);
    else if (ends.length > 2) throw new Refused(`too many hyphens: ${text}`);
  }
  let step = 1;
  if (steps.length === 2) {
    step = number(steps[1]!);
    // `N/step` runs from N to the end.
    if (ends.length === 1) end = bounds.max;
  } else if (steps.length > 2) throw new Refused(`too many slashes: ${text}`);
  if (start < bounds.min)
    throw new Refused(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) throw new Refused(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw new Refused(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Refused(`step of range should be a positive number: ${text}`);
}

function number(text: string, names?: Readonly<Record<string, number>>): number {
  const named = names && Object.hasOwn(names, text.toLowerCase()) ? names[text.toLowerCase()] : undefined;
  if (named !== undefined) return named;
  if (!/^[+-]?[0-9]+$/.test(text))
    throw new Refused(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: invalid syntax`,
    );
  const n = Number(text);
  if (n > 2 ** 63 - 1 || n < -(2 ** 63))
    throw new Refused(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: value out of range`,
    );
  if (n < 0) throw new Refused(`negative number (${n}) not allowed: ${text}`);
  return n;
}
