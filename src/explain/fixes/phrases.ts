import { AUTHENTICATED, UNAUTHENTICATED, type UserInfo } from '../../meta/user.ts';

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** A span of time in its largest unit: `3 hours`. */
export function span(ms: number): string {
  for (const [unit, name] of UNITS) {
    const count = Math.floor(Math.abs(ms) / unit);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}

/** Milliseconds since 1970 as `2026-11-21 08:14 UTC`. */
export function at(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${ms} ms since 1970`;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `expired 3 hours ago (2026-11-21 08:14 UTC)`; without a time, `has no time of expiry`. */
export const expired = (when: number | undefined, now: number): string =>
  when === undefined ? 'has no time of expiry' : `expired ${span(now - when)} ago (${at(when)})`;

export const notYet = (when: number, now: number): string =>
  `is good only in ${span(when - now)} (${at(when)})`;

const MAX_NAMED = 5;

/** `a, b or c`; the rest is counted where there are many. */
export function either(items: readonly string[] = [], word = 'or'): string {
  if (items.length === 0) return 'none';
  if (items.length > MAX_NAMED)
    return `${items.slice(0, MAX_NAMED).join(', ')} and ${items.length - MAX_NAMED} more`;
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}

const ACCOUNT = 'system:serviceaccount:';
/** Groups that follow from the name. */
const ACCOUNT_GROUPS = /^system:serviceaccounts(:|$)/;

/** The user with his groups but those everybody of that sort is in: `jane (developers)`. */
export function who(user: UserInfo | undefined): string {
  if (!user) return 'the caller';
  const isAccount = user.name.startsWith(ACCOUNT);
  const groups = user.groups.filter(
    (group) =>
      group !== AUTHENTICATED && group !== UNAUTHENTICATED && !(isAccount && ACCOUNT_GROUPS.test(group)),
  );
  const name = /^\S+$/.test(user.name) ? user.name : JSON.stringify(user.name);
  return groups.length ? `${name} (${either(groups, 'and')})` : name;
}

/** A word for a shell to take as it is: nobody's name may run as a command. */
export function shellWord(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not reach a terminal
  const clean = text.replace(/[\x00-\x1f\x7f]/g, '');
  return /^[\w.:@%/=+,-]+$/.test(clean) ? clean : `'${clean.replaceAll("'", "'\\''")}'`;
}
