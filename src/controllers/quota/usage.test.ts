import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { evaluatorOf, evaluatorsFor } from './evaluator.ts';
import { type ResourceList, writeResources } from './resource-list.ts';
import { claimInScope, podInScope } from './scopes.ts';
import { claimUsage, podUsage, resourceClaimUsage, serviceUsage } from './usage.ts';

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

  it('devices by their class, the most of alternatives', () => {
    const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 };
    const all = { deviceClassName: 'net', allocationMode: 'All' };
    const requests = [
      { name: 'a', exactly },
      { name: 'b', firstAvailable: [{ ...exactly, count: 1 }, { ...exactly, count: 3 }, all] },
    ];
    expect(written(resourceClaimUsage(object({ devices: { requests } })))).toEqual({
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '5',
      'net.deviceclass.resource.k8s.io/devices': '32',
    });
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
  it('goes by the names a quota limits', () => {
    const names = (...hard: string[]) => evaluatorsFor(hard).map(({ resource }) => resource.resource);
    expect(names('requests.cpu', 'pods', 'requests.example.com/gpu')).toEqual(['pods']);
    expect(names('services.nodeports', 'configmaps')).toEqual(['services', 'configmaps']);
    expect(names('count/deployments.apps', 'gold.storageclass.storage.k8s.io/requests.storage')).toEqual([
      'deployments',
      'persistentvolumeclaims',
    ]);
    expect(names('nothing', 'count/events')).toEqual([]);
  });

  it('counts no reviews and no events', () => {
    expect(evaluatorOf({ group: '', resource: 'events' })).toBeUndefined();
    expect(evaluatorOf({ group: 'authentication.k8s.io', resource: 'tokenreviews' })).toBeUndefined();
    expect(
      evaluatorOf({ group: 'example.com', resource: 'widgets' })!.counts('count/widgets.example.com'),
    ).toBe(true);
  });
});
