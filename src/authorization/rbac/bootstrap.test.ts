import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../controllers/fixtures/memory-client.ts';
import type { GroupResource, KubeObject } from '../../meta/object.ts';
import type { StaticLister } from '../../registry/lister.ts';
import { bootstrapObjects, reconcileBootstrapPolicy } from './bootstrap.ts';

/** Tells resources apart by their plural alone, which are all different here. */
class Client extends MemoryClient {
  override lister({ resource }: GroupResource): StaticLister {
    return super.lister({ group: '', resource });
  }

  role(name: string): KubeObject | undefined {
    return this.lister({ group: '', resource: 'clusterroles' }).get('', name);
  }

  binding(name: string): KubeObject | undefined {
    return this.lister({ group: '', resource: 'clusterrolebindings' }).get('', name);
  }
}

async function reconciled(change: (client: Client) => void = () => {}): Promise<Client> {
  const client = new Client();
  expect(await reconcileBootstrapPolicy(client)).toEqual([]);
  change(client);
  client.calls.length = 0;
  expect(await reconcileBootstrapPolicy(client)).toEqual([]);
  return client;
}

const altered = (client: Client, resource: string, name: string, change: object): void => {
  const found = client.lister({ group: '', resource }).get('', name)!;
  client.put(resource, { ...found, ...change });
};

describe('reconcileBootstrapPolicy', () => {
  it('makes everything in an empty store, and nothing the second time', async () => {
    const client = await reconciled();
    const count = bootstrapObjects('clusterroles').length;
    expect(client.lister({ group: '', resource: 'clusterroles' }).list()).toHaveLength(count);
    expect(
      client
        .lister({ group: '', resource: 'namespaces' })
        .list()
        .map((n) => n.metadata.name),
    ).toEqual(['kube-public', 'kube-system']);
    expect(client.calls).toEqual([]);
    expect(client.role('cluster-admin')).toMatchObject({
      metadata: {
        labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
        annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
      },
    });
  });

  it('puts missing rules back and keeps others', async () => {
    const extra = { verbs: ['list'], apiGroups: [''], resources: ['gadgets'] };
    const client = await reconciled((c) =>
      altered(c, 'clusterroles', 'system:basic-user', { rules: [extra] }),
    );
    expect(client.role('system:basic-user')?.['rules']).toEqual([
      extra,
      { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectrulesreviews'], verbs: ['create'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    ]);
  });

  it('leaves alone what asks for it', async () => {
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    const client = await reconciled((c) =>
      altered(c, 'clusterroles', 'system:basic-user', {
        metadata: { name: 'system:basic-user', annotations },
        rules: null,
      }),
    );
    expect(client.role('system:basic-user')?.['rules']).toBeNull();
  });

  it('joins subjects, and makes a binding anew that refers to another role', async () => {
    const client = await reconciled((c) => {
      altered(c, 'clusterrolebindings', 'system:discovery', { subjects: [{ kind: 'User', name: 'only' }] });
      altered(c, 'clusterrolebindings', 'system:basic-user', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      });
    });
    expect(client.binding('system:discovery')?.['subjects'].map((s: { name: string }) => s.name)).toEqual([
      'only',
      'system:authenticated',
    ]);
    expect(client.binding('system:basic-user')?.['roleRef'].name).toBe('system:basic-user');
    expect(client.calls).toContain('delete clusterrolebindings /system:basic-user');
  });

  it('reports what it could not do, and does the rest', async () => {
    const client = new Client();
    client.failures.create = [undefined, undefined, new Error('store away')];
    const failed = await reconcileBootstrapPolicy(client);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatch(/^unable to reconcile .*: store away$/);
  });
});
