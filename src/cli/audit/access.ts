import type { Command } from 'commander';
import { bootstrapObjects } from '../../authorization/rbac/bootstrap.ts';
import { bindingOf } from '../../authorization/rbac/policy.ts';
import type { RbacSource } from '../../authorization/rbac/source.ts';
import { type Held, type Holder, holders } from '../../authorization/rights/diff.ts';
import { type Escalation, escalationRank, escalationsOf } from '../../authorization/rights/escalations.ts';
import { resolvedSubject, subjectText } from '../../authorization/rights/types.ts';
import { ANONYMOUS, AUTHENTICATED, MASTERS, UNAUTHENTICATED } from '../../meta/user.ts';
import { guarded, type Terminal } from '../certs/terminal.ts';
import { bindingCell, roleCell, ruleCell } from '../rbac-output.ts';
import {
  certificateFindings,
  certificatesIn,
  certificatesOfRequests,
  type FoundClient,
} from './certificates.ts';
import { type AuditedCluster, type AuditFlags, runAudit, withAuditFlags } from './clusters.ts';
import type { Finding, Severity } from './finding.ts';
import { scopeWords, severityOf } from './worst-right.ts';

interface AccessFlags extends AuditFlags {
  certificates?: string[];
  all?: boolean;
}

/** `sallyport audit access`: who has the cluster in his hand, by name, by group, by certificate, or with no name at all. */
export function registerAccess(audit: Command, terminal: Terminal, now: () => number = Date.now): void {
  withAuditFlags(
    audit
      .command('access')
      .description(
        'who may do everything or can come by it, whose certificates say so, and what those may do whom nobody knows',
      ),
  )
    .option('--certificates <paths...>', 'certificates to judge too: PEM files, kubeconfigs, folders of them')
    .option('--all', "also what Kubernetes' own components hold by its default bindings")
    .action((flags: AccessFlags) =>
      guarded(terminal, async () => {
        const given = (flags.certificates ?? []).flatMap(certificatesIn);
        return runAudit(
          flags,
          terminal,
          (cluster) => accessFindings(cluster, { given, all: flags.all === true, now: now() }),
          'Nobody holds more than the defaults give.',
        );
      }),
    );
}

export interface AccessOptions {
  given: readonly FoundClient[];
  /** Whether default bindings count too. */
  all: boolean;
  /** Milliseconds since 1970. */
  now: number;
}

export async function accessFindings(
  cluster: AuditedCluster,
  { given, all, now }: AccessOptions,
): Promise<Finding[]> {
  const { name, source } = cluster;
  const requests = certificatesOfRequests(await cluster.objects('certificateRequests'));
  return [
    ...subjectFindings(name, source, all),
    ...certificateFindings(name, source, [...requests, ...given], now),
  ];
}

const UNKNOWN = new Set([`User ${ANONYMOUS}`, `Group ${UNAUTHENTICATED}`]);
const EVERYBODY = new Set([`Group ${AUTHENTICATED}`, 'Group system:serviceaccounts']);

function subjectFindings(cluster: string, source: RbacSource, all: boolean): Finding[] {
  const isDefault = all ? () => false : defaultBindings();
  const findings: Finding[] = [];
  for (const [key, holder] of holders(source)) {
    const own = holder.held.filter((held) => !isDefault(key, held));
    for (const held of own) {
      const found = judged(cluster, key, holder, held);
      if (found) findings.push(found);
    }
  }
  return findings;
}

function judged(cluster: string, who: string, { subject }: Holder, held: Held): Finding | undefined {
  const escalations = distinct(held.rules.flatMap(escalationsOf));
  const worst = escalations[0];
  const open = UNKNOWN.has(who) ? 'ANONYMOUS' : EVERYBODY.has(who) ? 'EVERYBODY' : undefined;
  if (!worst && !open) return undefined;
  const through = `${bindingCell(held)} of ${roleCell(held)}`;
  const scope = scopeWords(held.namespace);
  const masters = subject.kind === 'Group' && subject.name === MASTERS;
  const severity: Severity =
    open === 'ANONYMOUS'
      ? worst
        ? 'critical'
        : 'high'
      : open === 'EVERYBODY'
        ? worst
          ? 'critical'
          : 'medium'
        : severityOf(worst!.code, held.namespace);
  const may = worst
    ? `${escalations.map(({ words }) => words).join('; ')}, ${scope}`
    : `${rulesText(held)}, ${scope}`;
  const whom = {
    ANONYMOUS: 'whoever reaches the server, without credentials, may',
    EVERYBODY: 'everybody who is known at all may',
  };
  return {
    cluster,
    severity,
    code: open ? `${open}_RIGHTS` : masters ? 'MASTERS' : worst!.code,
    who,
    what: `${open ? whom[open] : 'may'} ${may} (${through})`,
    fix: fixOf(held, open, worst),
    facts: { namespace: held.namespace, binding: held.binding, role: held.role, escalations },
  };
}

const SHOWN_RULES = 2;

function rulesText({ rules }: Held): string {
  const more = rules.length > SHOWN_RULES ? ` and ${rules.length - SHOWN_RULES} rules more` : '';
  return `${rules.slice(0, SHOWN_RULES).map(ruleCell).join('; ')}${more}`;
}

function fixOf(
  held: Held,
  open: 'ANONYMOUS' | 'EVERYBODY' | undefined,
  worst: Escalation | undefined,
): string {
  const { kind, namespace, name } = held.binding;
  const object = `${kind.toLowerCase()} ${name}${namespace === '' ? '' : ` -n ${namespace}`}`;
  if (open === 'ANONYMOUS')
    return `kubectl delete ${object}; --anonymous-auth=false, or anonymous.conditions of an AuthenticationConfiguration, keep such callers out altogether`;
  if (open === 'EVERYBODY') return `kubectl delete ${object}, and bind its role to those who need it`;
  if (worst?.code === 'EVERYTHING')
    return `bind a role with what is needed instead (sallyport rights of shows what there is), and keep one break-glass access: kubectl delete ${object}`;
  if (worst?.code === 'PODS' || worst?.code === 'SECRETS' || worst?.code === 'EXEC')
    return `keep powerful ServiceAccounts out of the namespaces where that is allowed, or narrow ${held.role.kind} ${held.role.name}`;
  return `take the right out of ${held.role.kind} ${held.role.name}, or limit it by resourceNames`;
}

const distinct = (found: readonly Escalation[]): Escalation[] =>
  [...new Map(found.map((one) => [one.code, one])).values()].sort(
    (a, b) => escalationRank(a.code) - escalationRank(b.code),
  );

/** Whether a binding is one that every cluster has, to a subject that it has there. */
function defaultBindings(): (who: string, held: Held) => boolean {
  const known = new Set<string>();
  for (const object of [...bootstrapObjects('clusterrolebindings'), ...bootstrapObjects('rolebindings')]) {
    const { kind, namespace, name, roleRef, subjects } = bindingOf(object);
    for (const subject of subjects)
      known.add(
        `${kind}/${namespace}/${name} ${roleRef.name} ${subjectText(resolvedSubject(subject, namespace))}`,
      );
  }
  return (who, { binding: { kind, namespace, name }, role }) =>
    known.has(`${kind}/${namespace}/${name} ${role.name} ${who}`);
}
