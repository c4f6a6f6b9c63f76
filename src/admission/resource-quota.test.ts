import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../controllers/fixtures/memory-client.ts';
import type { KubeObject } from '../meta/object.ts';
import { conflictError } from '../meta/status.ts';
import { attributesOf, pod, refusal } from './fixtures/attributes.ts';
import type { AdmissionAttributes, PluginVerdict } from './plugin.ts';
import { type LimitedResource, ResourceQuota } from './resource-quota.ts';

const CORE_QUOTAS = { group: '', resource: 'resourcequotas' };

function setup(
  quotas: Record<string, { hard: object; used?: object; spec?: object; status?: boolean }>,
  limited: Partial<LimitedResource>[] = [],
) {
  const client = new MemoryClient();
  for (const [name, { hard, used = {}, spec = {}, status = true }] of Object.entries(quotas))
    client.put('resourcequotas', {
      metadata: { name, namespace: 'ns' },
      spec: { hard, ...spec },
      ...(status ? { status: { hard, used } } : {}),
    } as KubeObject);
  const nothing = { apiGroup: '', resource: 'pods', matchContains: [], matchScopes: [] };
  const plugin = new ResourceQuota(
    client,
    limited.map((one) => ({ ...nothing, ...one })),
  );
  return {
    client,
    validate: (given: Partial<AdmissionAttributes> & { of?: string }): Promise<PluginVerdict> =>
      Promise.resolve(plugin.validate(attributesOf(given))),
    used: (name: string): unknown => client.lister(CORE_QUOTAS).get('ns', name)?.['status'].used,
  };
}

const asking = (requests: object, spec: object = {}, name = 'p'): KubeObject =>
  pod({ containers: [{ name: 'c', image: 'img', resources: { requests } }], ...spec }, { name });

describe('ResourceQuota', () => {
  it('charges what a write uses', async () => {
    const { validate, used } = setup({
      a: { hard: { pods: '2', 'requests.cpu': '1' }, used: { pods: '0', 'requests.cpu': '250m' } },
      b: { hard: { services: '1' }, used: { services: '0' } },
    });
    const verdict = await validate({ object: asking({ cpu: '500m' }) });
    expect(verdict.code).toBe('QUOTA_CHARGED');
    expect(used('a')).toEqual({ pods: '1', 'requests.cpu': '750m' });
    expect(used('b')).toEqual({ services: '0' });
  });

  it('refuses more than there is, and charges nothing for it', async () => {
    const { validate, used } = setup({
      q: { hard: { pods: '2', cpu: '1' }, used: { pods: '1', cpu: '800m' } },
    });
    expect(refusal(await validate({ object: asking({ cpu: '300m' }) }))).toBe(
      'pods "p" is forbidden: exceeded quota: q, requested: cpu=300m, used: cpu=800m, limited: cpu=1',
    );
    expect(used('q')).toEqual({ pods: '1', cpu: '800m' });
  });

  it('charges writes of one namespace one after the other', async () => {
    const { validate, used } = setup({ q: { hard: { pods: '3' }, used: { pods: '0' } } });
    const verdicts = await Promise.all(
      Array.from({ length: 8 }, (_, i) => validate({ object: asking({}, {}, `p${i}`) })),
    );
    expect(verdicts.filter(({ outcome }) => outcome === 'denied')).toHaveLength(5);
    expect(used('q')).toEqual({ pods: '3' });
  });

  it('goes on after a charge that failed', async () => {
    const { validate, client, used } = setup({ q: { hard: { pods: '3' }, used: { pods: '0' } } });
    client.failures.update = [conflictError(CORE_QUOTAS, 'q', 'changed'), new Error('broken')];
    const refused = await validate({ object: asking({}) });
    expect(refused).toMatchObject({ outcome: 'denied', code: 'QUOTA_NOT_CHARGED' });
    await expect(validate({ object: asking({}) })).rejects.toThrow('broken');
    await validate({ object: asking({}) });
    expect(used('q')).toEqual({ pods: '1' });
  });

  it('judges, but does not charge, a dry run', async () => {
    const { validate, used } = setup({ q: { hard: { pods: '1' }, used: { pods: '0' } } });
    expect((await validate({ object: asking({}), dryRun: true })).outcome).toBe('accepted');
    expect(used('q')).toEqual({ pods: '0' });
    await validate({ object: asking({}) });
    expect(refusal(await validate({ object: asking({}), dryRun: true }))).toContain('exceeded quota: q');
  });

  it('wants containers to say what is limited', async () => {
    const { validate } = setup({
      q: { hard: { 'limits.memory': '1Gi', cpu: '1' }, used: { 'limits.memory': '0', cpu: '0' } },
    });
    const containers = ['b', 'a'].map((name) => ({ name, image: 'img' }));
    expect(refusal(await validate({ object: pod({ containers }) }))).toBe(
      'pods "p" is forbidden: failed quota: q: must specify cpu for: a,b; limits.memory for: a,b',
    );
  });

  it('refuses until the usage is known', async () => {
    const { validate } = setup({ q: { hard: { pods: '1', 'count/pods': '5' }, used: { pods: '0' } } });
    expect(refusal(await validate({ object: asking({}) }))).toBe(
      'pods "p" is forbidden: status unknown for quota: q, resources: count/pods,pods',
    );
  });

  it('limits nothing before its controller says so', async () => {
    const { validate } = setup({ q: { hard: { pods: '0' }, status: false } });
    expect((await validate({ object: asking({}) })).outcome).toBe('accepted');
  });

  it('counts no update of a pod, but its resize, and a service that needs more', async () => {
    const { validate, used } = setup({
      q: {
        hard: { cpu: '1', 'services.nodeports': '1' },
        used: { cpu: '100m', 'services.nodeports': '0' },
      },
    });
    const grown = { object: asking({ cpu: '2' }), oldObject: asking({ cpu: '100m' }) };
    grown.oldObject.metadata.resourceVersion = '1';
    expect((await validate({ ...grown, operation: 'UPDATE' })).outcome).toBe('accepted');
    expect(refusal(await validate({ ...grown, operation: 'UPDATE', subresource: 'resize' }))).toContain(
      'requested: cpu=1900m, used: cpu=100m, limited: cpu=1',
    );
    const service = (type: string, ports: number): KubeObject => ({
      metadata: { name: 's', resourceVersion: '1' },
      spec: { type, ports: Array.from({ length: ports }, () => ({})) },
    });
    const change = (to: KubeObject, from: KubeObject) =>
      validate({ of: 'services', operation: 'UPDATE', object: to, oldObject: from });
    expect((await change(service('NodePort', 1), service('ClusterIP', 1))).code).toBe('QUOTA_CHARGED');
    expect(used('q')).toEqual({ cpu: '100m', 'services.nodeports': '1' });
    expect(refusal(await change(service('NodePort', 2), service('NodePort', 1)))).toContain(
      'requested: services.nodeports=1',
    );
    expect((await change(service('ClusterIP', 1), service('NodePort', 1))).outcome).toBe('accepted');
  });

  it.each([
    ['Terminating', { activeDeadlineSeconds: 5 }, {}],
    ['NotTerminating', {}, { activeDeadlineSeconds: 5 }],
    ['PriorityClass', { priorityClassName: 'high' }, {}],
    [
      'CrossNamespacePodAffinity',
      {
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaces: ['other'] }] },
        },
      },
      {},
    ],
  ])('counts only pods within its scope %s', async (scope, within, beyond) => {
    const { validate } = setup({
      q: { hard: { pods: '0' }, used: { pods: '0' }, spec: { scopes: [scope] } },
    });
    expect((await validate({ object: asking({}, within) })).outcome).toBe('denied');
    expect((await validate({ object: asking({}, beyond) })).outcome).toBe('accepted');
  });

  it('has all scopes fit', async () => {
    const scopeSelector = {
      matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
    };
    const { validate } = setup({
      q: { hard: { pods: '0' }, used: { pods: '0' }, spec: { scopes: ['BestEffort'], scopeSelector } },
    });
    const outcome = async (requests: object, spec: object) =>
      (await validate({ object: asking(requests, spec) })).outcome;
    expect(await outcome({}, { priorityClassName: 'high' })).toBe('denied');
    expect(await outcome({ cpu: '1' }, { priorityClassName: 'high' })).toBe('accepted');
    expect(await outcome({}, { priorityClassName: 'low' })).toBe('accepted');
  });

  it('lets limited resources be used only where a quota covers them', async () => {
    const limited = [{ resource: 'persistentvolumeclaims', matchContains: ['gold.storageclass'] }];
    const claim = { metadata: { name: 'c' }, spec: { storageClassName: 'gold' } } as KubeObject;
    const none = setup({}, limited);
    expect(refusal(await none.validate({ of: 'persistentvolumeclaims', object: claim }))).toBe(
      'persistentvolumeclaims "c" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/persistentvolumeclaims',
    );
    const name = 'gold.storageclass.storage.k8s.io/persistentvolumeclaims';
    const covered = setup({ q: { hard: { [name]: '1' }, used: { [name]: '0' } } }, limited);
    expect((await covered.validate({ of: 'persistentvolumeclaims', object: claim })).code).toBe(
      'QUOTA_CHARGED',
    );
    const silver = { metadata: { name: 'c' }, spec: { storageClassName: 'silver' } } as KubeObject;
    expect((await none.validate({ of: 'persistentvolumeclaims', object: silver })).outcome).toBe('accepted');
  });

  it('lets limited scopes be used only where a quota has them', async () => {
    const matchScopes = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }];
    const limited = [{ matchScopes }];
    const object = asking({}, { priorityClassName: 'high' });
    expect(await setup({}, limited).validate({ object })).toMatchObject({
      code: 'QUOTA_SCOPE_NOT_COVERED',
      error: {
        status: {
          code: 500,
          message: 'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
        },
      },
    });
    const spec = { scopeSelector: { matchExpressions: matchScopes } };
    const covered = setup({ q: { hard: { pods: '1' }, used: { pods: '0' }, spec } }, limited);
    expect((await covered.validate({ object })).code).toBe('QUOTA_CHARGED');
  });

  it('counts objects of any kind, and not in no namespace', async () => {
    const hard = { 'count/widgets.example.com': '1', configmaps: '0' };
    const { validate } = setup({
      q: { hard, used: { 'count/widgets.example.com': '1', configmaps: '0' } },
    });
    const object = { metadata: { name: 'x' } };
    expect((await validate({ of: 'widgets.example.com', object })).outcome).toBe('denied');
    expect((await validate({ of: 'configmaps', object })).outcome).toBe('denied');
    expect((await validate({ of: 'secrets', object })).outcome).toBe('accepted');
    expect((await validate({ of: 'widgets.example.com', object, namespace: '' })).outcome).toBe('accepted');
    expect((await validate({ of: 'widgets.example.com', object, operation: 'UPDATE' })).outcome).toBe(
      'accepted',
    );
  });
});
