import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';

/** For options that may be repeated. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** Claims as a flag gives them: JSON, or a file with it behind an @. Throws an Error. */
export function claimsOf(
  given: string,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Record<string, unknown> {
  const text = given.startsWith('@') ? read(given.slice(1)) : given;
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    throw new Error('--claims is no JSON');
  }
  if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
    return claims as Record<string, unknown>;
  throw new Error('--claims has to be a JSON object');
}

/** Milliseconds since 1970. */
export function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('a time is written as 2026-11-21T08:14:00Z');
  return time;
}
