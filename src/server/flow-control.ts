import type { KubeObject } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';
import type { Lister } from '../registry/lister.ts';
import type { RequestInfo } from '../request/request-info.ts';

/** Which FlowSchema a request falls under, and the priority level that it leads to. */
export interface Flow {
  schema: string;
  schemaUid: string;
  level: string;
  levelUid: string;
}

interface CompiledSchema {
  name: string;
  uid: string;
  level: string;
  rules: readonly CompiledRule[];
}

interface CompiledRule {
  users: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  /** Prefixes of user names: every ServiceAccount of a namespace. */
  accountPrefixes: readonly string[];
  resources: readonly ResourceRule[];
  paths: readonly { verbs: ReadonlySet<string>; urls: readonly string[] }[];
}

interface ResourceRule {
  verbs: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  resources: ReadonlySet<string>;
  clusterScope: boolean;
  namespaces: ReadonlySet<string>;
}

const has = (set: ReadonlySet<string>, value: string): boolean => set.has('*') || set.has(value);

/**
 * Sorts requests into flows by FlowSchemas, the lowest matchingPrecedence first, then by name (flowcontrol.apiserver.k8s.io;
 * apiserver pkg/util/flowcontrol). Compiled anew when a schema or level changes.
 */
export class FlowClassifier {
  readonly #schemas: Lister;
  readonly #levels: Lister;
  #compiled: readonly CompiledSchema[] | undefined;
  readonly #stops: (() => void)[];

  constructor(schemas: Lister, levels: Lister) {
    this.#schemas = schemas;
    this.#levels = levels;
    const stale = (): void => {
      this.#compiled = undefined;
    };
    this.#stops = [schemas.onChange(stale), levels.onChange(stale)];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** Undefined while the catch-all schema is not there yet. */
  classify(user: UserInfo, info: RequestInfo): Flow | undefined {
    this.#compiled ??= this.#compile();
    for (const schema of this.#compiled) {
      if (!schema.rules.some((rule) => isAbout(rule, user) && isAsked(rule, info))) continue;
      const level = this.#levels.get('', schema.level);
      return {
        schema: schema.name,
        schemaUid: schema.uid,
        level: schema.level,
        levelUid: level?.metadata.uid ?? '',
      };
    }
    return undefined;
  }

  #compile(): CompiledSchema[] {
    const order = (object: KubeObject): number => object['spec']?.matchingPrecedence ?? 1000;
    return this.#schemas
      .list()
      .sort((a, b) => order(a) - order(b) || (a.metadata.name! < b.metadata.name! ? -1 : 1))
      .map((object) => ({
        name: object.metadata.name!,
        uid: object.metadata.uid!,
        level: object['spec']?.priorityLevelConfiguration?.name ?? '',
        rules: (object['spec']?.rules ?? []).map(compileRule),
      }));
  }
}

function compileRule(rule: Record<string, any>): CompiledRule {
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
    paths: (rule['nonResourceRules'] ?? []).map((r: Record<string, any>) => ({
      verbs: set(r['verbs']),
      urls: r['nonResourceURLs'] ?? [],
    })),
  };
}

function isAbout(rule: CompiledRule, user: UserInfo): boolean {
  if (has(rule.users, user.name) || rule.groups.has('*')) return true;
  if (user.groups.some((group) => rule.groups.has(group))) return true;
  return rule.accountPrefixes.some((prefix) => user.name.startsWith(prefix));
}

function isAsked(rule: CompiledRule, info: RequestInfo): boolean {
  if (!info.isResourceRequest) {
    return rule.paths.some(
      ({ verbs, urls }) =>
        has(verbs, info.verb) &&
        urls.some(
          (url) =>
            url === '*' ||
            url === info.path ||
            (url.endsWith('/*') && info.path.startsWith(url.slice(0, -1))),
        ),
    );
  }
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return rule.resources.some(
    (r) =>
      has(r.verbs, info.verb) &&
      has(r.groups, info.apiGroup) &&
      has(r.resources, resource) &&
      (info.namespace === '' ? r.clusterScope : has(r.namespaces, info.namespace)),
  );
}
