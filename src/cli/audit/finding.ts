import { table } from '../rbac-output.ts';

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that an audit found. */
export interface Finding {
  /** The context, or the folder, that it was found in. */
  cluster: string;
  severity: Severity;
  /** Stable, in capitals. */
  code: string;
  /** Who or what holds it. */
  who: string;
  /** What is wrong with it, for people. */
  what: string;
  /** What to do. */
  fix: string;
  /** More facts, by name. */
  facts?: Readonly<Record<string, unknown>>;
}

/** What could not be looked at. */
export interface Unseen {
  cluster: string;
  why: string;
}

export interface AuditReport {
  clusters: string[];
  findings: Finding[];
  unseen: Unseen[];
}

/** The worst first; those of one cluster together. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => rank(a.severity) - rank(b.severity) || compare(a.cluster, b.cluster) || compare(a.who, b.who),
  );
}

export const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A table: what was found, and below it what to do, each advice once. */
export function reportText({ clusters, findings, unseen }: AuditReport, nothing: string): string {
  const several = clusters.length > 1;
  const rows = findings.map(({ cluster, severity, code, who, what }) => [
    ...(several ? [cluster] : []),
    severity.toUpperCase(),
    code,
    who,
    what,
  ]);
  const header = [...(several ? ['CLUSTER'] : []), 'SEVERITY', 'FINDING', 'WHO', 'WHAT'];
  const fixes = new Map<string, string[]>();
  for (const { fix, who } of findings) fixes.set(fix, [...(fixes.get(fix) ?? []), who]);
  const parts = [findings.length ? table(header, rows) : `${nothing}\n`];
  if (fixes.size) {
    parts.push('\nWhat to do:\n');
    for (const [fix, of] of fixes) parts.push(`- ${named(of)}: ${fix}\n`);
  }
  for (const { cluster, why } of unseen) parts.push(`\nNot looked at: ${cluster}: ${why}\n`);
  return parts.join('');
}

const named = (who: readonly string[]): string => {
  const distinct = [...new Set(who)];
  return distinct.length > 3
    ? `${distinct.slice(0, 3).join(', ')} and ${distinct.length - 3} more`
    : distinct.join(', ');
};
