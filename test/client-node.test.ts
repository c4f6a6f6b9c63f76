import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Up } from './support/up.ts';

describe('@kubernetes/client-node', () => {
  let up: Up;
  let config: k8s.KubeConfig;
  let core: k8s.CoreV1Api;
  beforeAll(async () => {
    up = await Up.start();
    config = new k8s.KubeConfig();
    config.loadFromFile(up.kubeconfig);
    core = config.makeApiClient(k8s.CoreV1Api);
  });
  afterAll(() => up?.remove());

  it('creates, lists and patches', async () => {
    const namespace = 'default';
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'a', labels: { app: 'x' } }, data: { n: '1' } },
    });
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'b' }, data: { n: '2' } } });
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x' });
    expect(items.map((item) => item.metadata?.name)).toEqual(['a']);
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'a', body: [{ op: 'replace', path: '/data/n', value: '3' }] },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch),
    );
    expect(patched.data).toEqual({ n: '3' });
  });

  it('watches with an informer', async () => {
    const seen: string[] = [];
    const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/secrets', () =>
      core.listNamespacedSecret({ namespace: 'default' }),
    );
    const deleted = new Promise<void>((done) => {
      informer.on('add', (object) => seen.push(`add ${object.metadata?.name}`));
      informer.on('update', (object) => seen.push(`update ${object.metadata?.name}`));
      informer.on('delete', (object) => {
        seen.push(`delete ${object.metadata?.name}`);
        done();
      });
    });
    await informer.start();
    const made = await core.createNamespacedSecret({
      namespace: 'default',
      body: { metadata: { name: 's' }, stringData: { a: 'b' } },
    });
    expect(made.data).toEqual({ a: 'Yg==' });
    await core.replaceNamespacedSecret({
      name: 's',
      namespace: 'default',
      body: { ...made, data: { a: 'Yw==' } },
    });
    await core.deleteNamespacedSecret({ name: 's', namespace: 'default' });
    await deleted;
    await informer.stop();
    expect(seen).toEqual(['add s', 'update s', 'delete s']);
  });

  it('tells errors apart by their code', async () => {
    await expect(core.readNamespacedConfigMap({ name: 'none', namespace: 'default' })).rejects.toMatchObject({
      code: 404,
    });
  });
});
