import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { container, created, podSpec, updated } from './fixture.ts';

const c = container;
const made = (spec: Fields = {}, meta: Fields = {}) => created(pods, podSpec(spec), { name: 'p', ...meta });

describe('updates of a pod', () => {
  const old = made({ activeDeadlineSeconds: 10, tolerations: [{ key: 'a', operator: 'Exists' }] });

  it('takes another image, a shorter deadline and more tolerations', () => {
    const { object, faults: errors } = updated(pods, old, (p) => {
      p['spec'].containers[0].image = 'i:2';
      p['spec'].activeDeadlineSeconds = 5;
      p['spec'].tolerations.push({ key: 'b', operator: 'Exists' });
      p['status'] = { phase: 'Running' };
    });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(object['status'].phase).toBe('Pending');
  });

  it.each<[string, (spec: Fields) => void, string]>([
    [
      'a longer deadline',
      (s) => {
        s['activeDeadlineSeconds'] = 11;
      },
      'spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value',
    ],
    [
      'no deadline',
      (s) => void delete s['activeDeadlineSeconds'],
      'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    ],
    [
      'fewer tolerations',
      (s) => {
        s['tolerations'] = [];
      },
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'more containers',
      (s) => void s['containers'].push({ name: 'd', image: 'i' }),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'a gate',
      (s) => {
        s['schedulingGates'] = [{ name: 'g' }];
      },
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'",
    ],
  ])('refuses %s', (_, change, fault) => {
    expect(updated(pods, old, (p) => change(p['spec'])).faults[0]).toBe(fault);
  });

  it('shows what else changed', () => {
    const { faults: errors } = updated(pods, old, (p) => {
      p['spec'].hostname = 'other';
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n/,
    );
    expect(errors[0]).toContain(
      ' "ImagePullSecrets": null,\n- "Hostname": "",\n+ "Hostname": "other",\n  "Subdomain": "",\n',
    );
  });

  it('lets a gated pod narrow where it may run', () => {
    const gated = made({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: '1' } });
    expect(
      updated(pods, gated, (p) => {
        p['spec'].nodeSelector.b = '2';
      }).faults,
    ).toEqual([]);
    expect(
      updated(pods, gated, (p) => {
        p['spec'].nodeSelector = { b: '2' };
      }).faults,
    ).toEqual([
      'spec.nodeSelector: Invalid value: {"b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ]);
  });

  it('adds ephemeral containers by their subresource alone', () => {
    const { object, faults: errors } = updated(
      pods,
      old,
      (p) => {
        p['spec'].ephemeralContainers = [{ name: 'dbg', image: 'd:1' }];
        p['spec'].hostname = 'ignored';
        p.metadata.labels = { ignored: 'yes' };
      },
      'ephemeralcontainers',
    );
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(object.metadata.labels).toBeUndefined();
    expect(object['spec'].hostname).toBeUndefined();
    expect(object['spec'].ephemeralContainers[0]).toEqual({
      name: 'dbg',
      image: 'd:1',
      imagePullPolicy: 'IfNotPresent',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    });
    expect(
      updated(
        pods,
        object,
        (p) => {
          p['spec'].ephemeralContainers = [];
        },
        'ephemeralcontainers',
      ).faults,
    ).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "dbg" may not be removed\n',
    ]);
    expect(
      updated(
        pods,
        object,
        (p) => {
          p['spec'].ephemeralContainers[0].ports = [{ containerPort: 1 }];
        },
        'ephemeralcontainers',
      ).faults[0],
    ).toBe('spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container');
  });

  it('resizes by the subresource alone', () => {
    const small = made({ containers: [c({ resources: { requests: { cpu: '1' } } })] });
    const { object, faults: errors } = updated(
      pods,
      small,
      (p) => {
        p['spec'].containers[0].resources.requests = { cpu: '2' };
        p['spec'].containers[0].image = 'ignored';
      },
      'resize',
    );
    expect(errors).toEqual([]);
    expect(object['spec'].containers[0]).toMatchObject({
      image: 'i:1',
      resources: { requests: { cpu: '2' } },
    });
    expect(
      updated(
        pods,
        small,
        (p) => {
          p['spec'].containers[0].resources.requests = {};
        },
        'resize',
      ).faults,
    ).toEqual([
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ]);
  });
});
