import { InvalidArgumentError } from 'commander';
import { durationMilliseconds } from '../../meta/duration.ts';

const DAY_MS = 86_400_000;

/** A length of time for people: Go's form, and days before it (`30d`, `1d12h`). Milliseconds. */
export function spanMilliseconds(text: string): number | undefined {
  const match = /^(?:(\d+(?:\.\d+)?)d)?(.*)$/.exec(text.trim());
  const [, days, rest] = match ?? [];
  if (days === undefined && !rest) return undefined;
  const ms = rest ? durationMilliseconds(rest) : 0;
  if (ms === undefined || ms < 0) return undefined;
  const sum = Number(days ?? 0) * DAY_MS + ms;
  return Number.isFinite(sum) ? sum : undefined;
}

/** For commander. */
export function spanArgument(text: string): number {
  const ms = spanMilliseconds(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError('a length of time is written 30d, 12h or 1d12h');
  // Certificates say their end as a date of four digits (RFC 5280 4.1.2.5).
  if (ms > 100 * 365 * DAY_MS) throw new InvalidArgumentError('a hundred years are the most');
  return ms;
}
