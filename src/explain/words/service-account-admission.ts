/** Why the ServiceAccount admission plugin refused a pod, in kube-apiserver's words. */
export const serviceAccountAdmissionWords: Record<string, (facts: any) => string> = {
  SERVICE_ACCOUNT_NONE: ({ namespace, pod }) => `no service account specified for pod ${namespace}/${pod}`,
  SERVICE_ACCOUNT_MISSING: ({ namespace, name }) =>
    `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
  SERVICE_ACCOUNT_MIRROR_ACCOUNT: () => 'a mirror pod may not reference service accounts',
  SERVICE_ACCOUNT_MIRROR_SECRET: () => 'a mirror pod may not reference secrets',
  SERVICE_ACCOUNT_MIRROR_TOKEN: () => 'a mirror pod may not use ServiceAccountToken volume projections',
  SERVICE_ACCOUNT_VOLUME_SECRET: ({ secret, account }) =>
    `volume with secret.secretName="${secret}" is not allowed because service account ${account} does not reference that secret`,
  SERVICE_ACCOUNT_ENV_SECRET: ({ kind, container, variable, secret, account }) =>
    `${kind} ${container} with envVar ${variable} referencing secret.secretName="${secret}" is not allowed because service account ${account} does not reference that secret`,
  SERVICE_ACCOUNT_ENV_FROM_SECRET: ({ kind, container, secret, account }) =>
    `${kind} ${container} with envFrom referencing secret.secretName="${secret}" is not allowed because service account ${account} does not reference that secret`,
  SERVICE_ACCOUNT_PULL_SECRET: ({ index, secret, account }) =>
    `imagePullSecrets[${index}].name="${secret}" is not allowed because service account ${account} does not reference that imagePullSecret`,
};
