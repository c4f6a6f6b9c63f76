import { deepEqual } from '../../meta/deep-equal.ts';
import { aggregateText } from '../../meta/field-error.ts';
import { quote, quoteList } from '../../meta/go-quote.ts';
import { type KubeObject, qualified } from '../../meta/object.ts';
import { forbiddenError, notFoundError, type StatusError, unknownError } from '../../meta/status.ts';
import { MASTERS, type UserInfo } from '../../meta/user.ts';
import type { AuthorizationAttributes } from '../authorizer.ts';
import type { AuthorizationChain } from '../chain.ts';
import { compact, ruleText, uncovered } from './covers.ts';
import type { RbacPolicy } from './policy.ts';
import { type PolicyRule, RBAC_GROUP, type RoleRef } from './rule.ts';
import type { RbacResource } from './source.ts';

/** A write of one of RBAC's kinds, behind mutating admission and before validation. */
export interface RbacWrite {
  user: UserInfo;
  resource: RbacResource;
  /** The request's; empty at cluster scope. */
  namespace: string;
  /** The name in the request's path, so empty on a create. */
  requestName: string;
  object: KubeObject;
  /** The object as it is stored; absent on a create, also by PUT. */
  old?: KubeObject | undefined;
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Keeps callers from granting more than they hold (pkg/registry/rbac/<kind>/policybased/storage.go). Roles need all
 * their rules held, or verb `escalate`; bindings all rules of their role, or verb `bind` on it.
 */
export class EscalationGuard {
  readonly #chain: Pick<AuthorizationChain, 'authorize'>;
  readonly #policy: RbacPolicy;

  constructor(chain: Pick<AuthorizationChain, 'authorize'>, policy: RbacPolicy) {
    this.#chain = chain;
    this.#policy = policy;
  }

  /** The answer that refuses the write; undefined where it may go on. */
  async check(write: RbacWrite): Promise<StatusError | undefined> {
    const { user, resource } = write;
    if (user.groups.includes(MASTERS)) return undefined;
    return resource === 'roles' || resource === 'clusterroles'
      ? this.#checkRole(write)
      : this.#checkBinding(write);
  }

  async #checkRole(write: RbacWrite): Promise<StatusError | undefined> {
    const { user, resource, namespace, requestName, object, old } = write;
    if (
      await this.#may({ user, verb: 'escalate', group: RBAC_GROUP, resource, namespace, name: requestName })
    )
      return undefined;
    if (old && changesOnlyGarbageCollection(object, old)) return undefined;
    const refuse = (why: string): StatusError =>
      forbiddenError({ group: RBAC_GROUP, resource }, object.metadata.name ?? '', why);
    const why = this.#notHeld(write, object['rules'] ?? []);
    if (why !== undefined) return refuse(why);
    const aggregates =
      resource === 'clusterroles' && (isAggregated(object) || (old !== undefined && isAggregated(old)));
    if (aggregates && this.#notHeld(write, EVERYTHING) !== undefined)
      return refuse('must have cluster-admin privileges to use the aggregationRule');
    return undefined;
  }

  async #checkBinding(write: RbacWrite): Promise<StatusError | undefined> {
    const { user, resource, namespace, object, old } = write;
    if (old && changesOnlyGarbageCollection(object, old)) return undefined;
    const roleRef: RoleRef = object['roleRef'] ?? { kind: '', name: '' };
    const roles =
      roleRef.kind === 'ClusterRole' ? 'clusterroles' : roleRef.kind === 'Role' ? 'roles' : undefined;
    const group = roleRef.apiGroup ?? '';
    if (
      roles &&
      (await this.#may({ user, verb: 'bind', group, resource: roles, namespace, name: roleRef.name }))
    )
      return undefined;
    if (!roles) return unknownError(`unsupported role reference kind: ${quote(roleRef.kind)}`);
    const rules = this.#policy.rulesOfRole(roleRef, namespace);
    if (!rules) return notFoundError({ group: RBAC_GROUP, resource }, roleRef.name);
    const why = this.#notHeld(write, rules);
    return why === undefined
      ? undefined
      : forbiddenError({ group: RBAC_GROUP, resource }, object.metadata.name ?? '', why);
  }

  async #may(asked: {
    user: UserInfo;
    verb: string;
    group: string;
    resource: string;
    namespace: string;
    name: string;
  }): Promise<boolean> {
    const { user, verb, group, resource, namespace, name } = asked;
    const attributes: AuthorizationAttributes = {
      user,
      verb,
      isResourceRequest: true,
      namespace,
      apiGroup: group,
      apiVersion: '*',
      resource,
      subresource: '',
      name,
      path: '',
    };
    return (await this.#chain.authorize(attributes)).decision === 'allow';
  }

  /** What is missing to the caller of these rules, in words; undefined where nothing is. */
  #notHeld({ user, namespace, resource }: RbacWrite, wanted: readonly PolicyRule[]): string | undefined {
    const { rules, missing } = this.#policy.rulesFor(user, namespace);
    const lacking = uncovered(rules, wanted);
    if (lacking.length === 0) return undefined;
    const lines = [...new Set(compact(lacking).map(ruleText))].sort();
    // kube-apiserver reads roles through the registry here, which words a role that is not there by the request's resource.
    const errors = missing.map(
      ({ roleRef }) => `${qualified({ group: RBAC_GROUP, resource })} ${quote(roleRef.name)} not found`,
    );
    return (
      `user ${quote(user.name)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n` +
      lines.join('\n') +
      (errors.length ? `; resolution errors: [${aggregateText(errors)}]` : '')
    );
  }
}

function isAggregated(role: KubeObject): boolean {
  return (role['aggregationRule']?.clusterRoleSelectors ?? []).length > 0;
}

/** Whether all that changes are the fields by which the garbage collector works. */
function changesOnlyGarbageCollection(object: KubeObject, old: KubeObject): boolean {
  const { ownerReferences, finalizers, selfLink, managedFields, ...metadata } = object.metadata;
  const { ownerReferences: o, finalizers: f, selfLink: s, managedFields: m, ...oldMetadata } = old.metadata;
  return deepEqual({ ...object, metadata }, { ...old, metadata: oldMetadata });
}
