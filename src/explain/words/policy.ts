import type { Facts } from '../verdict.ts';

/** What webhooks and policies are refused by, in kube-apiserver's words. */
export const policyWords: Record<string, (facts: Facts) => string> = {
  WEBHOOK_DENIED: ({ webhook, why }) =>
    `admission webhook "${webhook}" denied the request${why ? `: ${why}` : ' without explanation'}`,
  WEBHOOK_FAILED: ({ webhook, why }) => `failed calling webhook "${webhook}": ${why}`,
  WEBHOOK_NO_DRY_RUN: ({ webhook }) => `admission webhook "${webhook}" does not support dry run`,
  WEBHOOK_CANNOT_MODIFY: ({ webhook }) =>
    `admission webhook "${webhook}" attempted to modify the object, which is not supported for this operation`,
  WEBHOOK_PATCH_FAILED: ({ why }) => `${why}`,
  WEBHOOK_CONDITION_FAILED: ({ why }) => `${why}`,
  NAMESPACE_NOT_FOUND: ({ namespace }) => `namespaces "${namespace}" not found`,
  VALIDATING_POLICY_DENIED: ({ policy, binding, why }) =>
    binding === undefined
      ? `ValidatingAdmissionPolicy '${policy}' denied request: ${why}`
      : `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${why}`,
  MUTATING_POLICY_DENIED: ({ policy, binding, why }) =>
    binding === undefined
      ? `policy "${policy}" denied request: ${why}`
      : `policy '${policy}' with binding '${binding}' denied request: ${why}`,
};
