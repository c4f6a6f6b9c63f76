import { Up } from '../../test/support/up.ts';
import { ApiClient } from '../side-by-side/api-client.ts';
import { ApiPool } from './api-pool.ts';

/** A server of its own for one measurement, and a ServiceAccount of it that may do everything. */
export class BenchServer {
  readonly up: Up;
  /** The administrator. */
  readonly api: ApiClient;
  readonly pool: ApiPool;
  readonly token: string;

  private constructor(up: Up, api: ApiClient, pool: ApiPool, token: string) {
    this.up = up;
    this.api = api;
    this.pool = pool;
    this.token = token;
  }

  static async start(namespaces: readonly string[], flags: readonly string[] = []): Promise<BenchServer> {
    const up = await Up.start(flags);
    const api = new ApiClient(up.kubeconfig);
    for (const name of namespaces)
      await api.ensure('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await api.ensure('/api/v1/namespaces/default/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bench' },
    });
    await api.ensure('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'bench' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace: 'default' }],
    });
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 7200 },
    };
    const { status } = await api.json(
      'POST',
      '/api/v1/namespaces/default/serviceaccounts/bench/token',
      request,
    );
    return new BenchServer(up, api, new ApiPool(api.url, api.ca, 4), status.token);
  }

  /** The answer's text; rejects where it is not good. */
  async ask(method: string, path: string, body?: object): Promise<string> {
    const { status, text } = await this.pool.ask(method, path, this.token, body);
    if (status > 299) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
    return text;
  }

  async end(): Promise<void> {
    this.pool.close();
    this.api.close();
    await this.up.remove();
  }
}

export const configMap = (name: string, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: { 'settings.yaml': 'x'.repeat(400) },
});
