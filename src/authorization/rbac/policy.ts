import type { KubeObject } from '../../meta/object.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { ObjectChange } from '../../registry/lister.ts';
import { roleOf } from './role-rules.ts';
import { type CompiledRule, compileRule, type PolicyRule, type RoleRef, type Subject } from './rule.ts';
import { type HeldRule, RuleIndex } from './rule-index.ts';
import type { RbacSource } from './source.ts';

/** A binding as decisions need it. */
export interface Binding {
  kind: 'ClusterRoleBinding' | 'RoleBinding';
  /** Empty for a ClusterRoleBinding. */
  namespace: string;
  name: string;
  roleRef: RoleRef;
  subjects: readonly Subject[];
}

/** Through which binding, and as which of its subjects, somebody holds a role. */
export interface Grant {
  binding: Binding;
  subject: Subject;
}

/** A binding that gives nothing because its role is not there. */
export interface MissingRole {
  binding: Binding;
  roleRef: RoleRef;
}

/** What one caller holds at cluster scope, or in one namespace through its RoleBindings. */
export interface Holdings {
  index: RuleIndex<Grant>;
  missing: readonly MissingRole[];
}

/** Bindings of one scope, found by subject. */
class BindingTable {
  readonly #byName = new Map<string, Binding>();
  readonly #bySubject = new Map<string, Set<Binding>>();
  /** Grows with every change that may alter what somebody holds here. */
  epoch = 0;

  set(binding: Binding): void {
    this.delete(binding.name);
    this.#byName.set(binding.name, binding);
    for (const key of keysOf(binding)) {
      const bindings = this.#bySubject.get(key);
      if (bindings) bindings.add(binding);
      else this.#bySubject.set(key, new Set([binding]));
    }
    this.epoch++;
  }

  delete(name: string): void {
    const binding = this.#byName.get(name);
    if (!binding) return;
    this.#byName.delete(name);
    for (const key of keysOf(binding)) {
      const bindings = this.#bySubject.get(key);
      bindings?.delete(binding);
      if (bindings?.size === 0) this.#bySubject.delete(key);
    }
    this.epoch++;
  }

  /** The caller's bindings by name, each with the first of its subjects that is the caller. */
  grants(user: UserInfo): Grant[] {
    const found = new Set<Binding>(this.#bySubject.get(userKey(user.name)));
    for (const group of user.groups) for (const b of this.#bySubject.get(groupKey(group)) ?? []) found.add(b);
    const grants: Grant[] = [];
    for (const binding of found) {
      const subject = binding.subjects.find((s) => isSubject(user, s, binding.namespace));
      if (subject) grants.push({ binding, subject });
    }
    return grants.sort((a, b) => (a.binding.name < b.binding.name ? -1 : 1));
  }
}

/** Per caller: what was found out, and as of which changes. */
interface Remembered {
  cluster: Dated | undefined;
  namespaces: Map<string, Dated>;
}

type Dated = Holdings & { epoch: number; rolesEpoch: number };

const CALLERS = 4096;
const NAMESPACES_OF_A_CALLER = 256;
const NOTHING: Holdings = { index: new RuleIndex([]), missing: [] };

/**
 * RBAC's objects, compiled and found by subject. Follows its source; asking it costs what the caller's own bindings
 * cost, once until something changes that may concern them.
 */
export class RbacPolicy {
  readonly #source: RbacSource;
  readonly #cluster = new BindingTable();
  readonly #namespaces = new Map<string, BindingTable>();
  readonly #compiled = new WeakMap<KubeObject, readonly CompiledRule[]>();
  readonly #byUser = new WeakMap<UserInfo, Remembered>();
  readonly #byKey = new Map<string, Remembered>();
  #clusterRolesEpoch = 0;
  readonly #stops: (() => void)[] = [];

  constructor(source: RbacSource) {
    this.#source = source;
    this.#stops.push(
      source.clusterrolebindings.onChange((change) => this.#bindingChanged(change)),
      source.rolebindings.onChange((change) => this.#bindingChanged(change)),
      source.clusterroles.onChange(() => this.#clusterRolesEpoch++),
      source.roles.onChange(({ object }) => this.#table(object.metadata.namespace ?? '').epoch++),
    );
    for (const object of source.clusterrolebindings.list()) this.#cluster.set(bindingOf(object));
    for (const object of source.rolebindings.list())
      this.#table(object.metadata.namespace ?? '').set(bindingOf(object));
  }

  /** Stops following the source. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** What ClusterRoleBindings give the caller, everywhere. */
  clusterHoldings(user: UserInfo): Holdings {
    const remembered = this.#of(user);
    const known = remembered.cluster;
    if (known && this.#isCurrent(known, this.#cluster)) return known;
    const fresh = this.#resolve(this.#cluster, user);
    remembered.cluster = fresh;
    return fresh;
  }

  /** What a namespace's RoleBindings give the caller there. */
  namespaceHoldings(user: UserInfo, namespace: string): Holdings {
    const table = this.#namespaces.get(namespace);
    if (!table) return NOTHING;
    const remembered = this.#of(user).namespaces;
    const known = remembered.get(namespace);
    if (known && this.#isCurrent(known, table)) return known;
    if (remembered.size >= NAMESPACES_OF_A_CALLER) remembered.delete(remembered.keys().next().value!);
    const fresh = this.#resolve(table, user);
    remembered.set(namespace, fresh);
    return fresh;
  }

  /** Every rule the caller holds in a namespace, cluster-wide ones first; those at cluster scope where it is empty. */
  rulesFor(user: UserInfo, namespace: string): { rules: PolicyRule[]; missing: MissingRole[] } {
    const scopes = [
      this.clusterHoldings(user),
      ...(namespace ? [this.namespaceHoldings(user, namespace)] : []),
    ];
    return {
      rules: scopes.flatMap((s) => s.index.rules.map((held) => held.rule.source)),
      missing: scopes.flatMap((s) => s.missing),
    };
  }

  /** The rules of the role that a binding in `namespace` refers to; undefined where there is none. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#rules(roleRef, namespace)?.map((rule) => rule.source);
  }

  #rules(roleRef: RoleRef, namespace: string): readonly CompiledRule[] | undefined {
    const role = roleOf(this.#source, roleRef, namespace);
    if (!role) return undefined;
    let rules = this.#compiled.get(role);
    if (!rules) {
      rules = ((role['rules'] ?? []) as PolicyRule[]).map(compileRule);
      this.#compiled.set(role, rules);
    }
    return rules;
  }

  #isCurrent(known: Dated, table: BindingTable): boolean {
    return known.epoch === table.epoch && known.rolesEpoch === this.#clusterRolesEpoch;
  }

  #resolve(table: BindingTable, user: UserInfo): Dated {
    const held: HeldRule<Grant>[] = [];
    const missing: MissingRole[] = [];
    for (const grant of table.grants(user)) {
      const { roleRef, namespace } = grant.binding;
      const rules = this.#rules(roleRef, namespace);
      if (rules) for (const rule of rules) held.push({ order: held.length, rule, grant });
      else missing.push({ binding: grant.binding, roleRef });
    }
    return { index: new RuleIndex(held), missing, epoch: table.epoch, rolesEpoch: this.#clusterRolesEpoch };
  }

  #of(user: UserInfo): Remembered {
    let remembered = this.#byUser.get(user);
    if (remembered) return remembered;
    const key = [user.name, ...user.groups].join('\0');
    remembered = this.#byKey.get(key);
    if (!remembered) {
      remembered = { cluster: undefined, namespaces: new Map() };
      if (this.#byKey.size >= CALLERS) this.#byKey.delete(this.#byKey.keys().next().value!);
      this.#byKey.set(key, remembered);
    }
    this.#byUser.set(user, remembered);
    return remembered;
  }

  #table(namespace: string): BindingTable {
    let table = this.#namespaces.get(namespace);
    if (table) return table;
    table = new BindingTable();
    this.#namespaces.set(namespace, table);
    return table;
  }

  #bindingChanged(change: ObjectChange): void {
    const binding = bindingOf(change.object);
    const table = binding.namespace === '' ? this.#cluster : this.#table(binding.namespace);
    if (change.type === 'DELETED') table.delete(binding.name);
    else table.set(binding);
  }
}

export function bindingOf(object: KubeObject): Binding {
  const namespace = object.metadata.namespace ?? '';
  return {
    kind: namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding',
    namespace,
    name: object.metadata.name ?? '',
    roleRef: object['roleRef'] ?? { kind: '', name: '' },
    subjects: object['subjects'] ?? [],
  };
}

/** Whether a binding's subject is this caller (pkg/registry/rbac/validation/rule.go, appliesToUser). */
export function isSubject(user: UserInfo, subject: Subject, bindingNamespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return user.name === subject.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const namespace = subject.namespace || bindingNamespace;
      return namespace !== '' && user.name === serviceAccountName(namespace, subject.name);
    }
    default:
      return false;
  }
}

export const serviceAccountName = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

const userKey = (name: string): string => `u${name}`;
const groupKey = (name: string): string => `g${name}`;

function keysOf(binding: Binding): Set<string> {
  const keys = new Set<string>();
  for (const subject of binding.subjects) {
    if (subject.kind === 'User') keys.add(userKey(subject.name));
    else if (subject.kind === 'Group') keys.add(groupKey(subject.name));
    else if (subject.kind === 'ServiceAccount') {
      const namespace = subject.namespace || binding.namespace;
      if (namespace !== '') keys.add(userKey(serviceAccountName(namespace, subject.name)));
    }
  }
  return keys;
}
