import { describe, expect, it } from 'vitest';
import { cells, contextWith, created, createFaults, updateFaults } from '../fixtures/strategy-check.ts';

const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const b64 = (text: string) => Buffer.from(text).toString('base64');

describe('ConfigMap', () => {
  it.each([
    [{ data: { a: '1' } }, []],
    [{ data: { 'bad key': '1' } }, [`data[bad key]: Invalid value: "bad key": ${KEY}`]],
    [
      { data: { a: '1' }, binaryData: { a: 'AA==' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [{ data: { big: 'x'.repeat(1_048_577) } }, ['[]: Too long: may not be more than 1048576 bytes']],
    [{ data: { big: 'x'.repeat(1_048_576) } }, []],
  ])('creates %#', (object, faults) => {
    expect(createFaults('', 'configmaps', object)).toEqual(faults);
  });

  it('does not change once immutable', () => {
    const why = 'field is immutable when `immutable` is set';
    const old = { immutable: true, data: { a: '1' } };
    expect(updateFaults('', 'configmaps', old, { data: { a: '2' } })).toEqual([
      `immutable: Forbidden: ${why}`,
      `data: Forbidden: ${why}`,
    ]);
    expect(updateFaults('', 'configmaps', old, { immutable: true, data: { a: '1' } })).toEqual([]);
    expect(updateFaults('', 'configmaps', { data: {} }, { immutable: true, data: { a: '1' } })).toEqual([]);
  });

  it('shows how many keys it has', () => {
    expect(cells('', 'configmaps', { data: { a: '' }, binaryData: { b: '' } })).toEqual(['x', 2, '24h']);
  });
});

describe('Secret', () => {
  it('is Opaque unless it says what it is, and takes stringData', () => {
    const secret = created('', 'secrets', { data: { a: b64('old') }, stringData: { a: 'new', b: 'ü' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: b64('new'), b: b64('ü') } });
    expect(secret['stringData']).toBeUndefined();
  });

  it.each([
    [{ type: 'kubernetes.io/dockercfg' }, ['data[.dockercfg]: Required value']],
    [
      { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': b64('{') } },
      ['data[.dockercfg]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
    ],
    [
      { type: 'kubernetes.io/basic-auth' },
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
    [{ type: 'kubernetes.io/basic-auth', data: { username: b64('u') } }, []],
    [{ type: 'kubernetes.io/ssh-auth' }, ['data[ssh-privatekey]: Required value']],
    [{ type: 'kubernetes.io/tls' }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    [
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [{ type: 'mine.io/any', data: { k: b64('v') } }, []],
  ])('creates %#', (object, faults) => {
    expect(createFaults('', 'secrets', object)).toEqual(faults);
  });

  it('keeps its type', () => {
    expect(updateFaults('', 'secrets', { type: 'Opaque' }, { type: 'mine.io/other' })).toEqual([
      'type: Invalid value: "mine.io/other": field is immutable',
    ]);
    expect(updateFaults('', 'secrets', { type: 'mine.io/other' }, {})).toEqual([
      'type: Invalid value: "Opaque": field is immutable',
    ]);
  });

  it('shows its type and how many keys it has', () => {
    expect(cells('', 'secrets', { type: 'Opaque', data: { a: 'AA==' } })).toEqual(['x', 'Opaque', 1, '24h']);
  });
});

describe('Namespace', () => {
  it('is active, named by its label and held by the finalizer', () => {
    expect(created('', 'namespaces', { metadata: { name: 'n', labels: { a: 'b' } } })).toMatchObject({
      metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('shows its phase', () => {
    expect(cells('', 'namespaces', { status: { phase: 'Terminating' } })).toEqual([
      'x',
      'Terminating',
      '24h',
    ]);
  });
});

describe('Node', () => {
  it.each([
    [{ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, []],
    [
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      // Its own idea of where taints are is kube-apiserver's.
      [
        'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      { spec: { podCIDRs: ['10.0.0.0/24', '10.1.0.0/24'] } },
      [
        'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family',
      ],
    ],
  ])('creates %#', (object, faults) => {
    expect(createFaults('', 'nodes', object)).toEqual(faults);
  });

  it('shows what kubelets report', () => {
    const node = {
      metadata: { labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'extra' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        nodeInfo: {
          kubeletVersion: 'v1.36.0',
          osImage: 'Linux',
          kernelVersion: '6',
          containerRuntimeVersion: 'c://2',
        },
      },
    };
    expect(cells('', 'nodes', node)).toEqual([
      'x',
      'Ready,SchedulingDisabled',
      'control-plane,extra',
      '24h',
      'v1.36.0',
      '10.0.0.1',
      '<none>',
      'Linux',
      '6',
      'c://2',
    ]);
    expect(cells('', 'nodes', {}).slice(1, 3)).toEqual(['Unknown', '<none>']);
  });
});

describe('volumes', () => {
  const claim = (spec: object) => ({
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });

  it.each([
    [claim({}), []],
    [claim({ accessModes: [] }), ['spec.accessModes: Required value: at least 1 access mode is required']],
    [
      claim({ accessModes: ['Sometimes'] }),
      [
        'spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    ],
    [claim({ resources: {} }), ['spec.resources[storage]: Required value']],
    [
      claim({ resources: { requests: { storage: '0' } } }),
      ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    ],
  ])('creates the claim %#', (object, faults) => {
    expect(createFaults('', 'persistentvolumeclaims', object)).toEqual(faults);
  });

  it('shows a bound claim', () => {
    const bound = {
      ...claim({ volumeName: 'pv', storageClassName: 'fast', volumeMode: 'Filesystem' }),
      status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] },
    };
    expect(cells('', 'persistentvolumeclaims', bound)).toEqual([
      'x',
      'Bound',
      'pv',
      '1Gi',
      'RWO',
      'fast',
      '<unset>',
      '24h',
      'Filesystem',
    ]);
  });

  it('wants one source and a capacity of a volume', () => {
    expect(createFaults('', 'persistentvolumes', { spec: { accessModes: ['ReadWriteOnce'] } })).toEqual([
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
      'spec: Required value: must specify a volume type',
    ]);
  });
});

describe('ServiceAccount, LimitRange, ResourceQuota', () => {
  it('lets accounts be as they are', () => {
    expect(createFaults('', 'serviceaccounts', {})).toEqual([]);
  });

  it('wants limits in order', () => {
    const limit = { type: 'Container', max: { cpu: '1' }, min: { cpu: '2' } };
    expect(createFaults('', 'limitranges', { spec: { limits: [limit] } })).toEqual(
      expect.arrayContaining([
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      ]),
    );
  });

  it('wants quotas of what there is', () => {
    expect(createFaults('', 'resourcequotas', { spec: { hard: { pods: '-1' } } })).toEqual([
      'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
    expect(
      createFaults('', 'resourcequotas', { spec: { hard: { pods: '10', 'requests.cpu': '2' } } }),
    ).toEqual([]);
  });

  it('shows what is used', () => {
    const quota = {
      status: { hard: { pods: '10', 'limits.cpu': '4' }, used: { pods: '2', 'limits.cpu': '1' } },
    };
    expect(cells('', 'resourcequotas', quota)).toEqual(['x', 'pods: 2/10', 'limits.cpu: 1/4', '24h']);
  });
});

describe('Event', () => {
  const event = { metadata: { namespace: 'default' }, involvedObject: { namespace: 'default', name: 'p' } };

  it('is taken in the namespace of what it is about', () => {
    expect(createFaults('', 'events', event)).toEqual([]);
    expect(
      createFaults('', 'events', { ...event, involvedObject: { namespace: 'other' } }, contextWith()),
    ).toEqual(['involvedObject.namespace: Invalid value: "other": does not match event.namespace']);
  });
});
