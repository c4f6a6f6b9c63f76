import { type FunctionDecl, member } from '../declarations.ts';
import { type ClockParts, clockParts } from '../time.ts';
import { DURATION, INT, STRING, TIMESTAMP } from '../types.ts';
import { type CelDuration, CelError, type CelTimestamp, type CelValue, int, intOf } from '../values.ts';

type Part = (parts: ClockParts) => number;

function ofTime(name: string, id: string, part: Part, withZone = `${id}_with_tz`): FunctionDecl {
  const read = (time: CelValue, zone: string): CelValue => {
    const parts = clockParts(time as CelTimestamp, zone);
    return parts instanceof CelError ? parts : int(part(parts));
  };
  return {
    name,
    overloads: [
      member(id, [TIMESTAMP], INT, (time) => read(time!, 'UTC')),
      member(withZone, [TIMESTAMP, STRING], INT, (time, zone) => read(time!, zone as string)),
    ],
  };
}

function ofBoth(base: FunctionDecl, id: string, nanos: bigint): FunctionDecl {
  const whole = member(id, [DURATION], INT, (d) => intOf((d as CelDuration).nanos / nanos));
  return { ...base, overloads: [...base.overloads, whole] };
}

/** Parts of timestamps (UTC unless a zone is named) and whole units of durations. */
export const TIME_FUNCTIONS: readonly FunctionDecl[] = [
  ofTime('getFullYear', 'timestamp_to_year', (p) => p.year),
  ofTime('getMonth', 'timestamp_to_month', (p) => p.month),
  ofTime('getDayOfYear', 'timestamp_to_day_of_year', (p) => p.yearDay),
  ofTime('getDayOfMonth', 'timestamp_to_day_of_month', (p) => p.day - 1),
  ofTime('getDate', 'timestamp_to_day_of_month_1_based', (p) => p.day),
  ofTime('getDayOfWeek', 'timestamp_to_day_of_week', (p) => p.weekday),
  ofBoth(
    ofTime('getHours', 'timestamp_to_hours', (p) => p.hour),
    'duration_to_hours',
    3_600_000_000_000n,
  ),
  ofBoth(
    ofTime('getMinutes', 'timestamp_to_minutes', (p) => p.minute),
    'duration_to_minutes',
    60_000_000_000n,
  ),
  ofBoth(
    ofTime('getSeconds', 'timestamp_to_seconds', (p) => p.second, 'timestamp_to_seconds_tz'),
    'duration_to_seconds',
    1_000_000_000n,
  ),
  ofBoth(
    ofTime('getMilliseconds', 'timestamp_to_milliseconds', (p) => p.millisecond),
    'duration_to_milliseconds',
    1_000_000n,
  ),
];
