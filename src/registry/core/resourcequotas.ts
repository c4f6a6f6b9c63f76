import { deepEqual } from '../../meta/deep-equal.ts';
import { child, type FieldError, invalid, key, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { quantityErrors, quantityOf } from './pod/resources.ts';
import { isStandardQuotaResource, quotaResourceName } from './resource-names.ts';

const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'VolumeAttributesClass',
  'CrossNamespacePodAffinity',
];
const EXISTS_ONLY = [
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
];
const POD_COMPUTE = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['NotTerminating', 'Terminating'],
];

function scopeTakes(scope: string, resource: string): boolean {
  switch (scope) {
    case 'BestEffort':
      return resource === 'pods';
    case 'VolumeAttributesClass':
      return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
    case 'Terminating':
    case 'NotTerminating':
    case 'NotBestEffort':
    case 'PriorityClass':
    case 'CrossNamespacePodAffinity':
      return resource === 'pods' || POD_COMPUTE.includes(resource);
    default:
      return true;
  }
}

const hardNames = (spec: Fields): string[] => Object.keys(spec['hard'] ?? {}).sort();

function scopesErrors(spec: Fields): FieldError[] {
  const errors: FieldError[] = [];
  const scopes: string[] = spec['scopes'] ?? [];
  const path = 'spec.scopes';
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(path, scopes, 'unsupported scope'));
    for (const name of hardNames(spec))
      if (isStandardQuotaResource(name) && !scopeTakes(scope, name))
        errors.push(invalid(path, scopes, 'unsupported scope applied to resource'));
  }
  for (const pair of CONFLICTS)
    if (pair.every((scope) => scopes.includes(scope)))
      errors.push(invalid(path, scopes, 'conflicting scopes'));
  return errors;
}

/** The selector with its Go names, as messages show it. */
const shown = (selector: Fields) => ({
  MatchExpressions:
    selector['matchExpressions']?.map((e: Fields) => ({
      ScopeName: e['scopeName'] ?? '',
      Operator: e['operator'] ?? '',
      Values: e['values'] ?? null,
    })) ?? null,
});

function selectorErrors(spec: Fields): FieldError[] {
  const selector: Fields | undefined = spec['scopeSelector'];
  if (!selector) return [];
  const errors: FieldError[] = [];
  const path = 'spec.scopeSelector.matchExpressions';
  const seen = new Set<string>();
  for (const requirement of (selector['matchExpressions'] ?? []) as Fields[]) {
    const scope: string = requirement['scopeName'] ?? '';
    const operator: string = requirement['operator'] ?? '';
    const values: string[] = requirement['values'] ?? [];
    if (!SCOPES.includes(scope)) errors.push(invalid(child(path, 'scopeName'), scope, 'unsupported scope'));
    for (const name of hardNames(spec))
      if (isStandardQuotaResource(name) && !scopeTakes(scope, name))
        errors.push(invalid(path, shown(selector), 'unsupported scope applied to resource'));
    if (EXISTS_ONLY.includes(scope) && operator !== 'Exists')
      errors.push(
        invalid(
          child(path, 'operator'),
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    if (operator === 'In' || operator === 'NotIn') {
      if (!values.length)
        errors.push(
          required(
            child(path, 'values'),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        );
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length)
        errors.push(
          invalid(
            child(path, 'values'),
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        );
    } else errors.push(invalid(child(path, 'operator'), operator, 'not a valid selector operator'));
    seen.add(scope);
  }
  for (const pair of CONFLICTS)
    if (pair.every((scope) => seen.has(scope)))
      errors.push(invalid(path, spec['scopes'] ?? null, 'conflicting scopes'));
  return errors;
}

function amountsErrors(list: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.keys(list ?? {})
    .sort()
    .flatMap((name) => [
      ...quotaResourceName(name, key(path, name)),
      ...quantityErrors(name, quantityOf(list![name]), key(path, name)),
    ]);
}

function specErrors(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  return [...amountsErrors(spec['hard'], 'spec.hard'), ...scopesErrors(spec), ...selectorErrors(spec)];
}

const statusErrors = (object: KubeObject): FieldError[] => [
  ...amountsErrors(object['status']?.hard, 'status.hard'),
  ...amountsErrors(object['status']?.used, 'status.used'),
];

/** pkg/registry/core/resourcequota/strategy.go. */
export const resourcequotas: Strategy = {
  prepareForCreate(object) {
    object['status'] = {};
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate: (object) => [...specErrors(object), ...statusErrors(object)],
  validateUpdate(object, old) {
    const errors = specErrors(object);
    const scopes = (o: KubeObject) => [...new Set<string>(o['spec']?.scopes ?? [])].sort();
    if (!deepEqual(scopes(object), scopes(old)))
      errors.push(invalid('spec.scopes', object['spec']?.scopes ?? null, 'field is immutable'));
    return errors;
  },
  warnings(object, old) {
    if (old) return [];
    const hard: Record<string, string> = object['spec']?.hard ?? {};
    return ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => {
      const names = name === 'ephemeral-storage' ? [`requests.${name}`] : [`requests.${name}`, name];
      const asked = names.find((n) => hard[n] !== undefined);
      const limitName = `limits.${name}`;
      if (asked === undefined || hard[limitName] === undefined) return [];
      const request = quantityOf(hard[asked]);
      const limit = quantityOf(hard[limitName]);
      if (request.compare(limit) <= 0) return [];
      return [`ResourceQuota ${asked} (${request}) should be less than ${limitName} (${limit})`];
    });
  },
  deleteReturnsObject: true,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate: (object) => [
      ...(object.metadata.resourceVersion ? [] : [required('resourceVersion')]),
      ...statusErrors(object),
    ],
  },
  row(object, now) {
    const hard: Record<string, string> = object['status']?.hard ?? {};
    const used: Record<string, string> = object['status']?.used ?? {};
    const cell = (limits: boolean) =>
      Object.keys(hard)
        .sort()
        .filter((name) => name.startsWith('limits.') === limits)
        .map((name) => `${name}: ${quantityOf(used[name])}/${quantityOf(hard[name])}`)
        .join(', ');
    return [object.metadata.name ?? '', cell(false), cell(true), age(object, now)];
  },
};
