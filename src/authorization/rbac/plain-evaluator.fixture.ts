import type { KubeObject } from '../../meta/object.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import type { Subject } from './rule.ts';

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/**
 * RBAC read off its documentation, with no thought for speed: every binding, every subject, every rule in turn. The
 * measure for the one that is indexed. Says which rule of which binding allows.
 */
export function plainly(objects: readonly KubeObject[], asked: AuthorizationAttributes): string | undefined {
  const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name! < b.metadata.name! ? -1 : 1);
  const cluster = objects.filter((o) => o.kind === 'ClusterRoleBinding').sort(byName);
  const local = objects
    .filter(
      (o) => o.kind === 'RoleBinding' && asked.namespace !== '' && o.metadata.namespace === asked.namespace,
    )
    .sort(byName);
  for (const binding of [...cluster, ...local]) {
    if (!((binding['subjects'] ?? []) as Subject[]).some((subject) => isCaller(subject, binding, asked)))
      continue;
    const role = objects.find(
      (o) =>
        o.kind === binding['roleRef'].kind &&
        o.metadata.name === binding['roleRef'].name &&
        (o.metadata.namespace ?? '') === (o.kind === 'Role' ? (binding.metadata.namespace ?? '') : ''),
    );
    const at = ((role?.['rules'] ?? []) as Rule[]).findIndex((rule) => allows(rule, asked));
    if (at >= 0) return `${binding.kind}/${binding.metadata.namespace ?? ''}/${binding.metadata.name}#${at}`;
  }
  return undefined;
}

function isCaller(subject: Subject, binding: KubeObject, { user }: AuthorizationAttributes): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  const namespace = subject.namespace || binding.metadata.namespace || '';
  return namespace !== '' && user.name === `system:serviceaccount:${namespace}:${subject.name}`;
}

function allows(rule: Rule, asked: AuthorizationAttributes): boolean {
  const has = (list: string[] | undefined, value: string): boolean =>
    (list ?? []).some((item) => item === '*' || item === value);
  if (!has(rule.verbs, asked.verb)) return false;
  if (!asked.isResourceRequest) {
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === asked.path || (url.endsWith('*') && asked.path.startsWith(url.slice(0, -1))),
    );
  }
  const full = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  const fits = (rule.resources ?? []).some(
    (r) => r === '*' || r === full || (asked.subresource !== '' && r === `*/${asked.subresource}`),
  );
  const names = rule.resourceNames ?? [];
  return fits && has(rule.apiGroups, asked.apiGroup) && (names.length === 0 || names.includes(asked.name));
}
