import type { Fields } from '../../../meta/object.ts';

/**
 * matchLabelKeys stand for the pod's own labels: a new pod's values of them are written into its selectors, which is
 * all that a scheduler reads (mutatePodAffinity, mutateTopologySpreadConstraints in pkg/registry/core/pod/strategy.go).
 */
export function applyMatchLabelKeys(spec: Fields, labels: Record<string, string> | undefined): void {
  for (const affinity of [spec['affinity']?.podAffinity, spec['affinity']?.podAntiAffinity]) {
    for (const weighted of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      apply(weighted.podAffinityTerm, labels);
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) apply(term, labels);
  }
  for (const constraint of spec['topologySpreadConstraints'] ?? []) apply(constraint, labels);
}

function apply(term: Fields | undefined, labels: Record<string, string> | undefined): void {
  const selector: Fields | undefined = term?.['labelSelector'];
  if (!term || !selector) return;
  const add = (keys: string[] | undefined, operator: string) => {
    for (const name of keys ?? []) {
      const value = labels?.[name];
      if (value !== undefined)
        selector['matchExpressions'] = [
          ...(selector['matchExpressions'] ?? []),
          { key: name, operator, values: [value] },
        ];
    }
  };
  add(term['matchLabelKeys'], 'In');
  add(term['mismatchLabelKeys'], 'NotIn');
}
