import type { Fix } from './fix.ts';

/** A request that asks to be made as somebody else, and may not be for a reason that no right would mend. */
export const impersonationFix = (refused: string): Fix => ({
  what: `it cannot be made as somebody else: ${refused}`,
  fix: 'send Impersonate-User with a name, and groups, uid and extra only beside it; or leave all of them out',
});
