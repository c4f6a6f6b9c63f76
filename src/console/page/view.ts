import type { Filter } from './filter.ts';
import type { Records } from './records.ts';
import type { Session } from './session.ts';

/** What views share while somebody is signed in. */
export interface Context {
  session: Session;
  records: Records;
  /** What the list of requests shows; kept from view to view. */
  filter: Filter;
  /** While paused the list stands still. */
  paused: boolean;
}

/** One page of the console. */
export interface View {
  title: string;
  element: HTMLElement;
  /** Takes a key that no field wants; false: it means nothing here. */
  key?(key: string): boolean;
  /** Ends what goes on while it is shown. */
  dispose?(): void;
}

/** The address of a view; parts may hold anything. */
export const address = (...parts: readonly string[]): string =>
  `#/${parts.map(encodeURIComponent).join('/')}`;

/** What an address asks for: `['requests', ID]`. */
export function addressed(hash: string): string[] {
  try {
    return hash
      .replace(/^#\/?/, '')
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return [];
  }
}
