import type { AuthorizationAttributes } from '../authorizer.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule; absent lists are empty. */
export interface PolicyRule {
  verbs: readonly string[];
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
}

export interface Subject {
  kind: string;
  apiGroup?: string;
  name: string;
  namespace?: string;
}

export interface RoleRef {
  apiGroup?: string;
  kind: string;
  name: string;
}

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const ALL = '*';

const NONE: readonly string[] = [];

/** What a rule says of one request, of what a resource request asks for without its resource (see `RuleIndex`). */
export interface CompiledRule {
  source: PolicyRule;
  allVerbs: boolean;
  verbs: ReadonlySet<string>;
  allGroups: boolean;
  groups: ReadonlySet<string>;
  resources: readonly string[];
  /** Absent where every name will do. */
  names: ReadonlySet<string> | undefined;
  urls: ReadonlySet<string>;
  /** What stands before the trailing stars of `nonResourceURLs`. */
  urlPrefixes: readonly string[];
}

/** Takes a rule apart once, so that asking it is a few look-ups (pkg/apis/rbac/v1/evaluation_helpers.go). */
export function compileRule(source: PolicyRule): CompiledRule {
  const urls = source.nonResourceURLs ?? NONE;
  const verbs = source.verbs ?? NONE;
  const groups = source.apiGroups ?? NONE;
  return {
    source,
    allVerbs: verbs.includes(ALL),
    verbs: new Set(verbs),
    allGroups: groups.includes(ALL),
    groups: new Set(groups),
    resources: source.resources ?? NONE,
    names: source.resourceNames?.length ? new Set(source.resourceNames) : undefined,
    urls: new Set(urls),
    urlPrefixes: urls.filter((url) => url.endsWith(ALL)).map((url) => url.replace(/\*+$/, '')),
  };
}

/** Verb, group and name; the resource is the caller's to look at. */
export function allowsRest(rule: CompiledRule, asked: AuthorizationAttributes): boolean {
  return (
    (rule.allVerbs || rule.verbs.has(asked.verb)) &&
    (rule.allGroups || rule.groups.has(asked.apiGroup)) &&
    (rule.names === undefined || rule.names.has(asked.name))
  );
}

export function allowsPath(rule: CompiledRule, asked: AuthorizationAttributes): boolean {
  if (!rule.allVerbs && !rule.verbs.has(asked.verb)) return false;
  if (rule.urls.has(asked.path)) return true;
  for (const prefix of rule.urlPrefixes) if (asked.path.startsWith(prefix)) return true;
  return false;
}

/** `pods` or `pods/log`, as rules write it. */
export function combinedResource(asked: Pick<AuthorizationAttributes, 'resource' | 'subresource'>): string {
  return asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`;
}

/** Whether one rule alone allows a request. For many rules of one caller use `RuleIndex`. */
export function ruleAllows(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  const compiled = compileRule(rule);
  if (!asked.isResourceRequest) return allowsPath(compiled, asked);
  if (!allowsRest(compiled, asked)) return false;
  return resourceMatches(compiled.resources, asked);
}

export function resourceMatches(
  resources: readonly string[],
  asked: Pick<AuthorizationAttributes, 'resource' | 'subresource'>,
): boolean {
  const combined = combinedResource(asked);
  return resources.some(
    (r) => r === ALL || r === combined || (asked.subresource !== '' && r === `*/${asked.subresource}`),
  );
}
