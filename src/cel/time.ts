import { formatF } from './go-float.ts';
import { CelDuration, CelError, CelTimestamp, MAX_INT64, MIN_INT64 } from './values.ts';

/** Seconds since 1970 of the first and the last second that CEL knows: year 1 and year 9999. */
const MIN_SECONDS = -62135596800;
const MAX_SECONDS = 253402300799;
const SECOND = 1_000_000_000n;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', SECOND],
  ['m', 60n * SECOND],
  ['h', 3600n * SECOND],
]);

/** Whether seconds since 1970 lie within the years 1 to 9999. */
export function inTimestampRange(seconds: number): boolean {
  return seconds >= MIN_SECONDS && seconds <= MAX_SECONDS;
}

/** Reads a duration as Go's time.ParseDuration does (`1h30m`, `-1.5s`, `0`); undefined if it is none. */
export function parseDuration(text: string): CelDuration | undefined {
  const negative = text[0] === '-';
  let rest = negative || text[0] === '+' ? text.slice(1) : text;
  if (rest === '0') return new CelDuration(0n);
  if (rest === '') return undefined;
  let total = 0n;
  const part = /^([0-9]*)(?:\.([0-9]*))?([a-zµμ]+)/;
  while (rest !== '') {
    const found = part.exec(rest);
    if (!found) return undefined;
    const [all, whole, fraction = '', unitName] = found;
    if (whole === '' && fraction === '') return undefined;
    const unit = UNITS.get(unitName!);
    if (unit === undefined || whole!.length > 20 || fraction.length > 1000) return undefined;
    total += BigInt(whole || '0') * unit;
    // What lies below a nanosecond is cut off.
    if (fraction !== '')
      total += (BigInt(fraction.slice(0, 18)) * unit) / 10n ** BigInt(Math.min(fraction.length, 18));
    if (total > MAX_INT64 + 1n) return undefined;
    rest = rest.slice(all!.length);
  }
  const nanos = negative ? -total : total;
  return nanos > MAX_INT64 || nanos < MIN_INT64 ? undefined : new CelDuration(nanos);
}

/** `string(duration)`: seconds without an exponent, `90s`, `1.5s`. */
export function formatDuration(duration: CelDuration): string {
  return `${formatF(durationSeconds(duration))}s`;
}

/** A duration in seconds as the double Go makes of it. */
function durationSeconds(duration: CelDuration): number {
  return Number(duration.nanos / SECOND) + Number(duration.nanos % SECOND) / 1e9;
}

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Reads an RFC 3339 time as Go does; undefined if it is none, an error value beyond the years 1 to 9999. */
export function parseTimestamp(text: string): CelTimestamp | CelError | undefined {
  const found = RFC3339.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as number[];
  if (month! < 1 || month! > 12 || day! < 1 || hour! > 23 || minute! > 59 || second! > 59) return undefined;
  const leap = month === 2 && ((year! % 4 === 0 && year! % 100 !== 0) || year! % 400 === 0);
  if (day! > MONTH_DAYS[month! - 1]! + (leap ? 1 : 0)) return undefined;
  const zone = found[8]!;
  let offset = 0;
  if (zone !== 'Z') {
    const hours = Number(zone.slice(1, 3));
    const minutes = Number(zone.slice(4));
    if (hours > 24 || minutes > 60) return undefined;
    offset = (zone[0] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  const seconds = civilSeconds(year!, month!, day!) + hour! * 3600 + minute! * 60 + second! - offset;
  if (!inTimestampRange(seconds)) return new CelError('timestamp overflow');
  return new CelTimestamp(seconds, Number((found[7] ?? '').slice(0, 9).padEnd(9, '0')), offset);
}

function civilSeconds(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 1000;
}

/** `string(timestamp)`: RFC 3339 with as many decimals as needed, in the zone it was written in. */
export function formatTimestamp(time: CelTimestamp): string {
  const text = new Date((time.seconds + time.offset) * 1000).toISOString();
  const [date, clock] = text.split('T') as [string, string];
  const fraction = time.nanos === 0 ? '' : `.${String(time.nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${date.slice(-10)}T${clock.slice(0, 8)}${fraction}${zoneText(time.offset)}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A timestamp and a duration together; an error value where that leaves the years 1 to 9999. */
export function addDuration(time: CelTimestamp, nanos: bigint): CelTimestamp | CelError {
  const total = BigInt(time.nanos) + nanos;
  let carry = total / SECOND;
  let rest = total % SECOND;
  if (rest < 0n) {
    carry -= 1n;
    rest += SECOND;
  }
  const seconds = time.seconds + Number(carry);
  return inTimestampRange(seconds)
    ? new CelTimestamp(seconds, Number(rest), time.offset)
    : new CelError('timestamp overflow');
}

/** The time between two timestamps. */
export function timeBetween(a: CelTimestamp, b: CelTimestamp): CelDuration | CelError {
  const nanos = BigInt(a.seconds - b.seconds) * SECOND + BigInt(a.nanos - b.nanos);
  return nanos > MAX_INT64 || nanos < MIN_INT64 ? new CelError('integer overflow') : new CelDuration(nanos);
}

/** A timestamp's parts on the clock of a zone. Months, weekdays (from Sunday) and days of the year count from 0. */
export interface ClockParts {
  year: number;
  month: number;
  day: number;
  weekday: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** The parts of a timestamp in a zone: an IANA name, or an offset such as `-02:30`. */
export function clockParts(time: CelTimestamp, zone: string): ClockParts | CelError {
  const offset = zone === '' || zone === 'UTC' ? 0 : zoneOffset(time, zone);
  if (offset instanceof CelError) return offset;
  const date = new Date((time.seconds + offset) * 1000);
  const start = new Date(date.getTime());
  start.setUTCMonth(0, 1);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    yearDay: Math.round((date.getTime() - start.getTime()) / 86_400_000),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: Math.floor(time.nanos / 1_000_000),
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATS = 100;

/** Seconds east of UTC that a zone's clock is at a time. */
function zoneOffset(time: CelTimestamp, zone: string): number | CelError {
  const colon = zone.indexOf(':');
  if (colon >= 0) {
    const hours = wholeNumber(zone.slice(0, colon));
    const minutes = wholeNumber(zone.slice(colon + 1));
    if (hours === undefined || minutes === undefined) {
      const wrong = hours === undefined ? zone.slice(0, colon) : zone.slice(colon + 1);
      return new CelError(`strconv.Atoi: parsing "${wrong}": invalid syntax`);
    }
    return (zone[0] === '-' ? hours * 60 - minutes : hours * 60 + minutes) * 60;
  }
  let format = formats.get(zone);
  if (!format) {
    try {
      // Names must be written as the database has them; Intl would take them in any case.
      if (!/^[A-Z]/.test(zone)) throw new RangeError();
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        era: 'short',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch {
      return new CelError(`unknown time zone ${zone}`);
    }
    if (formats.size >= MAX_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(new Date(time.seconds * 1000))) parts[part.type] = part.value;
  const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year']);
  const local =
    civilSeconds(year, Number(parts['month']), Number(parts['day'])) +
    Number(parts['hour']) * 3600 +
    Number(parts['minute']) * 60 +
    Number(parts['second']);
  return local - time.seconds;
}

function wholeNumber(text: string): number | undefined {
  return /^[+-]?[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}
