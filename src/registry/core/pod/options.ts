/**
 * What a pod spec may be forgiven because the stored object has it already: rules that came later do not lock
 * old objects (pkg/api/pod/util.go, GetValidationOptionsFromPodSpecAndMeta). Feature gates stand at their v1.36 defaults.
 */
export interface PodValidationOptions {
  /** --allow-privileged. */
  allowPrivileged: boolean;
  /** A Pod, not a template of one. */
  resourceIsPod: boolean;
  allowInvalidDeletionCost: boolean;
  allowInvalidLabelValueInSelector: boolean;
  allowInvalidLabelValueInNodeAffinity: boolean;
  allowIndivisibleHugePages: boolean;
  allowInvalidSpreadSelector: boolean;
  oldMatchLabelKeysInvalid: boolean;
  allowNonLocalTokenPath: boolean;
  allowNamespacedSysctlsOnHost: boolean;
  allowAnySelinuxChangePolicy: boolean;
  allowComparingTolerations: boolean;
  allowUserNamespaceOnHostNetwork: boolean;
  allowUserNamespaceWithDevices: boolean;
  allowRestartContainerForInit: boolean;
}
