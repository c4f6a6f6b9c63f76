import type { Binding } from '../rbac/policy.ts';
import type { PolicyRule, RoleRef, Subject } from '../rbac/rule.ts';

/** Through which binding and role somebody has a right. */
export interface Chain {
  binding: Pick<Binding, 'kind' | 'namespace' | 'name'>;
  role: RoleRef;
}

/** A right of one subject, with the way it comes about. */
export interface RightRow extends Chain {
  subject: Subject;
  /** Where it holds; empty: everywhere, and at cluster scope. */
  namespace: string;
  rule: PolicyRule;
}

/** `User jane`, `ServiceAccount ns/name`: a subject in one word, the same for the same one. */
export function subjectText(subject: Subject): string {
  return subject.kind === 'ServiceAccount'
    ? `ServiceAccount ${subject.namespace ?? ''}/${subject.name}`
    : `${subject.kind} ${subject.name}`;
}

/** A binding's subject with the namespace that its binding lends a ServiceAccount. */
export function resolvedSubject(subject: Subject, bindingNamespace: string): Subject {
  const { kind, name } = subject;
  return kind === 'ServiceAccount'
    ? { kind, name, namespace: subject.namespace || bindingNamespace }
    : { kind, name };
}
