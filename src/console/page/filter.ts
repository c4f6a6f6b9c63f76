import type { DecisionRecord } from '../../explain/record.ts';
import { type Door, isOurs, type Outcome, outcomeOf, refusalOf, subjectOf } from './passage.ts';

/** Which requests are shown. Empty parts select nothing away. */
export interface Filter {
  user: string;
  outcome: Outcome | '';
  /** Part of a verb, resource, namespace, name, path or verdict code. */
  what: string;
  door: Door | '';
  /** The console's own requests too. */
  ours: boolean;
}

export const EVERYTHING: Filter = { user: '', outcome: '', what: '', door: '', ours: false };

export const isFiltered = ({ user, outcome, what, door }: Filter): boolean =>
  Boolean(user || outcome || what || door);

/** Words of `user` and `what` all have to be there, in any case. */
export function matches(record: DecisionRecord, filter: Filter): boolean {
  if (!filter.ours && isOurs(record)) return false;
  if (filter.outcome && outcomeOf(record) !== filter.outcome) return false;
  if (filter.door && refusalOf(record)?.door !== filter.door) return false;
  return contains(usersText(record), filter.user) && contains(whatText(record), filter.what);
}

function contains(text: string, sought: string): boolean {
  if (sought === '') return true;
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function usersText({ authentication, impersonation }: DecisionRecord): string {
  return [authentication?.user, impersonation?.user]
    .flatMap((user) => (user ? [user.name, ...user.groups] : []))
    .join(' ')
    .toLowerCase();
}

function whatText(record: DecisionRecord): string {
  const { verb, what } = subjectOf(record);
  const { path, userAgent } = record.request;
  const codes = [
    ...(record.authentication?.asked ?? []),
    ...(record.authorization?.asked ?? []),
    ...(record.admission ?? []),
  ].map(({ code }) => code);
  return `${verb} ${what} ${path} ${userAgent} ${record.status ?? ''} ${record.id} ${codes.join(' ')}`.toLowerCase();
}
