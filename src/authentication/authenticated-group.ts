import type { AuthenticationVerdict } from '../explain/verdict.ts';
import { ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED } from '../meta/user.ts';

const grouped = new WeakMap<AuthenticationVerdict, AuthenticationVerdict>();

/**
 * Puts `system:authenticated` behind the groups of who was recognised, unless the groups settle that already or the name
 * is `system:anonymous` (apiserver pkg/authentication/group/authenticated_group_adder.go). The same verdict gives the
 * same answer, so that remembered verdicts cost nothing here.
 */
export function withAuthenticatedGroup(verdict: AuthenticationVerdict): AuthenticationVerdict {
  if (verdict.verdict !== 'authenticated') return verdict;
  const { user } = verdict;
  if (
    user.name === ANONYMOUS ||
    user.groups.includes(AUTHENTICATED) ||
    user.groups.includes(UNAUTHENTICATED)
  ) {
    return verdict;
  }
  let made = grouped.get(verdict);
  if (!made) {
    made = { ...verdict, user: { ...user, groups: [...user.groups, AUTHENTICATED] } };
    grouped.set(verdict, made);
  }
  return made;
}
