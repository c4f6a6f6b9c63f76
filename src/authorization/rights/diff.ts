import { breakDown, compact, covers } from '../rbac/covers.ts';
import { bindingOf } from '../rbac/policy.ts';
import { rulesOf } from '../rbac/role-rules.ts';
import type { PolicyRule, Subject } from '../rbac/rule.ts';
import type { RbacSource } from '../rbac/source.ts';
import { type Escalation, escalationsOf } from './escalations.ts';
import { type Chain, resolvedSubject, subjectText } from './types.ts';

/** Rights that one subject gains or loses in one scope through one binding. */
export interface RightsChange extends Chain {
  change: 'gained' | 'lost';
  subject: Subject;
  /** Empty: everywhere, and at cluster scope. */
  namespace: string;
  rules: readonly PolicyRule[];
  /** How gained rights let their holder rise; empty for lost ones. */
  escalations: readonly Escalation[];
}

/** What somebody holds through one binding. */
export interface Held extends Chain {
  namespace: string;
  rules: readonly PolicyRule[];
}

/** Somebody, with all that bindings give him by name. */
export interface Holder {
  subject: Subject;
  held: Held[];
}

/**
 * What somebody may do after a change and could not before, and the other way round. Compared are rights and not rules:
 * rules written otherwise that come to the same are no change, nor is a right that now comes through another binding.
 */
export function diffRights(before: RbacSource, after: RbacSource): RightsChange[] {
  const old = holders(before);
  const now = holders(after);
  const changes: RightsChange[] = [];
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    changes.push(
      ...onlyIn(now.get(key), old.get(key), 'gained'),
      ...onlyIn(old.get(key), now.get(key), 'lost'),
    );
  }
  return changes;
}

/** Everybody whom a binding names, by `subjectText`. */
export function holders(source: RbacSource): Map<string, Holder> {
  const found = new Map<string, Holder>();
  for (const object of [...source.clusterrolebindings.list(), ...source.rolebindings.list()]) {
    const { kind, namespace, name, roleRef, subjects } = bindingOf(object);
    const rules = rulesOf(source, roleRef, namespace) ?? [];
    for (const one of subjects) {
      const subject = resolvedSubject(one, namespace);
      const key = subjectText(subject);
      let holder = found.get(key);
      if (!holder) {
        holder = { subject, held: [] };
        found.set(key, holder);
      }
      holder.held.push({ namespace, rules, binding: { kind, namespace, name }, role: roleRef });
    }
  }
  return found;
}

function onlyIn(
  holder: Holder | undefined,
  other: Holder | undefined,
  change: 'gained' | 'lost',
): RightsChange[] {
  const changes: RightsChange[] = [];
  for (const { namespace, rules, binding, role } of holder?.held ?? []) {
    // What holds everywhere holds in every namespace, and not the other way round.
    const elsewhere = (other?.held ?? [])
      .filter((h) => h.namespace === '' || h.namespace === namespace)
      .flatMap((h) => h.rules);
    const parts = rules.flatMap(breakDown).filter((part) => !elsewhere.some((rule) => covers(rule, part)));
    if (parts.length === 0) continue;
    const joined = compact(parts);
    const escalations = change === 'gained' ? distinct(joined.flatMap(escalationsOf)) : [];
    changes.push({ change, subject: holder!.subject, namespace, binding, role, rules: joined, escalations });
  }
  return changes;
}

const distinct = (found: readonly Escalation[]): Escalation[] => [
  ...new Map(found.map((e) => [e.code, e])).values(),
];
