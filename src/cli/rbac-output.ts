import type { PolicyRule } from '../authorization/rbac/rule.ts';
import type { Chain } from '../authorization/rights/types.ts';

/** Columns as kubectl aligns them: three blanks between, none at the end. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('   ')
      .trimEnd();
  return `${[header, ...rows].map(line).join('\n')}\n`;
}

/** A rule in one cell: `get,list pods,secrets.apps [name]`. */
export function ruleCell(rule: PolicyRule): string {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (nonResourceURLs.length) return `${verbs.join(',')} ${nonResourceURLs.join(',')}`;
  const groups = apiGroups.map((group) => (group === '' ? '' : `.${group}`));
  const names = resourceNames.length ? ` [${resourceNames.join(',')}]` : '';
  return `${verbs.join(',')} ${resources.flatMap((r) => groups.map((g) => `${r}${g}`)).join(',')}${names}`;
}

export function bindingCell({ binding: { kind, namespace, name } }: Chain): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export const roleCell = ({ role }: Chain): string => `${role.kind} ${role.name}`;

export const scopeCell = (namespace: string): string => (namespace === '' ? '(everywhere)' : namespace);
