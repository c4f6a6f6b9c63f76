import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { AuditLevel, AuditPolicy, AuditStage, GroupResources, PolicyRule } from './policy.ts';

/** How much of a request is written, and when. */
export interface AuditConfig {
  level: AuditLevel;
  /** The stages that are written. */
  stages: ReadonlySet<AuditStage>;
  omitManagedFields: boolean;
  /** Index of the rule that fits; -1: none does. */
  rule: number;
}

const ALL: readonly AuditStage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** A policy made ready for asking: what a rule comes to is worked out once. */
export class PolicyEvaluator {
  readonly #rules: readonly PolicyRule[];
  readonly #configs: readonly AuditConfig[];
  readonly #none: AuditConfig;

  constructor(policy: AuditPolicy) {
    this.#rules = policy.rules;
    const stagesBut = (omitted: readonly AuditStage[]): Set<AuditStage> =>
      new Set(ALL.filter((stage) => !omitted.includes(stage) && !policy.omitStages.includes(stage)));
    this.#configs = policy.rules.map((rule, i) => ({
      level: rule.level,
      stages: stagesBut(rule.omitStages),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
      rule: i,
    }));
    this.#none = { level: 'None', stages: new Set(), omitManagedFields: false, rule: -1 };
  }

  /** What the first rule that fits says (apiserver pkg/audit/policy/checker.go). */
  evaluate(attributes: AuthorizationAttributes): AuditConfig {
    const rules = this.#rules;
    for (let i = 0; i < rules.length; i++) if (ruleFits(rules[i]!, attributes)) return this.#configs[i]!;
    return this.#none;
  }
}

function ruleFits(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  const { user } = asked;
  if (rule.users.length && !rule.users.includes(user.name)) return false;
  if (rule.userGroups.length && !user.groups.some((group) => rule.userGroups.includes(group))) return false;
  if (rule.verbs.length && !rule.verbs.includes(asked.verb)) return false;
  if (rule.namespaces.length || rule.resources.length) return resourceFits(rule, asked);
  if (rule.nonResourceURLs.length)
    return !asked.isResourceRequest && rule.nonResourceURLs.some((url) => pathFits(asked.path, url));
  return true;
}

function pathFits(path: string, url: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''));
}

function resourceFits(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  if (!asked.isResourceRequest) return false;
  if (rule.namespaces.length && !rule.namespaces.includes(asked.namespace)) return false;
  if (rule.resources.length === 0) return true;
  return rule.resources.some(
    (one) => (one.group === asked.apiGroup || one.group === '*') && groupFits(one, asked),
  );
}

function groupFits(one: GroupResources, asked: AuthorizationAttributes): boolean {
  if (one.resources.length === 0) return true;
  if (one.resourceNames.length && !one.resourceNames.includes(asked.name)) return false;
  const { resource, subresource } = asked;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return one.resources.some(
    (wanted) =>
      wanted === '*' ||
      wanted === whole ||
      (subresource !== '' && wanted === `*/${subresource}`) ||
      (wanted.endsWith('/*') && wanted.slice(0, -2) === resource),
  );
}
