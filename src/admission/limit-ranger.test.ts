import { describe, expect, it } from 'vitest';
import { attributesOf, listerOf, pod, refusal } from './fixtures/attributes.ts';
import { LimitRanger } from './limit-ranger.ts';

const range = (...limits: object[]) => ({ metadata: { name: 'r', namespace: 'ns' }, spec: { limits } });
const container = (name: string, requests: object, limits: object = {}) => ({
  name,
  resources: { requests, limits },
});

function judge(ranges: object[], object: ReturnType<typeof pod>, over: object = {}): string | undefined {
  const attributes = attributesOf({ object, ...over });
  return refusal(new LimitRanger(listerOf(...ranges)).validate(attributes))?.replace(
    'pods "p" is forbidden: ',
    '',
  );
}

describe('LimitRanger', () => {
  it('fills in what containers leave out, and writes down what', () => {
    const defaults = range({
      type: 'Container',
      default: { cpu: '500m', memory: '256Mi' },
      defaultRequest: { cpu: '200m' },
    });
    const object = pod({
      containers: [container('a', {}), container('b', { cpu: '1' }, { cpu: '1', memory: '1Gi' })],
      initContainers: [{ name: 'i' }],
    });
    new LimitRanger(listerOf(defaults)).admit(attributesOf({ object }));
    expect(object['spec'].containers[0].resources).toEqual({
      requests: { cpu: '200m' },
      limits: { cpu: '500m', memory: '256Mi' },
    });
    expect(object['spec'].containers[1].resources).toEqual({
      requests: { cpu: '1' },
      limits: { cpu: '1', memory: '1Gi' },
    });
    expect(object.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a; cpu request for init container i; cpu, memory limit for init container i',
    });
    const untouched = pod();
    new LimitRanger(listerOf(range({ type: 'Pod', max: { cpu: '1' } }))).admit(
      attributesOf({ object: untouched }),
    );
    expect(untouched).toEqual(pod());
  });

  it('keeps containers within bounds', () => {
    const bounds = [
      range({
        type: 'Container',
        min: { cpu: '100m' },
        max: { cpu: '1', memory: '1Gi' },
        maxLimitRequestRatio: { cpu: '4' },
      }),
    ];
    const one = (requests: object, limits: object) =>
      judge(bounds, pod({ containers: [container('c', requests, limits)] }));
    const memory = { memory: '1Gi' };
    expect(one({ cpu: '500m' }, { cpu: '1', ...memory })).toBeUndefined();
    expect(one({ cpu: '50m' }, { cpu: '100m', ...memory })).toBe(
      'minimum cpu usage per Container is 100m, but request is 50m',
    );
    expect(one({ cpu: '0.5' }, { cpu: '1500m', ...memory })).toBe(
      'maximum cpu usage per Container is 1, but limit is 1500m',
    );
    expect(one({ cpu: '100m' }, { cpu: '1', ...memory })).toBe(
      'cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000',
    );
    expect(one({ cpu: '1' }, { cpu: '1' })).toBe(
      'maximum memory usage per Container is 1Gi.  No limit is specified',
    );
    expect(one({}, {})).toBe(
      '[minimum cpu usage per Container is 100m.  No request is specified, maximum cpu usage per Container is 1.  No limit is specified, maximum memory usage per Container is 1Gi.  No limit is specified, cpu max limit to request ratio per Container is 4, but no request is specified or request is 0]',
    );
  });

  it('adds containers up for pods, sidecars with them and init containers apart', () => {
    const bounds = [range({ type: 'Pod', max: { cpu: '1' } })];
    const cpu = (name: string, amount: string, over: object = {}) => ({
      ...container(name, { cpu: amount }, { cpu: amount }),
      ...over,
    });
    expect(judge(bounds, pod({ containers: [cpu('a', '600m'), cpu('b', '600m')] }))).toBe(
      'maximum cpu usage per Pod is 1, but limit is 1200m',
    );
    expect(
      judge(bounds, pod({ containers: [cpu('a', '600m')], initContainers: [cpu('i', '1')] })),
    ).toBeUndefined();
    const sidecar = cpu('s', '500m', { restartPolicy: 'Always' });
    expect(judge(bounds, pod({ containers: [cpu('a', '600m')], initContainers: [sidecar] }))).toContain(
      'but limit is 1100m',
    );
    expect(
      judge(bounds, pod({ containers: [cpu('a', '1')], initContainers: [sidecar] }), { operation: 'UPDATE' }),
    ).toBeUndefined();
    expect(
      judge(bounds, pod({ containers: [cpu('a', '2')] }), {
        operation: 'UPDATE',
        subresource: 'resize',
        oldObject: pod(),
      }),
    ).toContain('but limit is 2');
  });

  it('looks at what claims ask for', () => {
    const bounds = listerOf(
      range({ type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '4Gi' } }),
    );
    const claim = (storage?: string) =>
      refusal(
        new LimitRanger(bounds).validate(
          attributesOf({
            of: 'persistentvolumeclaims',
            object: {
              metadata: { name: 'c' },
              spec: { resources: { requests: storage ? { storage } : {} } },
            },
          }),
        ),
      )?.replace('persistentvolumeclaims "c" is forbidden: ', '');
    expect(claim('3Gi')).toBeUndefined();
    expect(claim('1Gi')).toBe('minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi');
    expect(claim('5Gi')).toBe('maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi');
    expect(claim()).toContain(
      'maximum storage usage per PersistentVolumeClaim is 4Gi.  No request is specified',
    );
  });

  it('lets what is being deleted be', () => {
    const going = pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const bounds = [range({ type: 'Container', min: { cpu: '1' } })];
    expect(
      judge(bounds, pod(), { operation: 'UPDATE', subresource: 'resize', oldObject: going }),
    ).toBeUndefined();
  });
});
