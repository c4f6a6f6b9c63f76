import type { KubeObject } from '../../meta/object.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { RequestInfo } from '../../request/request-info.ts';

/** What tells flows of one FlowSchema from each other. */
export type Distinguisher = 'ByUser' | 'ByNamespace' | undefined;

/** A FlowSchema, read once for all requests. */
export interface CompiledSchema {
  name: string;
  uid: string;
  /** The PriorityLevelConfiguration it leads to. */
  level: string;
  distinguisher: Distinguisher;
}

interface Rule {
  schema: number;
  users: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  /** Prefixes of user names: every ServiceAccount of a namespace. */
  accountPrefixes: readonly string[];
  resources: readonly ResourceRule[];
  paths: readonly { verbs: ReadonlySet<string>; all: boolean; exact: string[]; prefixes: string[] }[];
}

interface ResourceRule {
  verbs: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  resources: ReadonlySet<string>;
  clusterScope: boolean;
  namespaces: ReadonlySet<string>;
}

const has = (set: ReadonlySet<string>, value: string): boolean => set.has('*') || set.has(value);

const MOST_USERS = 10_000;

/**
 * Sorts requests into flows by FlowSchemas: the lowest matchingPrecedence first, then by name (apiserver
 * pkg/util/flowcontrol/rule.go). Which rules are about a user is looked up once for each user.
 */
export class FlowSchemas {
  readonly schemas: readonly CompiledSchema[];
  readonly #rules: readonly Rule[];
  readonly #byUser = new Map<string, { groups: readonly string[]; rules: readonly Rule[] }>();

  /** `levels`: those that are there; schemas that lead to others are left out. */
  constructor(objects: readonly KubeObject[], levels: ReadonlySet<string>) {
    const order = (object: KubeObject): number => object['spec']?.matchingPrecedence ?? 1000;
    const sorted = objects
      .filter((object) => levels.has(levelOf(object)))
      .sort((a, b) => order(a) - order(b) || (a.metadata.name! < b.metadata.name! ? -1 : 1));
    this.schemas = sorted.map((object) => ({
      name: object.metadata.name!,
      uid: object.metadata.uid ?? '',
      level: levelOf(object),
      distinguisher: object['spec']?.distinguisherMethod?.type as Distinguisher,
    }));
    this.#rules = sorted.flatMap((object, index) =>
      (object['spec']?.rules ?? []).map((rule: Record<string, any>) => compileRule(rule, index)),
    );
  }

  /** The index of the schema in `schemas`; -1 where none matches. */
  match(user: UserInfo, info: RequestInfo): number {
    for (const rule of this.#rulesFor(user)) if (isAsked(rule, info)) return rule.schema;
    return -1;
  }

  #rulesFor(user: UserInfo): readonly Rule[] {
    const known = this.#byUser.get(user.name);
    if (known && sameTexts(known.groups, user.groups)) return known.rules;
    if (this.#byUser.size >= MOST_USERS) this.#byUser.clear();
    const rules = this.#rules.filter((rule) => isAbout(rule, user));
    this.#byUser.set(user.name, { groups: user.groups, rules });
    return rules;
  }
}

const levelOf = (object: KubeObject): string => object['spec']?.priorityLevelConfiguration?.name ?? '';

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function compileRule(rule: Record<string, any>, schema: number): Rule {
  const users = new Set<string>();
  const groups = new Set<string>();
  const accountPrefixes: string[] = [];
  for (const subject of rule['subjects'] ?? []) {
    if (subject.kind === 'User') users.add(subject.user?.name);
    else if (subject.kind === 'Group') groups.add(subject.group?.name);
    else if (subject.kind === 'ServiceAccount') {
      const { namespace, name } = subject.serviceAccount ?? {};
      if (name === '*') accountPrefixes.push(`system:serviceaccount:${namespace}:`);
      else users.add(`system:serviceaccount:${namespace}:${name}`);
    }
  }
  const set = (list: string[] | undefined): Set<string> => new Set(list ?? []);
  return {
    schema,
    users,
    groups,
    accountPrefixes,
    resources: (rule['resourceRules'] ?? []).map((r: Record<string, any>) => ({
      verbs: set(r['verbs']),
      groups: set(r['apiGroups']),
      resources: set(r['resources']),
      clusterScope: r['clusterScope'] === true,
      namespaces: set(r['namespaces']),
    })),
    paths: (rule['nonResourceRules'] ?? []).map((r: Record<string, any>) => {
      const urls: string[] = r['nonResourceURLs'] ?? [];
      return {
        verbs: set(r['verbs']),
        all: urls.includes('*'),
        exact: urls,
        // A path stands for those below it too, whether it ends with /* or not.
        prefixes: urls.map((url) => url.replace(/\*$/, '').replace(/\/?$/, '/')),
      };
    }),
  };
}

function isAbout(rule: Rule, user: UserInfo): boolean {
  if (has(rule.users, user.name) || rule.groups.has('*')) return true;
  if (user.groups.some((group) => rule.groups.has(group))) return true;
  return rule.accountPrefixes.some((prefix) => user.name.startsWith(prefix));
}

function isAsked(rule: Rule, info: RequestInfo): boolean {
  if (!info.isResourceRequest) {
    for (const { verbs, all, exact, prefixes } of rule.paths) {
      if (!has(verbs, info.verb)) continue;
      if (all || exact.includes(info.path) || prefixes.some((prefix) => info.path.startsWith(prefix)))
        return true;
    }
    return false;
  }
  for (const r of rule.resources) {
    if (!has(r.verbs, info.verb) || !has(r.groups, info.apiGroup)) continue;
    if (info.namespace === '' ? !r.clusterScope : !has(r.namespaces, info.namespace)) continue;
    if (r.resources.has('*')) return true;
    if (r.resources.has(info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`))
      return true;
  }
  return false;
}
