import {
  aggregateText,
  errorText,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';
import { dns1123SubdomainFaults } from '../meta/names.ts';
import { interpret, parseBody, YAML_TYPE } from '../schema/decode.ts';

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

export interface GroupResources {
  group: string;
  resources: readonly string[];
  resourceNames: readonly string[];
}

export interface PolicyRule {
  level: AuditLevel;
  users: readonly string[];
  userGroups: readonly string[];
  verbs: readonly string[];
  resources: readonly GroupResources[];
  namespaces: readonly string[];
  nonResourceURLs: readonly string[];
  omitStages: readonly AuditStage[];
  omitManagedFields?: boolean;
}

/** audit.k8s.io/v1 Policy. */
export interface AuditPolicy {
  rules: readonly PolicyRule[];
  omitStages: readonly AuditStage[];
  omitManagedFields: boolean;
}

type Fields = Record<string, unknown>;

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'];
const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];
const SCHEME = 'k8s.io/apiserver/pkg/audit/scheme.go:30';

/**
 * Reads an audit policy, in YAML or JSON. Throws an Error in kube-apiserver's words; fields that nobody knows are told to
 * `warn` and passed over, as there (apiserver pkg/audit/policy/reader.go).
 */
export function parsePolicy(text: string, warn: (text: string) => void = () => {}): AuditPolicy {
  const parsed = parseBody(Buffer.from(text), YAML_TYPE, true);
  if (!parsed.ok) throw new Error(`failed decoding: ${parsed.error}`);
  checkKind(parsed.value);
  const value = (parsed.value ?? {}) as Fields;
  const strict = [...parsed.strictErrors, ...unknownFields(value, POLICY, '')];
  if (strict.length)
    warn(
      `Audit policy contains errors, falling back to lenient decoding: strict decoding error: ${strict.join(', ')}`,
    );
  const policy: AuditPolicy = {
    rules: list(value, 'rules', 'Policy.rules', '[]v1.PolicyRule').map((rule) =>
      ruleOf((rule ?? {}) as Fields),
    ),
    omitStages: strings(value, 'omitStages', 'Policy.omitStages', '[]v1.Stage') as AuditStage[],
    omitManagedFields: bool(value, 'omitManagedFields', 'Policy.omitManagedFields') ?? false,
  };
  const errors = policyErrors(policy);
  if (errors.length) throw new Error(aggregateText(errors.map(errorText)));
  if (policy.rules.length === 0) throw new Error('loaded illegal policy with 0 rules');
  return policy;
}

function checkKind(value: unknown): void {
  const read = interpret(value);
  if ('error' in read) throw new Error(`failed decoding: ${read.error}`);
  const { group, version, kind } = read;
  const shown = JSON.stringify(value);
  if (kind === '') throw new Error(`failed decoding: Object 'Kind' is missing in '${shown}'`);
  const apiVersion = group === '' ? version : `${group}/${version}`;
  if (apiVersion === '') throw new Error(`failed decoding: Object 'apiVersion' is missing in '${shown}'`);
  if (apiVersion === 'audit.k8s.io/v1' && kind === 'Policy') return;
  throw new Error(
    `failed decoding: no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme ${quote(SCHEME)}`,
  );
}

interface Shape {
  readonly [field: string]: true | readonly [Shape];
}

const RESOURCES: Shape = { group: true, resources: true, resourceNames: true };
const RULE: Shape = {
  level: true,
  users: true,
  userGroups: true,
  verbs: true,
  resources: [RESOURCES],
  namespaces: true,
  nonResourceURLs: true,
  omitStages: true,
  omitManagedFields: true,
};
const POLICY: Shape = {
  kind: true,
  apiVersion: true,
  metadata: true,
  rules: [RULE],
  omitStages: true,
  omitManagedFields: true,
};

function unknownFields(value: Fields, shape: Shape, path: string): string[] {
  return Object.entries(value).flatMap(([name, inner]): string[] => {
    const at = path === '' ? name : `${path}.${name}`;
    const known = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (known === undefined) return [`unknown field ${quote(at)}`];
    if (known === true || !Array.isArray(inner)) return [];
    return inner.flatMap((item, i) =>
      item && typeof item === 'object' ? unknownFields(item as Fields, known[0], `${at}[${i}]`) : [],
    );
  });
}

function refuse(value: unknown, field: string, type: string): Error {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new Error(
    `failed decoding: json: cannot unmarshal ${kind} into Go struct field ${field} of type ${type}`,
  );
}

function list(value: Fields, name: string, field: string, type: string): unknown[] {
  const found = value[name] ?? [];
  if (!Array.isArray(found)) throw refuse(found, field, type);
  return found;
}

function strings(value: Fields, name: string, field: string, type = '[]string'): string[] {
  return list(value, name, field, type).map((item) => {
    if (typeof item !== 'string' && item !== null) throw refuse(item, field, type.slice(2));
    return item ?? '';
  });
}

function string(value: Fields, name: string, field: string, type = 'string'): string {
  const found = value[name] ?? '';
  if (typeof found !== 'string') throw refuse(found, field, type);
  return found;
}

function bool(value: Fields, name: string, field: string): boolean | undefined {
  const found = value[name] ?? undefined;
  if (found !== undefined && typeof found !== 'boolean') throw refuse(found, field, 'bool');
  return found;
}

function ruleOf(rule: Fields): PolicyRule {
  const at = (name: string): string => `PolicyRule.rules.${name}`;
  const omitManagedFields = bool(rule, 'omitManagedFields', at('omitManagedFields'));
  return {
    level: string(rule, 'level', at('level'), 'v1.Level') as AuditLevel,
    users: strings(rule, 'users', at('users')),
    userGroups: strings(rule, 'userGroups', at('userGroups')),
    verbs: strings(rule, 'verbs', at('verbs')),
    resources: list(rule, 'resources', at('resources'), '[]v1.GroupResources').map((item) => {
      const resources = (item ?? {}) as Fields;
      const within = (name: string): string => `GroupResources.rules.resources.${name}`;
      return {
        group: string(resources, 'group', within('group')),
        resources: strings(resources, 'resources', within('resources')),
        resourceNames: strings(resources, 'resourceNames', within('resourceNames')),
      };
    }),
    namespaces: strings(rule, 'namespaces', at('namespaces')),
    nonResourceURLs: strings(rule, 'nonResourceURLs', at('nonResourceURLs')),
    omitStages: strings(rule, 'omitStages', at('omitStages'), '[]v1.Stage') as AuditStage[],
    ...(omitManagedFields === undefined ? {} : { omitManagedFields }),
  };
}

/** What is wrong with a policy (apiserver pkg/apis/audit/validation). */
export function policyErrors(policy: AuditPolicy): FieldError[] {
  return [
    ...stageErrors(policy.omitStages, 'omitStages'),
    ...policy.rules.flatMap((rule, i) => ruleErrors(rule, index('rules', i))),
  ];
}

function ruleErrors(rule: PolicyRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((rule.level as string) === '') errors.push(required(`${path}.level`));
  else if (!LEVELS.includes(rule.level)) errors.push(notSupported(`${path}.level`, rule.level, LEVELS));
  for (const [i, url] of rule.nonResourceURLs.entries()) {
    if (url === '*') continue;
    const at = index(`${path}.nonResourceURLs`, i);
    if (!url.startsWith('/'))
      errors.push(invalid(at, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*')) {
      errors.push(invalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule"));
    }
  }
  for (const resources of rule.resources) {
    const at = `${path}.resources`;
    if (resources.group !== '' && resources.group !== '*') {
      const faults = dns1123SubdomainFaults(resources.group);
      if (faults.length) errors.push(invalid(`${at}.group`, resources.group, faults.join(',')));
    }
    if (resources.resourceNames.length && resources.resources.length === 0) {
      errors.push(
        invalid(
          `${at}.resourceNames`,
          resources.resourceNames,
          'using resourceNames requires at least one resource',
        ),
      );
    }
  }
  errors.push(...stageErrors(rule.omitStages, `${path}.omitStages`));
  if (rule.nonResourceURLs.length && (rule.resources.length || rule.namespaces.length)) {
    errors.push(
      invalid(
        `${path}.nonResourceURLs`,
        rule.nonResourceURLs,
        'rules cannot apply to both regular resources and non-resource URLs',
      ),
    );
  }
  return errors;
}

function stageErrors(stages: readonly string[], path: string): FieldError[] {
  return stages.flatMap((stage, i) =>
    STAGES.includes(stage) ? [] : [invalid(index(path, i), stage, `allowed stages are ${STAGES.join(',')}`)],
  );
}
