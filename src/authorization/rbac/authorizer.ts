import type { AuthorizationVerdict } from '../../explain/verdict.ts';
import { aggregateText } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import type { UserInfo } from '../../meta/user.ts';
import type {
  AuthorizationAttributes,
  Authorizer,
  NonResourceRule,
  ResourceRule,
  RuleResolver,
} from '../authorizer.ts';
import type { Grant, Holdings, MissingRole, RbacPolicy } from './policy.ts';
import { RBAC_GROUP } from './rule.ts';
import type { HeldRule } from './rule-index.ts';

const NO_RULE: AuthorizationVerdict = {
  decision: 'noOpinion',
  by: 'RBAC',
  code: 'RBAC_NO_RULE',
  facts: {},
  reason: '',
};

/** Allows what a rule of a role bound to the caller allows; never denies (plugin/pkg/auth/authorizer/rbac/rbac.go). */
export class RbacAuthorizer implements Authorizer, RuleResolver {
  readonly name = 'RBAC';
  readonly policy: RbacPolicy;
  /** Verdicts are made once for a rule held; they are the same for every request it allows. */
  readonly #allowed = new WeakMap<HeldRule<Grant>, AuthorizationVerdict>();

  constructor(policy: RbacPolicy) {
    this.policy = policy;
  }

  authorize(asked: AuthorizationAttributes): AuthorizationVerdict {
    const cluster = this.policy.clusterHoldings(asked.user);
    let held = cluster.index.find(asked);
    let local: Holdings | undefined;
    if (!held && asked.namespace !== '') {
      local = this.policy.namespaceHoldings(asked.user, asked.namespace);
      held = local.index.find(asked);
    }
    if (!held) return refused(local ? [...cluster.missing, ...local.missing] : cluster.missing);
    let verdict = this.#allowed.get(held);
    if (verdict) return verdict;
    verdict = allowed(held);
    this.#allowed.set(held, verdict);
    return verdict;
  }

  rulesFor(user: UserInfo, namespace: string): ReturnType<RuleResolver['rulesFor']> {
    const { rules, missing } = this.policy.rulesFor(user, namespace);
    const resourceRules: ResourceRule[] = [];
    const nonResourceRules: NonResourceRule[] = [];
    for (const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } of rules) {
      if (resources.length) resourceRules.push({ verbs, apiGroups, resources, resourceNames });
      if (nonResourceURLs.length) nonResourceRules.push({ verbs, nonResourceURLs });
    }
    return {
      resourceRules,
      nonResourceRules,
      incomplete: false,
      ...(missing.length ? { error: aggregateText(missing.map(missingRoleText)) } : {}),
    };
  }
}

function allowed({ rule, grant }: HeldRule<Grant>): AuthorizationVerdict {
  const { kind, namespace, name, roleRef } = grant.binding;
  const { subject } = grant;
  return {
    decision: 'allow',
    by: 'RBAC',
    code: 'RBAC_ALLOWED',
    facts: {
      binding: { kind, namespace, name },
      role: { kind: roleRef.kind, namespace: roleRef.kind === 'Role' ? namespace : '', name: roleRef.name },
      subject: { kind: subject.kind, name: subject.name, ...subjectNamespace(grant) },
      rule: rule.source,
    },
    reason: `RBAC: allowed by ${grantText(grant)}`,
  };
}

function subjectNamespace({ binding, subject }: Grant): { namespace?: string } {
  return subject.kind === 'ServiceAccount' ? { namespace: subject.namespace || binding.namespace } : {};
}

/** A grant in kube-apiserver's words: `RoleBinding "b/ns" of Role "r" to ServiceAccount "sa/ns"`. */
export function grantText(grant: Grant): string {
  const { kind, namespace, name, roleRef } = grant.binding;
  const { subject } = grant;
  const whose =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subjectNamespace(grant).namespace}` : subject.name;
  const binding = namespace === '' ? name : `${name}/${namespace}`;
  return `${kind} ${quote(binding)} of ${roleRef.kind} ${quote(roleRef.name)} to ${subject.kind} ${quote(whose)}`;
}

function refused(missing: readonly MissingRole[]): AuthorizationVerdict {
  if (missing.length === 0) return NO_RULE;
  return {
    ...NO_RULE,
    facts: {
      missing: missing.map(({ roleRef, binding: { kind, namespace, name } }) => ({
        roleRef,
        binding: { kind, namespace, name },
      })),
    },
    reason: `RBAC: ${aggregateText(missing.map(missingRoleText))}`,
  };
}

/** What resolving a binding's role says where there is none, by kube-apiserver's informers. */
export function missingRoleText({ roleRef: { kind, name } }: MissingRole): string {
  if (kind !== 'Role' && kind !== 'ClusterRole') return `unsupported role reference kind: ${quote(kind)}`;
  return `${kind.toLowerCase()}.${RBAC_GROUP} ${quote(name)} not found`;
}
