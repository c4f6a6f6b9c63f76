import type { RbacSource } from '../../authorization/rbac/source.ts';
import { escalationRank, escalationsOf } from '../../authorization/rights/escalations.ts';
import { rightsOf } from '../../authorization/rights/rights-of.ts';
import type { RightRow } from '../../authorization/rights/types.ts';
import { MASTERS, type UserInfo } from '../../meta/user.ts';
import { bindingCell, roleCell } from '../rbac-output.ts';
import type { Severity } from './finding.ts';

/** The most that somebody may do. */
export interface WorstRight {
  severity: Severity;
  /** An escalation's code, `RIGHTS` for rights by which nobody rises, `NONE` for none. */
  code: string;
  /** What it is: `do everything, everywhere`. */
  words: string;
  /** The binding and role it comes through; absent where it comes by a group alone. */
  through?: string;
}

/** Whoever holds one of these everywhere has the cluster, at once or by one more step. */
const WHOLE = new Set(['EVERYTHING', 'ESCALATE', 'BIND', 'IMPERSONATE']);

export function severityOf(code: string, namespace: string): Severity {
  if (namespace === '') return WHOLE.has(code) ? 'critical' : 'high';
  // In kube-system stand the accounts of those who run the cluster.
  return namespace === 'kube-system' ? 'high' : 'medium';
}

export const scopeWords = (namespace: string): string =>
  namespace === '' ? 'everywhere' : `in namespace ${namespace}`;

/** The worst of what RBAC gives somebody, what everybody has included. */
export function worstRight(source: RbacSource, user: UserInfo): WorstRight {
  if (user.groups.includes(MASTERS))
    return {
      severity: 'critical',
      code: 'EVERYTHING',
      words: `do everything, everywhere, as one of ${MASTERS}: no policy can take that away`,
    };
  const { rows } = rightsOf(source, user);
  let worst: { row: RightRow; code: string; words: string } | undefined;
  for (const row of rows) {
    for (const { code, words } of escalationsOf(row.rule)) {
      if (worst && !isWorse(code, row.namespace, worst.code, worst.row.namespace)) continue;
      worst = { row, code, words };
    }
  }
  if (worst) {
    const { row, code, words } = worst;
    return {
      severity: severityOf(code, row.namespace),
      code,
      words: `${words}, ${scopeWords(row.namespace)}`,
      through: `${bindingCell(row)} of ${roleCell(row)}`,
    };
  }
  const own = rows.filter(({ subject }) => subject.kind !== 'Group' || !subject.name.startsWith('system:'));
  return own.length
    ? {
        severity: 'low',
        code: 'RIGHTS',
        words: `do what ${own.length} rules allow, none of which leads to more`,
      }
    : { severity: 'low', code: 'NONE', words: 'do no more than everybody' };
}

function isWorse(code: string, namespace: string, than: string, there: string): boolean {
  const order = ['critical', 'high', 'medium', 'low'];
  const [a, b] = [order.indexOf(severityOf(code, namespace)), order.indexOf(severityOf(than, there))];
  if (a !== b) return a < b;
  return escalationRank(code) < escalationRank(than);
}
