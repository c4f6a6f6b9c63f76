import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';

/** What requests webhooks and policies are for (pkg/apis/admissionregistration/validation/validation.go). */

const SCOPES = ['*', 'Cluster', 'Namespaced'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
/** Nothing is left to change of what is deleted. */
const MUTATING_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** One of the given where it is there at all. */
export const optionalOneOf = (value: unknown, supported: readonly string[], path: string): FieldError[] =>
  value === undefined || value === null || supported.includes(value as string)
    ? []
    : [notSupported(path, value, supported)];

const lonelyStar = (values: readonly string[], path: string, what: string): FieldError[] =>
  values.length > 1 && values.includes('*')
    ? [invalid(path, values, `if '*' is present, must not specify other ${what}`)]
    : [];

function resourcesErrors(resources: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (resources.length === 0) errors.push(required(path));
  const allSubresourcesOf = new Set<string>();
  const ofAllResources = new Set<string>();
  // The last resource without a slash decides, as in kube-apiserver.
  let plain = false;
  resources.forEach((resource, i) => {
    const here = index(path, i);
    if (resource === '') {
      errors.push(required(here));
      return;
    }
    const slash = resource.indexOf('/');
    if (slash < 0) {
      plain = resource !== '*';
      return;
    }
    const [main, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    const clash = (all: string) =>
      errors.push(invalid(here, resource, `if '${all}' is present, must not specify ${resource}`));
    if (allSubresourcesOf.has(main)) clash(`${main}/*`);
    if (ofAllResources.has(sub)) clash(`*/${sub}`);
    if (sub === '*') allSubresourcesOf.add(main);
    if (main === '*') ofAllResources.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  if (plain && resources.includes('*'))
    errors.push(
      invalid(path, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

/** Faults of a rule with operations. */
export function ruleErrors(rule: Fields, path: string): FieldError[] {
  const operations: string[] = rule['operations'] ?? [];
  const groups: string[] = rule['apiGroups'] ?? [];
  const versions: string[] = rule['apiVersions'] ?? [];
  const [atOperations, atGroups, atVersions] = [
    child(path, 'operations'),
    child(path, 'apiGroups'),
    child(path, 'apiVersions'),
  ];
  return [
    ...(operations.length ? [] : [required(atOperations)]),
    ...lonelyStar(operations, atOperations, 'operations'),
    ...operations.flatMap((operation, i) => optionalOneOf(operation, OPERATIONS, index(atOperations, i))),
    ...(groups.length ? [] : [required(atGroups)]),
    ...lonelyStar(groups, atGroups, 'API groups'),
    ...(versions.length ? [] : [required(atVersions)]),
    ...lonelyStar(versions, atVersions, 'API versions'),
    ...versions.flatMap((version, i) => (version === '' ? [required(index(atVersions, i))] : [])),
    ...resourcesErrors(rule['resources'] ?? [], child(path, 'resources')),
    ...optionalOneOf(rule['scope'], SCOPES, child(path, 'scope')),
  ];
}

function namedRuleErrors(rule: Fields, path: string): FieldError[] {
  const names: string[] = rule['resourceNames'] ?? [];
  return [
    ...names.flatMap((name, i) => {
      const here = index(child(path, 'resourceNames'), i);
      const errors = pathSegmentFaults(name).map((fault) => invalid(here, name, fault));
      if (names.indexOf(name) < i) errors.push(duplicate(here, name));
      return errors;
    }),
    ...ruleErrors(rule, path),
  ];
}

/** Faults of what a policy or binding matches; nothing where there is none. */
export function matchResourcesErrors(match: Fields | undefined, path: string): FieldError[] {
  if (!match) return [];
  const at = child(path, 'matchPolicy');
  const errors =
    match['matchPolicy'] === undefined
      ? [required(at)]
      : optionalOneOf(match['matchPolicy'], MATCH_POLICIES, at);
  for (const name of ['namespaceSelector', 'objectSelector'])
    errors.push(
      ...(match[name] ? labelSelectorErrors(match[name], child(path, name)) : [required(child(path, name))]),
    );
  for (const name of ['resourceRules', 'excludeResourceRules'])
    ((match[name] ?? []) as Fields[]).forEach((rule, i) => {
      errors.push(...namedRuleErrors(rule, index(child(path, name), i)));
    });
  return errors;
}

/** Faults of rules of what is to change objects. */
export function mutatingOperationsErrors(match: Fields | undefined, path: string): FieldError[] {
  return ((match?.['resourceRules'] ?? []) as Fields[]).flatMap((rule) =>
    ((rule['operations'] ?? []) as string[]).flatMap((operation) =>
      optionalOneOf(operation, MUTATING_OPERATIONS, `${path}.resourceRules.operations`),
    ),
  );
}

/** A rule is for objects in and out of namespaces where it says nothing. */
export function defaultRules(rules: Fields[] | undefined): void {
  for (const rule of rules ?? []) rule['scope'] ??= '*';
}

export function defaultMatchResources(match: Fields | undefined): void {
  if (!match) return;
  match['matchPolicy'] ??= 'Equivalent';
  match['namespaceSelector'] ??= {};
  match['objectSelector'] ??= {};
  defaultRules(match['resourceRules']);
  defaultRules(match['excludeResourceRules']);
}
