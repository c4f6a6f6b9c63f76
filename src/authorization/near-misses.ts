import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { type GrantNames, grantNames, grantObjects, grantRule } from '../explain/near-miss.ts';
import type { UserInfo } from '../meta/user.ts';
import type { AuthorizationAttributes } from './authorizer.ts';
import { type Binding, bindingOf, type Grant, isSubject } from './rbac/policy.ts';
import { rulesOf } from './rbac/role-rules.ts';
import {
  allowsPath,
  combinedResource,
  compileRule,
  type PolicyRule,
  type RoleRef,
  resourceMatches,
  type Subject,
} from './rbac/rule.ts';
import type { RbacSource } from './rbac/source.ts';

/** One thing in which a rule that nearly allows a request differs from it. */
export interface Difference {
  part: 'namespace' | 'verb' | 'apiGroup' | 'resource' | 'name' | 'path' | 'role';
  asked: string;
  /** What the rule or binding has there; empty for a role that does not exist. */
  held: readonly string[];
}

/** A binding of the caller that comes close, by the one of its role's rules that does. */
export interface NearMiss {
  binding: Pick<Binding, 'kind' | 'namespace' | 'name'>;
  role: RoleRef;
  subject: Subject;
  /** Absent where the role does not exist or has no rules. */
  rule?: PolicyRule;
  differences: readonly Difference[];
}

/** Why RBAC does not allow a request, and what would. */
export interface Remedy {
  /** Nearest first. */
  nearMisses: readonly NearMiss[];
  /** The smallest role and binding that allow it, as `kubectl apply -f -` takes them; undefined for requests no rule can name. */
  manifest: string | undefined;
  /** How role and binding of the manifest are called: names that are free, or the role's where just that one is there. */
  names: GrantNames;
}

/** Which parts tell most of how far a rule is from the request: a rule on the same resource is nearer than one on the same verb. */
const WEIGHTS: Readonly<Record<Difference['part'], number>> = {
  role: 1,
  name: 2,
  verb: 3,
  namespace: 4,
  path: 6,
  apiGroup: 6,
  resource: 8,
};

/** Beyond this a rule has nothing to do with the request. */
const MAX_DISTANCE = 9;

/**
 * Looks for the caller's bindings that come closest to allowing a request which RBAC refused. Reads every binding, so it
 * is for those who ask why, not for requests.
 */
export function explainRefusal(source: RbacSource, asked: AuthorizationAttributes, limit = 3): Remedy {
  const found: { distance: number; miss: NearMiss }[] = [];
  for (const grant of grantsEverywhere(source, asked.user)) {
    const miss = nearest(source, grant, asked);
    const distance = miss.differences.reduce((sum, { part }) => sum + WEIGHTS[part], 0);
    if (distance <= MAX_DISTANCE && !isElsewhere(miss)) found.push({ distance, miss });
  }
  found.sort((a, b) => a.distance - b.distance || (a.miss.binding.name < b.miss.binding.name ? -1 : 1));
  const names = freeNames(source, asked);
  return {
    nearMisses: found.slice(0, limit).map(({ miss }) => miss),
    manifest: smallestGrant(asked, names),
    names,
  };
}

/** Rules for other paths altogether: everybody has those for discovery and health. */
const isElsewhere = ({ differences }: NearMiss): boolean =>
  differences.some(
    ({ part, asked, held }) => part === 'path' && !held.some((url) => topOf(url) === topOf(asked)),
  );

const topOf = (path: string): string => path.split('/', 2)[1] ?? '';

function* grantsEverywhere(source: RbacSource, user: UserInfo): Generator<Grant> {
  for (const object of [...source.clusterrolebindings.list(), ...source.rolebindings.list()]) {
    const binding = bindingOf(object);
    const subject = binding.subjects.find((s) => isSubject(user, s, binding.namespace));
    if (subject) yield { binding, subject };
  }
}

function nearest(source: RbacSource, { binding, subject }: Grant, asked: AuthorizationAttributes): NearMiss {
  const { kind, namespace, name, roleRef } = binding;
  const held = { kind, namespace, name };
  const elsewhere: Difference[] =
    namespace !== '' && (namespace !== asked.namespace || !asked.isResourceRequest)
      ? [{ part: 'namespace', asked: asked.namespace, held: [namespace] }]
      : [];
  const rules = rulesOf(source, roleRef, namespace);
  if (!rules?.length)
    return {
      binding: held,
      role: roleRef,
      subject,
      differences: [...elsewhere, { part: 'role', asked: roleRef.name, held: [] }],
    };
  let best: { rule: PolicyRule; differences: Difference[]; distance: number } | undefined;
  for (const rule of rules) {
    const differences = differencesOf(rule, asked);
    const distance = differences.reduce((sum, { part }) => sum + WEIGHTS[part], 0);
    if (!best || distance < best.distance) best = { rule, differences, distance };
  }
  const { rule, differences } = best!;
  return { binding: held, role: roleRef, subject, rule, differences: [...elsewhere, ...differences] };
}

function differencesOf(rule: PolicyRule, asked: AuthorizationAttributes): Difference[] {
  const differences: Difference[] = [];
  const compare = (part: Difference['part'], value: string, held: readonly string[] = []): void => {
    if (!held.includes('*') && !held.includes(value)) differences.push({ part, asked: value, held });
  };
  compare('verb', asked.verb, rule.verbs);
  if (!asked.isResourceRequest) {
    const { nonResourceURLs: held = [] } = rule;
    if (!allowsPath({ ...compileRule(rule), allVerbs: true }, asked))
      differences.push({ part: 'path', asked: asked.path, held });
    return differences;
  }
  compare('apiGroup', asked.apiGroup, rule.apiGroups);
  const { resources = [], resourceNames = [] } = rule;
  if (!resourceMatches(resources, asked))
    differences.push({ part: 'resource', asked: combinedResource(asked), held: resources });
  if (resourceNames.length && !resourceNames.includes(asked.name))
    differences.push({ part: 'name', asked: asked.name, held: resourceNames });
  return differences;
}

/** The names that a grant can have in a policy, whatever is there already. */
function freeNames(source: RbacSource, asked: AuthorizationAttributes): GrantNames {
  const isLocal = asked.isResourceRequest && asked.namespace !== '';
  const namespace = isLocal ? asked.namespace : '';
  const roles = isLocal ? source.roles : source.clusterroles;
  const bindings = isLocal ? source.rolebindings : source.clusterrolebindings;
  const there = (lister: typeof roles, name: string) => lister.get(namespace, name);
  const rules = [grantRule(asked)];
  return grantNames(asked, (what, name) => {
    const found = there(what === 'role' ? roles : bindings, name);
    if (!found) return 'no';
    return what === 'role' && isDeepStrictEqual(found['rules'], rules) ? 'same' : 'other';
  });
}

/** The least that would have to be granted for a request to be allowed, as a role and its binding in YAML. */
export function smallestGrant(asked: AuthorizationAttributes, names = grantNames(asked)): string | undefined {
  return grantObjects(asked, names)
    ?.map((document) => stringify(document))
    .join('---\n');
}
