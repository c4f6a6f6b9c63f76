import { labelSelectorErrors, labelSelectorHasInvalidValue } from '../../../meta/label-selector.ts';
import type { Fields } from '../../../meta/object.ts';
import { deletionCostFault } from './annotations.ts';
import type { PodValidationOptions } from './options.ts';
import { localPathErrors } from './paths.ts';
import { indivisibleHugePages } from './resources.ts';
import { hostSysctlError } from './security-context.ts';
import { matchLabelKeysErrors } from './topology-spread.ts';
import { containersOf, restartsAlways } from './visit.ts';

/** The options for a pod spec; `old` and `oldMeta` are the stored ones on an update. */
export function podValidationOptions(
  allowPrivileged: boolean,
  resourceIsPod: boolean,
  old?: Fields,
  oldMeta?: Fields,
): PodValidationOptions {
  const options: PodValidationOptions = {
    allowPrivileged,
    resourceIsPod,
    allowInvalidDeletionCost:
      oldMeta !== undefined && deletionCostFault(oldMeta['annotations']) !== undefined,
    allowInvalidLabelValueInSelector: false,
    allowInvalidLabelValueInNodeAffinity: false,
    allowIndivisibleHugePages: false,
    allowInvalidSpreadSelector: false,
    oldMatchLabelKeysInvalid: false,
    allowNonLocalTokenPath: false,
    allowNamespacedSysctlsOnHost: false,
    allowAnySelinuxChangePolicy: false,
    allowComparingTolerations: false,
    allowUserNamespaceOnHostNetwork: false,
    allowUserNamespaceWithDevices: false,
    allowRestartContainerForInit: false,
  };
  if (!old) return options;
  const spread: Fields[] = old['topologySpreadConstraints'] ?? [];
  options.allowInvalidLabelValueInSelector = affinityTerms(old).some(
    (term) =>
      labelSelectorHasInvalidValue(term['labelSelector']) ||
      labelSelectorHasInvalidValue(term['namespaceSelector']),
  );
  options.allowInvalidLabelValueInNodeAffinity = nodeAffinityHasInvalidValue(old);
  options.allowIndivisibleHugePages = indivisibleHugePages(old);
  options.allowInvalidSpreadSelector = spread.some(
    (c) => labelSelectorErrors(c['labelSelector'], '').length > 0,
  );
  options.oldMatchLabelKeysInvalid = spread.some(
    (c) => matchLabelKeysErrors(c['matchLabelKeys'], undefined, c['labelSelector'], '').length > 0,
  );
  options.allowNonLocalTokenPath = hasNonLocalTokenPath(old);
  options.allowNamespacedSysctlsOnHost = (old['securityContext']?.sysctls ?? []).some(
    (s: Fields) => hostSysctlError(s['name'] ?? '', old, '') !== undefined,
  );
  options.allowAnySelinuxChangePolicy = old['securityContext']?.seLinuxChangePolicy !== undefined;
  options.allowComparingTolerations = (old['tolerations'] ?? []).some(
    (t: Fields) => t['operator'] === 'Lt' || t['operator'] === 'Gt',
  );
  options.allowUserNamespaceOnHostNetwork = old['hostUsers'] === false && old['hostNetwork'] === true;
  options.allowUserNamespaceWithDevices =
    old['hostUsers'] === false && containersOf(old).some((c) => c['volumeDevices']?.length > 0);
  options.allowRestartContainerForInit = (old['initContainers'] ?? []).some(
    (c: Fields) =>
      !restartsAlways(c) &&
      (c['resizePolicy'] ?? []).some((p: Fields) => p['restartPolicy'] === 'RestartContainer'),
  );
  return options;
}

/** The options for a pod template inside another kind. */
export function templateValidationOptions(allowPrivileged: boolean, old?: Fields): PodValidationOptions {
  return podValidationOptions(allowPrivileged, false, old?.['spec'], old?.['metadata']);
}

function affinityTerms(spec: Fields): Fields[] {
  const terms: Fields[] = [];
  for (const affinity of [spec['affinity']?.podAffinity, spec['affinity']?.podAntiAffinity]) {
    terms.push(...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []));
    for (const weighted of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      terms.push(weighted.podAffinityTerm ?? {});
  }
  return terms;
}

function nodeAffinityHasInvalidValue(spec: Fields): boolean {
  const terms: Fields[] =
    spec['affinity']?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.some((term) =>
    labelSelectorHasInvalidValue({ matchExpressions: term['matchExpressions'] ?? [] }),
  );
}

function hasNonLocalTokenPath(spec: Fields): boolean {
  for (const volume of spec['volumes'] ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken && localPathErrors(source.serviceAccountToken.path ?? '', '').length)
        return true;
    }
  }
  return false;
}
