import type { UserInfo } from '../../meta/user.ts';
import type { RequestSummary } from '../request-summary.ts';

/** A refusal in plain words: what failed, and what would make it work. */
export interface Fix {
  what: string;
  fix: string;
  /** The commands in `fix`, each by itself, for a shell to take. */
  commands?: readonly string[];
}

/** What is known of a refused request beside the verdict's own facts. */
export interface FixContext {
  request: RequestSummary;
  /** Whom the request was made as, where that is known. */
  user?: UserInfo | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

/** By verdict code. A text alone is the remedy, to stand behind the code's own words. */
export type Fixes = Readonly<Record<string, (facts: any, context: FixContext) => string | Fix>>;
