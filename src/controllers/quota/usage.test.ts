import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { StaticLister } from '../../registry/lister.ts';
import { DeviceUsage } from './devices.ts';
import { QuotaEvaluators } from './evaluator.ts';
import { type ResourceList, writeResources } from './resource-list.ts';
import { claimInScope, podInScope } from './scopes.ts';
import { claimUsage, podUsage, serviceUsage } from './usage.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const written = (list: ResourceList): Record<string, string> => writeResources(list);
const object = (spec: object, more: object = {}): KubeObject =>
  ({ metadata: { name: 'x', namespace: 'ns' }, spec, ...more }) as KubeObject;
const container = (requests: object, more: object = {}): object => ({
  name: 'c',
  resources: { requests, ...more },
});

describe('a pod counts', () => {
  const usage = (spec: object, more: object = {}) => written(podUsage(object(spec, more), NOW));

  it('all containers and sidecars, or an init container with the sidecars before it', () => {
    expect(
      usage({
        containers: [container({ cpu: '1', memory: '1Gi' }), container({ cpu: '500m' })],
        initContainers: [
          { ...container({ cpu: '100m' }), restartPolicy: 'Always' },
          container({ cpu: '2', memory: '10Mi' }),
        ],
      }),
    ).toEqual({
      'count/pods': '1',
      pods: '1',
      cpu: '2100m',
      'requests.cpu': '2100m',
      memory: '1Gi',
      'requests.memory': '1Gi',
    });
  });

  it('what it says as a whole before its containers, and its overhead', () => {
    const spec = {
      resources: { requests: { cpu: '4' }, limits: { cpu: '5' } },
      containers: [container({ cpu: '1' })],
      overhead: { cpu: '250m', memory: '1Mi' },
    };
    expect(usage(spec)).toMatchObject({
      cpu: '4250m',
      'limits.cpu': '5250m',
      'requests.memory': '1Mi',
    });
    expect(usage(spec)).not.toHaveProperty(['limits.memory']);
  });

  it('extended resources by request, huge pages by both names', () => {
    expect(
      usage({
        containers: [
          container(
            { 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi' },
            { limits: { 'example.com/gpu': '2' } },
          ),
        ],
      }),
    ).toEqual({
      'count/pods': '1',
      pods: '1',
      'requests.example.com/gpu': '2',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
    });
  });

  it('the more of what a container asks for and what it has been given', () => {
    const status = (resources: object, conditions: object[] = []) => ({
      status: { containerStatuses: [{ name: 'c', resources }], conditions },
    });
    const spec = { containers: [container({ cpu: '1' })] };
    expect(usage(spec, status({ requests: { cpu: '3' } })).cpu).toBe('3');
    expect(usage(spec, status({ requests: { cpu: '500m' } })).cpu).toBe('1');
    const infeasible = [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }];
    expect(usage(spec, status({ requests: { cpu: '500m' } }, infeasible)).cpu).toBe('500m');
  });

  it('as an object alone once it is over', () => {
    const spec = { containers: [container({ cpu: '1' })] };
    for (const phase of ['Failed', 'Succeeded'])
      expect(usage(spec, { status: { phase } })).toEqual({ 'count/pods': '1' });
    const metadata = (deletionTimestamp: string) => ({
      metadata: { name: 'x', deletionTimestamp, deletionGracePeriodSeconds: 30 },
    });
    expect(usage(spec, metadata('2025-12-31T23:59:31Z')).pods).toBe('1');
    expect(usage(spec, metadata('2025-12-31T23:59:29Z'))).toEqual({ 'count/pods': '1' });
  });
});

describe('a service counts', () => {
  const usage = (spec: object) => {
    const counted = written(serviceUsage(object(spec)));
    return [counted['services'], counted['services.nodeports'], counted['services.loadbalancers']];
  };
  const ports = [{ nodePort: 30000 }, {}];

  it.each([
    ['ClusterIP', {}, ['1', '0', '0']],
    ['NodePort', {}, ['1', '2', '0']],
    ['LoadBalancer', {}, ['1', '2', '1']],
    ['LoadBalancer', { allocateLoadBalancerNodePorts: false }, ['1', '1', '1']],
  ])('by its type: %s %j', (type, more, counted) => {
    expect(usage({ type, ports, ...more })).toEqual(counted);
  });
});

describe('a claim counts', () => {
  it('in all, and by its class', () => {
    const spec = { storageClassName: 'gold', resources: { requests: { storage: '1500m' } } };
    expect(written(claimUsage(object(spec)))).toEqual({
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '2',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'gold.storageclass.storage.k8s.io/requests.storage': '2',
    });
  });

  it('what is set aside for it already', () => {
    const spec = { resources: { requests: { storage: '1Gi' } } };
    const status = { allocatedResources: { storage: '3Gi' } };
    expect(written(claimUsage(object(spec, { status })))['requests.storage']).toBe('3Gi');
  });
});

describe('a ResourceClaim counts', () => {
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 };
  const claim = (requests: object[], metadata: object = {}): KubeObject =>
    object({ devices: { requests } }, { metadata: { name: 'claim', namespace: 'ns', ...metadata } });
  function usageBeside(objects: Record<string, KubeObject[]>) {
    const devices = new DeviceUsage(({ resource }) => new StaticLister(objects[resource] ?? []));
    return { devices, usage: (one: KubeObject) => written(devices.usage(one, NOW)) };
  }
  const gpu = { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } } as KubeObject;

  it('devices by their class, the most of alternatives', () => {
    const all = { deviceClassName: 'net', allocationMode: 'All' };
    const requests = [
      { name: 'a', exactly },
      { name: 'b', firstAvailable: [{ ...exactly, count: 1 }, { ...exactly, count: 3 }, all] },
    ];
    expect(usageBeside({}).usage(claim(requests))).toEqual({
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '5',
      'requests.deviceclass.resource.kubernetes.io/gpu': '5',
      'net.deviceclass.resource.k8s.io/devices': '32',
      'requests.deviceclass.resource.kubernetes.io/net': '32',
    });
  });

  it('as the extended resource that its class stands for', () => {
    const { devices, usage } = usageBeside({ deviceclasses: [gpu] });
    expect(usage(claim([{ name: 'a', exactly }]))['requests.example.com/gpu']).toBe('2');
    expect(
      ['example.com/gpu', 'deviceclass.resource.kubernetes.io/gpu', 'cpu', 'example.com/other'].map((name) =>
        devices.counts(`requests.${name}`),
      ),
    ).toEqual([true, true, false, false]);
  });

  const made = {
    uid: 'c1',
    creationTimestamp: '2026-01-01T00:00:05Z',
    annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'u', controller: true }],
  };
  const pod = (status: object = {}, uid = 'u'): KubeObject =>
    object(
      { containers: [container({ 'example.com/gpu': '2' })] },
      { metadata: { name: 'x', namespace: 'ns', uid }, status },
    );
  const named = (resourceClaimName: string) => ({ extendedResourceClaimStatus: { resourceClaimName } });
  const earlier = claim([], { ...made, name: 'a', creationTimestamp: '2026-01-01T00:00:04Z' });

  it.each<[string, KubeObject[], KubeObject[], object, string | undefined]>([
    ['is paid for by its pod', [pod()], [], made, undefined],
    ['is paid for by a pod that says so', [pod(named('claim'))], [earlier], made, undefined],
    ['is not paid for by a pod of another claim', [pod(named('a'))], [], made, '2'],
    ['is not the first of its pod', [pod()], [earlier], made, '2'],
    ['has another pod of the name', [pod({}, 'other')], [], made, '2'],
    ['has no pod any more', [], [], made, '2'],
    ['was not made for extended resources', [pod()], [], { ...made, annotations: {} }, '2'],
  ])('once where it is made for a pod: %s', (_, pods, resourceclaims, metadata, counted) => {
    const { usage } = usageBeside({ pods, resourceclaims, deviceclasses: [gpu] });
    expect(usage(claim([{ name: 'a', exactly }], metadata))['requests.example.com/gpu']).toBe(counted);
  });
});

describe('a scope', () => {
  const priority = (operator: string, ...values: string[]) => ({
    scopeName: 'PriorityClass',
    operator,
    values,
  });

  it.each([
    [priority('Exists'), { priorityClassName: 'a' }, {}],
    [priority('DoesNotExist'), {}, { priorityClassName: 'a' }],
    [priority('In', 'a', 'b'), { priorityClassName: 'b' }, { priorityClassName: 'c' }],
    [priority('NotIn', 'a'), {}, { priorityClassName: 'a' }],
    [
      { scopeName: 'BestEffort', operator: 'Exists' },
      { containers: [container({})] },
      { containers: [container({ cpu: '1' })] },
    ],
    [
      { scopeName: 'NotBestEffort', operator: 'Exists' },
      { containers: [container({ cpu: '1' })] },
      { containers: [container({})] },
    ],
  ])('has pods within and beyond it: %j', (scope, within, beyond) => {
    expect(podInScope(object(within), scope)).toBe(true);
    expect(podInScope(object(beyond), scope)).toBe(false);
  });

  it('of claims goes by every class they have or are to have', () => {
    const scope = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] };
    expect(claimInScope(object({ volumeAttributesClassName: 'fast' }), scope)).toBe(true);
    const status = { currentVolumeAttributesClassName: 'fast' };
    expect(claimInScope(object({}, { status }), scope)).toBe(true);
    expect(claimInScope(object({}), scope)).toBe(false);
    expect(claimInScope(object({}), { scopeName: 'BestEffort', operator: 'Exists' })).toBe(false);
  });
});

describe('who counts what', () => {
  const evaluators = new QuotaEvaluators(() => undefined);

  it('goes by the names a quota limits', () => {
    const names = (...hard: string[]) => evaluators.counting(hard).map(({ resource }) => resource.resource);
    expect(names('requests.cpu', 'pods', 'requests.example.com/gpu')).toEqual(['pods']);
    expect(names('services.nodeports', 'configmaps')).toEqual(['services', 'configmaps']);
    expect(names('count/deployments.apps', 'gold.storageclass.storage.k8s.io/requests.storage')).toEqual([
      'deployments',
      'persistentvolumeclaims',
    ]);
    expect(names('nothing', 'count/events')).toEqual([]);
  });

  it('counts no reviews and no events', () => {
    expect(evaluators.of({ group: '', resource: 'events' })).toBeUndefined();
    expect(evaluators.of({ group: 'authentication.k8s.io', resource: 'tokenreviews' })).toBeUndefined();
    expect(
      evaluators.of({ group: 'example.com', resource: 'widgets' })!.counts('count/widgets.example.com'),
    ).toBe(true);
  });
});
