import { pathAttributes, resourceAttributes } from '../attributes.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import { bindingOf } from '../rbac/policy.ts';
import { rulesOf } from '../rbac/role-rules.ts';
import { type PolicyRule, type RoleRef, ruleAllows } from '../rbac/rule.ts';
import type { RbacSource } from '../rbac/source.ts';
import { type RightRow, resolvedSubject } from './types.ts';

/** What is asked of everybody: a path, or a resource in one namespace, in any of them, or at cluster scope. */
export type Question =
  | { verb: string; path: string }
  | {
      verb: string;
      group: string;
      resource: string;
      subresource: string;
      name: string;
      /** Empty: at cluster scope, or in all namespaces at once. `*`: in any namespace, each by itself. */
      namespace: string;
    };

const NOBODY = { name: '', groups: [] };

/**
 * Everybody who may do something, by RBAC, in the order of bindings; somebody with several bindings is there for each.
 * system:masters may do everything besides.
 */
export function whoCan(source: RbacSource, question: Question): RightRow[] {
  const attributes = attributesOf(question);
  const answers = new Map<string, PolicyRule | undefined>();
  const allowing = (roleRef: RoleRef, namespace: string): PolicyRule | undefined => {
    const key = `${roleRef.kind}/${roleRef.kind === 'Role' ? namespace : ''}/${roleRef.name}`;
    if (!answers.has(key))
      answers.set(
        key,
        rulesOf(source, roleRef, namespace)?.find((rule) => ruleAllows(rule, attributes)),
      );
    return answers.get(key);
  };
  const rows: RightRow[] = [];
  for (const object of bindings(source, question)) {
    const { kind, namespace, name, roleRef, subjects } = bindingOf(object);
    const rule = allowing(roleRef, namespace);
    if (!rule) continue;
    for (const subject of subjects) {
      rows.push({
        subject: resolvedSubject(subject, namespace),
        namespace,
        binding: { kind, namespace, name },
        role: roleRef,
        rule,
      });
    }
  }
  return rows;
}

function attributesOf(question: Question): AuthorizationAttributes {
  if ('path' in question) return pathAttributes(NOBODY, question.verb, question.path);
  return resourceAttributes(NOBODY, question);
}

function bindings(source: RbacSource, question: Question): ReturnType<RbacSource['rolebindings']['list']> {
  const everywhere = source.clusterrolebindings.list();
  if ('path' in question || question.namespace === '') return everywhere;
  return [
    ...everywhere,
    ...source.rolebindings.list(question.namespace === '*' ? undefined : question.namespace),
  ];
}
