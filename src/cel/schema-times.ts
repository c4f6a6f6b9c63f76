import { error } from './errors.ts';
import { inTimestampRange, parseDuration, parseTimestamp } from './time.ts';
import { CelDuration, CelError, CelTimestamp, type CelValue, MAX_INT64 } from './values.ts';

/** Times and durations as strings of a schema's formats, which are looser than CEL's own (kube-openapi pkg/validation/strfmt). */

const HOUR = 3_600_000_000_000n;
/** Units with their short names, and the word that longer names begin with. */
const UNITS: readonly { short: readonly string[]; long: string; nanos: bigint }[] = [
  { short: ['ns'], long: 'nano', nanos: 1n },
  { short: ['us', 'µs'], long: 'micro', nanos: 1_000n },
  { short: ['ms'], long: 'milli', nanos: 1_000_000n },
  { short: ['s'], long: 'sec', nanos: 1_000_000_000n },
  { short: ['m'], long: 'min', nanos: 60_000_000_000n },
  { short: ['h', 'hr'], long: 'hour', nanos: HOUR },
  { short: ['d'], long: 'day', nanos: 24n * HOUR },
  { short: ['w', 'wk'], long: 'week', nanos: 168n * HOUR },
];

/** A duration: Go's notation, or numbers with units as words (`2 days 3 hours`). */
export function parseSchemaDuration(text: string): CelValue {
  const plain = parseDuration(text);
  if (plain) return plain;
  const wrong = error(`Invalid duration ${text}: unable to parse ${text} as duration`);
  if (text.length > 256 || !/^\s*(?:[0-9]+\s*[A-Za-zµ]+\s*)+$/.test(text)) return wrong;
  let total = 0n;
  let found = false;
  for (const [, count, word] of text.matchAll(/([0-9]+)\s*([A-Za-zµ]+)/g)) {
    const name = word!.toLowerCase();
    for (const unit of UNITS) {
      if (!unit.short.includes(name) && !name.startsWith(unit.long)) continue;
      found = true;
      total += BigInt(count!) * unit.nanos;
    }
  }
  return found && total <= MAX_INT64 ? new CelDuration(total) : wrong;
}

/** A date: midnight in UTC. */
export function parseSchemaDate(text: string): CelValue {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined;
  return time instanceof CelTimestamp
    ? time
    : error(
        `Invalid date formatted string ${text}: parsing time "${text}" as "2006-01-02": cannot parse "${text}" as "2006"`,
      );
}

/** A time: RFC 3339, with the T and the Z in either case, or without a zone, which then is UTC. */
export function parseSchemaDateTime(text: string): CelValue {
  const normal = text.replace(/^([0-9-]+)[tT]/, '$1T').replace(/z$/, 'Z');
  const zoned = /(?:Z|[+-][0-9]{2}:?[0-9]{2})$/.test(normal.slice(10)) ? normal : `${normal}Z`;
  const time = parseTimestamp(zoned.replace(/([+-][0-9]{2})([0-9]{2})$/, '$1:$2'));
  if (time instanceof CelError) return time;
  if (time && inTimestampRange(time.seconds)) return time;
  return error(
    `Invalid date-time formatted string ${text}: parsing time "${text}" as "2006-01-02T15:04:05.000Z": cannot parse`,
  );
}
