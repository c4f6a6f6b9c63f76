import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { context, created, createFaults, decoded, NOW, updated } from '../core/pod/fixture.ts';
import type { Strategy } from '../strategy.ts';
import { appsStrategies } from './index.ts';

const strategy = (plural: string): Strategy => appsStrategies[plural]!;
const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
const selector = { matchLabels: { app: 'd' } };
const workload = (spec: Fields = {}): Fields => ({ spec: { selector, template, ...spec } });

describe('defaults', () => {
  it.each<[string, Fields]>([
    [
      'deployments',
      {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    ],
    ['replicasets', { replicas: 1 }],
    [
      'daemonsets',
      {
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        revisionHistoryLimit: 10,
      },
    ],
    [
      'statefulsets',
      {
        replicas: 1,
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        revisionHistoryLimit: 10,
      },
    ],
  ])('%s', (plural, spec) => {
    const object = decoded(strategy(plural), workload());
    expect(object['spec']).toMatchObject(spec);
    expect(object['spec'].template.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
    });
    expect(object['spec'].template.spec.enableServiceLinks).toBeUndefined();
  });

  it('leaves the updates of an OnDelete StatefulSet alone and names its claims', () => {
    const object = decoded(
      strategy('statefulsets'),
      workload({ updateStrategy: { type: 'OnDelete' }, volumeClaimTemplates: [{ metadata: { name: 'v' } }] }),
    );
    expect(object['spec'].updateStrategy).toEqual({ type: 'OnDelete' });
    expect(object['spec'].volumeClaimTemplates[0]).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'v' },
      spec: { volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
  });
});

describe('faults', () => {
  const mismatch =
    'spec.template.metadata.labels: Invalid value: {"app":"d"}: `selector` does not match template `labels`';
  it.each<[string, string, Fields, string[]]>([
    ['a flawless Deployment', 'deployments', {}, []],
    ['a flawless StatefulSet', 'statefulsets', { serviceName: 's' }, []],
    ['a flawless DaemonSet', 'daemonsets', {}, []],
    ['no selector', 'deployments', { selector: undefined }, ['spec.selector: Required value', mismatch]],
    [
      'an empty selector',
      'deployments',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'an empty selector',
      'statefulsets',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    ],
    ['another selector', 'replicasets', { selector: { matchLabels: { app: 'x' } } }, [mismatch]],
    ['another selector', 'daemonsets', { selector: { matchLabels: { app: 'x' } } }, [mismatch]],
    [
      'a broken selector',
      'deployments',
      { selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } },
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Like"}]}: invalid label selector',
      ],
    ],
    [
      'fewer than none',
      'deployments',
      { replicas: -1 },
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'pods that end',
      'replicasets',
      {
        template: {
          ...template,
          spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 1 },
        },
      },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
    [
      'no way to roll',
      'deployments',
      { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'shares of more than all',
      'deployments',
      { strategy: { rollingUpdate: { maxUnavailable: '101%', maxSurge: 'many' } } },
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'rolling what is made anew',
      'deployments',
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'an unknown strategy',
      'deployments',
      { strategy: { type: 'Slow' } },
      [
        'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      'a deadline before pods count',
      'deployments',
      { minReadySeconds: 600 },
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      'surge and absence at once',
      'daemonsets',
      { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      'neither',
      'daemonsets',
      { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
    [
      'a policy and a strategy unknown',
      'statefulsets',
      {
        podManagementPolicy: 'Some',
        updateStrategy: { type: 'Slow' },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Burn' },
      },
      [
        "spec.podManagementPolicy: Invalid value: \"Some\": must be 'OrderedReady' or 'Parallel'",
        'spec.updateStrategy: Invalid value: {"Type":"Slow","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'',
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Burn": supported values: "Retain", "Delete"',
      ],
    ],
    [
      'a claim that asks for nothing, mounted',
      'statefulsets',
      {
        volumeClaimTemplates: [{ metadata: { name: 'v' } }],
        template: {
          ...template,
          spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
        },
      },
      [
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      ],
    ],
    [
      'a template with faults',
      'deployments',
      { template: { ...template, spec: { containers: [{ name: 'c' }] } } },
      ['spec.template.spec.containers[0].image: Required value'],
    ],
  ])('%s: %s', (_, plural, spec, faults) => {
    expect(createFaults(strategy(plural), workload(spec))).toEqual(faults);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['data: Required value: data is mandatory']],
    ['a text', 'x', ['data: Required value: data must be a valid JSON object']],
    ['an object', { a: 1 }, []],
  ])('data of a ControllerRevision: %s', (_, data, faults) => {
    expect(createFaults(strategy('controllerrevisions'), { data, revision: 1 })).toEqual(faults);
  });
});

describe('updates', () => {
  it.each(['deployments', 'replicasets', 'statefulsets', 'daemonsets'])(
    '%s count their generations and keep their status',
    (plural) => {
      const old = created(strategy(plural), workload());
      expect(old.metadata.generation).toBe(1);
      const same = updated(strategy(plural), old, (o) => {
        o['status'] = { replicas: 9 };
        o.metadata.labels = { a: 'b' };
      });
      expect(same.object['status']).toEqual(old['status']);
      expect(same.object.metadata.generation).toBe(1);
      const other = updated(strategy(plural), old, (o) => {
        o['spec'].minReadySeconds = 3;
      });
      expect(other.object.metadata.generation).toBe(2);
      expect(other.faults).toEqual([]);
    },
  );

  it('counts annotations of Deployments as well', () => {
    const old = created(strategy('deployments'), workload());
    const { object } = updated(strategy('deployments'), old, (o) => {
      o.metadata.annotations = { a: 'b' };
    });
    expect(object.metadata.generation).toBe(2);
  });

  it('counts templates of DaemonSets', () => {
    const generation = (object: KubeObject) =>
      object.metadata.annotations!['deprecated.daemonset.template.generation'];
    const old = created(strategy('daemonsets'), workload());
    expect(generation(old)).toBe('1');
    const { object } = updated(strategy('daemonsets'), old, (o) => {
      o['spec'].template.spec.containers[0].image = 'i:2';
      delete o.metadata.annotations;
    });
    expect(generation(object)).toBe('2');
  });

  it('fixes selectors', () => {
    for (const plural of ['deployments', 'replicasets', 'daemonsets']) {
      const { faults } = updated(strategy(plural), created(strategy(plural), workload()), (o) => {
        o['spec'].selector = { matchLabels: { app: 'other' } };
        o['spec'].template.metadata.labels = { app: 'other' };
      });
      expect(faults).toEqual([
        'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
      ]);
    }
  });

  it('lets little of a StatefulSet change', () => {
    const old = created(strategy('statefulsets'), workload({ serviceName: 'a' }));
    const { faults } = updated(strategy('statefulsets'), old, (o) => {
      o['spec'].serviceName = 'b';
    });
    expect(faults).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });

  it('takes status alone by its subresource', () => {
    const old = created(strategy('deployments'), workload(), { labels: { a: 'b' } });
    const { object, faults } = updated(
      strategy('deployments'),
      old,
      (o) => {
        o['spec'].replicas = 7;
        o.metadata.labels = {};
        o['status'] = { replicas: 1, readyReplicas: 2, availableReplicas: 3 };
      },
      'status',
    );
    expect(object['spec'].replicas).toBe(1);
    expect(object.metadata.labels).toEqual({ a: 'b' });
    expect(faults).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ]);
  });
});

describe('rows and warnings', () => {
  const meta = { creationTimestamp: '2026-01-02T03:03:05Z' };
  it.each<[string, Fields, unknown[]]>([
    [
      'deployments',
      { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      ['x', '1/1', 2, 1, '60s', 'c', 'i:1', 'app=d'],
    ],
    ['replicasets', { replicas: 1 }, ['x', 1, 1, 0, '60s', 'c', 'i:1', 'app=d']],
    ['statefulsets', {}, ['x', '0/1', '60s', 'c', 'i:1']],
    [
      'daemonsets',
      { desiredNumberScheduled: 3, numberReady: 2 },
      ['x', 3, 0, 2, 0, 0, '<none>', '60s', 'c', 'i:1', 'app=d'],
    ],
  ])('%s', (plural, status, cells) => {
    const object = decoded(strategy(plural), { ...workload(), status }, meta);
    expect(strategy(plural).row!(object, NOW)).toEqual(cells);
  });

  it('controllerrevisions', () => {
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: '1', controller: true },
    ];
    const object = decoded(strategy('controllerrevisions'), { revision: 4 }, { ...meta, ownerReferences });
    expect(strategy('controllerrevisions').row!(object, NOW)).toEqual(['x', 'daemonset.apps/d', 4, '60s']);
  });

  it('warns of the template, and of names of pods', () => {
    const spec = { ...template.spec, nodeSelector: { 'beta.kubernetes.io/arch': 'x' } };
    const object = created(strategy('deployments'), workload({ template: { ...template, spec } }), {
      name: 'a.b',
    });
    expect(strategy('deployments').warnings!(object, undefined, context())).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
      'spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead',
    ]);
    expect(strategy('deployments').warnings!(object, object, context())).toEqual([]);
  });
});
