import type { Fields, KubeObject } from '../../meta/object.ts';
import { qosClass } from '../../registry/core/pod/quality-of-service.ts';

/** Which objects a quota is about (ScopedResourceSelectorRequirement). */
export interface ScopeSelector {
  scopeName: string;
  operator: string;
  values?: readonly string[];
}

/** The scopes of a quota: those it names, and those its selector asks for. All of them have to fit. */
export function scopesOf(quota: KubeObject): ScopeSelector[] {
  const spec: Fields = quota['spec'] ?? {};
  const named = (spec['scopes'] ?? []).map((scopeName: string) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec['scopeSelector']?.matchExpressions ?? [])];
}

/** Whether a pod is within a scope (pkg/quota/v1/evaluator/core/pods.go). */
export function podInScope(pod: KubeObject, scope: ScopeSelector): boolean {
  const spec: Fields = pod['spec'] ?? {};
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosOf(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosOf(pod) !== 'BestEffort';
    case 'PriorityClass': {
      const name: string = spec['priorityClassName'] ?? '';
      return selects(scope, name === '' ? [] : [name]);
    }
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(spec['affinity']);
    default:
      return false;
  }
}

/** Whether a claim is within a scope (persistent_volume_claims.go). */
export function claimInScope(claim: KubeObject, scope: ScopeSelector): boolean {
  return scope.scopeName === 'VolumeAttributesClass' && selects(scope, attributeClassesOf(claim));
}

/** The VolumeAttributesClasses a claim asks for, has, or is on its way to. */
export function attributeClassesOf(claim: KubeObject): string[] {
  const status: Fields | undefined = claim['status'];
  const names: (string | undefined)[] = [
    claim['spec']?.volumeAttributesClassName,
    status?.['currentVolumeAttributesClassName'],
    status?.['modifyVolumeStatus']?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name): name is string => Boolean(name)))].sort();
}

/** A pod with a deadline of its own ends by itself. */
export const isTerminating = (pod: KubeObject): boolean => (pod['spec']?.activeDeadlineSeconds ?? -1) >= 0;

const qosOf = (pod: KubeObject): string => pod['status']?.qosClass || qosClass(pod['spec'] ?? {});

function selects({ operator, values = [] }: ScopeSelector, names: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0;
    case 'DoesNotExist':
      return names.length === 0;
    case 'In':
      return names.some((name) => values.includes(name));
    case 'NotIn':
      return names.length === 0 || names.some((name) => !values.includes(name));
    default:
      return false;
  }
}

function reachesOtherNamespaces(affinity: Fields | undefined): boolean {
  for (const side of [affinity?.['podAffinity'], affinity?.['podAntiAffinity']]) {
    const terms: Fields[] = [
      ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ podAffinityTerm }: Fields) => podAffinityTerm ?? {},
      ),
    ];
    if (terms.some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector))
      return true;
  }
  return false;
}
