import type { AuthenticationVerdict } from '../explain/verdict.ts';
import type { Lister } from '../registry/lister.ts';

/** The refusal of a ServiceAccount's session whose account has gone, or is another one of the same name. */
export function missingAccount(
  verdict: AuthenticationVerdict,
  accounts: Pick<Lister, 'get'>,
): AuthenticationVerdict | undefined {
  if (verdict.verdict !== 'authenticated') return undefined;
  const { user } = verdict;
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user.name);
  // Whoever is impersonated has no uid of an account, and need not exist.
  if (!match || !user.uid) return undefined;
  const [, namespace = '', name = ''] = match;
  const account = accounts.get(namespace, name);
  if (!account)
    return { verdict: 'refused', by: 'console', code: 'SA_ACCOUNT_NOT_FOUND', facts: { namespace, name } };
  const uid = account.metadata.uid ?? '';
  if (uid === user.uid) return undefined;
  const facts = { namespace, name, uid, claimed: user.uid };
  return { verdict: 'refused', by: 'console', code: 'SA_ACCOUNT_UID', facts };
}
