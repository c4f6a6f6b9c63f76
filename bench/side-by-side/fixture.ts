import type { ApiClient } from './api-client.ts';

/** Everything a measurement makes in a cluster has this name, or begins with it. */
export const NAME = 'sallyport-bench';
/** Namespaces: what is read, what is written, what is watched. */
export const READ = `${NAME}-read`;
export const WRITE = `${NAME}-write`;
export const WATCH = `${NAME}-watch`;

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
export const ACCOUNT_TOKEN = `/api/v1/namespaces/${READ}/serviceaccounts/${NAME}/token`;
const configMaps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

/** A small ConfigMap; a list of 1,000 of them has about 595 KB. */
const configMap = (metadata: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  data: { 'settings.yaml': 'x'.repeat(90) },
});

export const tokenRequest = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: { expirationSeconds: 7200 },
};

/** What is created where names are made by the server. */
export const newConfigMap = configMap({ generateName: 'made-' });

/** Makes the namespaces and the ServiceAccount that asks; resolves to a token of it. */
export async function makeAccount(api: ApiClient): Promise<string> {
  for (const name of [READ, WRITE, WATCH])
    await api.ensure('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await api.ensure(`/api/v1/namespaces/${READ}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: NAME },
  });
  await api.ensure(`${RBAC}/clusterroles`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: NAME },
    rules: [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create'] },
      { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ],
  });
  await api.ensure(`${RBAC}/clusterrolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: NAME },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: READ }],
  });
  return (await api.json('POST', ACCOUNT_TOKEN, tokenRequest)).status.token;
}

/** The ConfigMaps that are read: 1,000, a tenth of them in each group. */
export async function makeConfigMaps(api: ApiClient): Promise<void> {
  const { items } = await api.json('GET', `${configMaps(READ)}?limit=1001`);
  if (items.length >= 1000) return;
  const names = Array.from({ length: 1000 }, (_, i) => `cm-${String(i).padStart(4, '0')}`);
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < names.length) {
      const i = next++;
      await api.ensure(
        configMaps(READ),
        configMap({ name: names[i], labels: { group: `g${i % 10}`, app: 'bench' } }),
      );
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
}

/** Takes away the ConfigMaps that a measurement created, and waits until none is left. */
export async function clear(api: ApiClient, namespace: string): Promise<void> {
  await api.text('DELETE', configMaps(namespace));
}

/** Takes away everything. */
export async function unmake(api: ApiClient): Promise<void> {
  for (const name of [READ, WRITE, WATCH])
    await api.text('DELETE', `/api/v1/namespaces/${name}`, undefined, [404, 409]);
  await api.text('DELETE', `${RBAC}/clusterrolebindings/${NAME}`, undefined, [404]);
  await api.text('DELETE', `${RBAC}/clusterroles/${NAME}`, undefined, [404]);
}
