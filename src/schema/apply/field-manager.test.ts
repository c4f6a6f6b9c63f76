import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject, ManagedFieldsEntry } from '../../meta/object.ts';
import { isStatus, type StatusError } from '../../meta/status.ts';
import { FieldManager } from './field-manager.ts';
import { builtinKind } from './owned-kinds.ts';

const T0 = Date.UTC(2026, 0, 1);
const configMaps = new FieldManager(builtinKind('', 'ConfigMap'), 'v1');
const deployments = new FieldManager(builtinKind('apps', 'Deployment'), 'apps/v1');

const configMap = (data: Fields | undefined, metadata: Fields = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  ...(data ? { data } : {}),
});

/** What storing does to an object: it gets a uid, and empty maps vanish. */
function stored(object: KubeObject): KubeObject {
  const out: KubeObject = { ...object, metadata: { ...object.metadata, uid: 'u', resourceVersion: '1' } };
  if (out['data'] && Object.keys(out['data']).length === 0) delete out['data'];
  const { labels } = out.metadata;
  if (labels && Object.keys(labels).length === 0) delete out.metadata.labels;
  return out;
}

const fieldsOf = (object: KubeObject): Record<string, unknown> =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map((e: ManagedFieldsEntry) => [
      `${e.manager} ${e.operation}`,
      e.fieldsV1,
    ]),
  );

function apply(
  manager: string,
  live: KubeObject | undefined,
  patch: KubeObject,
  { force = false, now = T0, by = configMaps, subresource = '' } = {},
): KubeObject {
  return stored(by.apply(live, patch, { manager, force, subresource, now }));
}

function refusal(run: () => unknown): StatusError['status'] {
  try {
    run();
  } catch (error) {
    if (isStatus(error)) return error.status;
    throw error;
  }
  throw new Error('was let through');
}

describe('ownership on create and update', () => {
  it('a creation owns what it sets, and the maps it brings', () => {
    const made = configMaps.create(configMap({ a: '1' }, { labels: { x: 'y' } }), 'tester', T0);
    expect(made.metadata.managedFields).toEqual([
      {
        manager: 'tester',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } } },
      },
    ]);
  });

  it('parents that every object of the kind has are not owned', () => {
    const made = deployments.create(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', labels: { app: 'd' } },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: 'd' } },
          template: {
            metadata: { labels: { app: 'd' } },
            spec: {
              containers: [
                {
                  name: 'c',
                  image: 'i',
                  ports: [{ containerPort: 80, protocol: 'TCP' }],
                  resources: {},
                  terminationMessagePath: '/dev/termination-log',
                },
              ],
              volumes: [{ name: 'v', emptyDir: {} }],
              securityContext: {},
              nodeSelector: { a: 'b' },
            },
          },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        },
        status: {},
      },
      'kubectl-create',
      T0,
    );
    expect(made.metadata.managedFields![0]!.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:strategy': {
          'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} },
          'f:type': {},
        },
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': {
                  '.': {},
                  'k:{"containerPort":80,"protocol":"TCP"}': {
                    '.': {},
                    'f:containerPort': {},
                    'f:protocol': {},
                  },
                },
                'f:resources': {},
                'f:terminationMessagePath': {},
              },
            },
            'f:nodeSelector': {},
            'f:securityContext': {},
            'f:volumes': { '.': {}, 'k:{"name":"v"}': { '.': {}, 'f:emptyDir': {}, 'f:name': {} } },
          },
        },
      },
    });
  });

  it('an update takes over what it changes and leaves what it does not', () => {
    const live = stored(configMaps.create(configMap({ a: '1', b: '1' }), 'one', T0));
    const next = configMaps.update(
      live,
      configMap({ a: '2', b: '1', c: '1' }, { uid: 'u' }),
      'two',
      '',
      T0 + 2000,
    );
    expect(fieldsOf(next)).toEqual({
      'one Update': { 'f:data': { '.': {}, 'f:b': {} } },
      'two Update': { 'f:data': { 'f:a': {}, 'f:c': {} } },
    });
    expect(next.metadata.managedFields!.map((e) => e.time)).toEqual([
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:02Z',
    ]);
  });

  it('an update that changes nothing keeps the entries as they are', () => {
    const live = stored(configMaps.create(configMap({ a: '1' }), 'one', T0));
    const next = configMaps.update(live, configMap({ a: '1' }), 'two', '', T0 + 5000);
    expect(next.metadata.managedFields![0]).toBe(live.metadata.managedFields![0]);
  });

  it('what is removed is nobody’s', () => {
    const live = stored(configMaps.create(configMap({ a: '1', b: '1' }), 'one', T0));
    const next = configMaps.update(live, configMap({ a: '1' }), 'two', '', T0);
    expect(fieldsOf(next)).toEqual({ 'one Update': { 'f:data': { '.': {}, 'f:a': {} } } });
  });

  it('status is for the subresource, spec is not', () => {
    const pods = new FieldManager(builtinKind('', 'Pod'), 'v1');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', uid: 'u' },
      spec: { containers: [] },
      status: {},
    };
    const live = stored(pods.create(pod as KubeObject, 'one', T0));
    const changed = {
      ...pod,
      spec: { containers: [], hostname: 'h' },
      status: { phase: 'Running' },
    } as KubeObject;
    const next = pods.update(
      { ...live, metadata: { ...live.metadata, managedFields: [entry('x', {})] } },
      changed,
      'kubelet',
      'status',
      T0,
    );
    expect(next.metadata.managedFields).toMatchObject([
      { manager: 'kubelet', subresource: 'status', fieldsV1: { 'f:status': { 'f:phase': {} } } },
    ]);
  });

  it('resize lets only resources be owned', () => {
    const pods = new FieldManager(builtinKind('', 'Pod'), 'v1');
    const pod = (cpu: string, image: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', uid: 'u', managedFields: [entry('x', { 'f:spec': { 'f:hostname': {} } })] },
      spec: { hostname: 'h', containers: [{ name: 'c', image, resources: { limits: { cpu } } }] },
    });
    const next = pods.update(pod('1', 'a'), pod('2', 'b'), 'vpa', 'resize', T0);
    expect(fieldsOf(next)['vpa Update']).toEqual({
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:resources': { 'f:limits': { 'f:cpu': {} } } } } },
    });
  });
});

const entry = (
  manager: string,
  fieldsV1: Fields,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: '2025-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
});

describe('managedFields that clients send', () => {
  const live = stored(configMaps.create(configMap({ a: '1' }), 'one', T0));

  it('an empty list, or one blank entry, ends the keeping', () => {
    for (const managedFields of [[], [{}]] as ManagedFieldsEntry[][]) {
      const next = configMaps.update(live, configMap({ a: '2' }, { managedFields }), 'two', '', T0);
      expect(next.metadata.managedFields).toBeUndefined();
      const again = configMaps.update(stored(next), configMap({ a: '3' }), 'two', '', T0);
      expect(again.metadata.managedFields).toBeUndefined();
    }
  });

  it('what cannot be read counts as not sent', () => {
    const bad: ManagedFieldsEntry[][] = [
      [entry('x', { 'f:data': {} }, { operation: 'Guess' as 'Apply' })],
      [entry('x', { 'f:data': {} }, { apiVersion: '' })],
      [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsV1: {} }],
      [entry('x', { nonsense: {} })],
    ];
    for (const managedFields of bad) {
      const next = configMaps.update(live, configMap({ a: '1' }, { managedFields }), 'two', '', T0);
      expect(fieldsOf(next)).toEqual({ 'one Update': { 'f:data': { '.': {}, 'f:a': {} } } });
    }
  });

  it('good ones are taken, but for subresources', () => {
    const managedFields = [entry('mine', { 'f:data': { 'f:a': {} } })];
    const next = configMaps.update(live, configMap({ a: '1' }, { managedFields }), 'two', '', T0);
    expect(fieldsOf(next)).toEqual({ 'mine Update': { 'f:data': { 'f:a': {} } } });
    const kept = configMaps.update(live, configMap({ a: '1' }, { managedFields }), 'two', 'status', T0);
    expect(fieldsOf(kept)).toEqual(fieldsOf(live));
  });

  it('owners in versions that are gone are forgotten', () => {
    const managedFields = [
      entry('old', { 'f:data': {} }, { apiVersion: 'v0' }),
      entry('mine', { 'f:data': { 'f:a': {} } }),
    ];
    const next = configMaps.update(live, configMap({ a: '1' }, { managedFields }), 'two', '', T0);
    expect(fieldsOf(next)).toEqual({ 'mine Update': { 'f:data': { 'f:a': {} } } });
  });
});

describe('the number of managers', () => {
  it('the oldest updates become one beyond ten', () => {
    let live = stored(configMaps.create(configMap({ k0: '0' }), 'm0', T0));
    const data: Fields = { k0: '0' };
    for (let i = 1; i <= 11; i++) {
      data[`k${i}`] = '0';
      live = stored(
        configMaps.update(live, configMap({ ...data }, { uid: 'u' }), `m${i}`, '', T0 + i * 1000),
      );
    }
    const managers = live.metadata.managedFields!.map((e) => e.manager);
    expect(managers).toEqual(['ancient-changes', ...[3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => `m${i}`)]);
    expect(live.metadata.managedFields![0]).toMatchObject({
      time: '2026-01-01T00:00:02Z',
      fieldsV1: { 'f:data': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } },
    });
  });
});

describe('apply', () => {
  it('goes the way of shared, contested, forced and given-up fields', () => {
    let live = apply('m1', undefined, configMap({ x: '1', y: '1' }, { labels: { l: '1' } }));
    const m1 = { 'f:data': { 'f:x': {}, 'f:y': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } };
    expect(fieldsOf(live)).toEqual({ 'm1 Apply': m1 });

    live = apply('m2', live, configMap({ z: '2' }));
    expect(live['data']).toEqual({ x: '1', y: '1', z: '2' });
    live = apply('m2', live, configMap({ x: '1', z: '2' }));
    expect(fieldsOf(live)).toEqual({ 'm1 Apply': m1, 'm2 Apply': { 'f:data': { 'f:x': {}, 'f:z': {} } } });

    expect(refusal(() => apply('m2', live, configMap({ x: '2', z: '2' })))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "m1": .data.x',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.data.x' }],
      },
    });
    expect(refusal(() => apply('m3', live, configMap({ x: '3', y: '3' }))).message).toBe(
      'Apply failed with 3 conflicts: conflicts with "m1":\n- .data.x\n- .data.y\nconflicts with "m2":\n- .data.x',
    );

    live = apply('m2', live, configMap({ x: '2', z: '2' }), { force: true });
    expect(fieldsOf(live)).toEqual({
      'm1 Apply': { 'f:data': { 'f:y': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
      'm2 Apply': { 'f:data': { 'f:x': {}, 'f:z': {} } },
    });

    live = apply('m1', live, configMap({}), { now: T0 + 2000 });
    expect(live['data']).toEqual({ x: '2', z: '2' });
    expect(live.metadata.labels).toBeUndefined();
    expect(live.metadata.managedFields!.map((e) => [e.manager, e.fieldsV1])).toEqual([
      ['m2', { 'f:data': { 'f:x': {}, 'f:z': {} } }],
      ['m1', { 'f:data': {} }],
    ]);

    live = stored(
      configMaps.update(live, configMap({ x: '9', z: '2' }, { uid: 'u' }), 'hand', '', T0 + 3000),
    );
    expect(fieldsOf(live)).toEqual({
      'm2 Apply': { 'f:data': { 'f:z': {} } },
      'm1 Apply': { 'f:data': {} },
      'hand Update': { 'f:data': { 'f:x': {} } },
    });
    expect(refusal(() => apply('m2', live, configMap({ x: '2', z: '2' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "hand" using v1: .data.x',
    );
  });

  it('the same again changes nothing, times included', () => {
    const live = apply('m1', undefined, configMap({ x: '1' }));
    const again = apply('m1', live, configMap({ x: '1' }), { now: T0 + 60_000 });
    expect(again).toEqual(live);
    expect(again.metadata.managedFields![0]).toBe(live.metadata.managedFields![0]);
  });

  it('an object from before the first apply has an owner', () => {
    const live = stored(configMap({ x: '1' }));
    expect(refusal(() => apply('m1', live, configMap({ x: '2' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    );
    expect(fieldsOf(apply('m1', live, configMap({ x: '2' }), { force: true }))).toEqual({
      'm1 Apply': { 'f:data': { 'f:x': {} } },
      'before-first-apply Update': { 'f:data': {} },
    });
  });

  it('an empty map is a value that conflicts', () => {
    const live = apply('m1', undefined, configMap({}, { finalizers: ['x.io/a'] }));
    expect(refusal(() => apply('m2', live, configMap({}, { finalizers: ['x.io/b'] }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "m1": .data',
    );
    const next = apply('m2', live, configMap(undefined, { finalizers: ['x.io/b'] }));
    expect(next.metadata.finalizers).toEqual(['x.io/a', 'x.io/b']);
    expect(fieldsOf(next)).toEqual({
      'm1 Apply': { 'f:data': {}, 'f:metadata': { 'f:finalizers': { 'v:"x.io/a"': {} } } },
      'm2 Apply': { 'f:metadata': { 'f:finalizers': { 'v:"x.io/b"': {} } } },
    });
  });

  it('does not change what it is given', () => {
    const live = apply('m1', undefined, configMap({ x: '1', y: '1' }));
    const before = JSON.stringify(live);
    apply('m1', live, configMap({ y: '2' }), { now: T0 + 1000 });
    expect(JSON.stringify(live)).toBe(before);
  });
});

describe('apply to lists', () => {
  const deployment = (containers: Fields[] | undefined, spec: Fields = {}): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    ...(containers || Object.keys(spec).length
      ? { spec: { ...spec, ...(containers ? { template: { spec: { containers } } } : {}) } }
      : {}),
  });
  const by = deployments;
  const web = deployment(
    [{ name: 'c', image: 'i:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }],
    { replicas: 1, selector: { matchLabels: { a: 'b' } } },
  );
  const names = (object: KubeObject): string[] =>
    object['spec'].template.spec.containers.map((c: Fields) => c['name']);

  it('items are owned by key, and given up with their owner', () => {
    let live = apply('web', undefined, web, { by });
    expect(fieldsOf(live)['web Apply']).toEqual({
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                'f:image': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    });
    live = apply('side', live, deployment([{ name: 'sidecar', image: 's:1' }]), { by });
    expect(names(live)).toEqual(['c', 'sidecar']);
    expect(
      refusal(() => apply('side', live, deployment([{ name: 'c', image: 'i:2' }]), { by })).message,
    ).toBe(
      'Apply failed with 1 conflict: conflict with "web": .spec.template.spec.containers[name="c"].image',
    );
    live = apply('side', live, deployment(undefined), { by });
    expect(names(live)).toEqual(['c']);
    expect(Object.keys(fieldsOf(live))).toEqual(['web Apply']);
  });

  it('a conflict names the subresource', () => {
    const live = apply('web', undefined, web, { by });
    const scaled = stored(
      by.update(live, { ...live, spec: { ...live['spec'], replicas: 4 } }, 'scaler', 'scale', T0),
    );
    expect(refusal(() => apply('web', scaled, web, { by })).message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('conflicts of a list are in the order of its keys', () => {
    const services = new FieldManager(builtinKind('', 'Service'), 'v1');
    const service = (target: number): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [443, 80, 8080].map((port) => ({ port, targetPort: target + port })) },
    });
    const live = apply('one', undefined, service(1), { by: services });
    expect(refusal(() => apply('two', live, service(2), { by: services })).message).toBe(
      `Apply failed with 3 conflicts: conflicts with "one":${[80, 443, 8080].map((p) => `\n- .spec.ports[port=${p},protocol="TCP"].targetPort`).join('')}`,
    );
  });

  it('refuses what does not fit the type', () => {
    const faults: [KubeObject, string][] = [
      [
        deployment([
          { name: 'c', image: 'i' },
          { name: 'c', image: 'j' },
        ]),
        '.spec.template.spec.containers: duplicate entries for key [name="c"]',
      ],
      [
        deployment(undefined, { replicas: 'two' }),
        '.spec.replicas: expected numeric (int or float), got string',
      ],
      [deployment(undefined, { paused: 'yes' }), '.spec.paused: expected boolean, got &{yes}'],
      [deployment(undefined, { template: 'x' }), '.spec.template: expected map, got &{x}'],
      [deployment(undefined, { colour: 1 }), '.spec.colour: field not declared in schema'],
    ];
    for (const [patch, fault] of faults) {
      expect(refusal(() => apply('m', undefined, patch, { by }))).toMatchObject({
        code: 500,
        message: `failed to create typed patch object (/d; apps/v1, Kind=Deployment): ${fault}`,
      });
    }
  });
});

describe('patches that apply refuses', () => {
  const cases: [Fields, number, string][] = [
    [{ apiVersion: 'v1', metadata: { name: 'y' } }, 400, 'invalid object type: /v1, Kind='],
    [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'y' } },
      400,
      'invalid object type: /v1, Kind=Secret',
    ],
    [{ apiVersion: 'v3', kind: 'ConfigMap' }, 400, 'invalid object type: /v3, Kind=ConfigMap'],
    [configMap({}, { managedFields: [entry('x', {})] }), 400, 'metadata.managedFields must be nil'],
    [configMap({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    [
      configMap(undefined, { name: true }),
      500,
      'failed to create typed patch object (/; /v1, Kind=ConfigMap): .metadata.name: expected string, got &value.valueUnstructured{Value:true}',
    ],
    [
      configMap({ a: 1 }, { namespace: 'n' }),
      500,
      'failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}',
    ],
  ];
  for (const [patch, code, message] of cases) {
    it(message, () => {
      expect(refusal(() => apply('m', undefined, patch as KubeObject))).toMatchObject({ code, message });
    });
  }
});

describe('from client-side to server-side apply', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
  const config = configMap({ x: '1' }, { annotations: {} });
  const made = configMap({ x: '1' }, { annotations: { [LAST]: `${JSON.stringify(config)}\n` } });
  const live = stored(configMaps.create(made, 'kubectl-client-side-apply', T0));

  it('kubectl takes over what it had applied, and the annotation follows', () => {
    const next = apply('kubectl', live, configMap({ x: '2' }));
    expect(next['data']).toEqual({ x: '2' });
    expect(next.metadata.annotations![LAST]).toBe(
      '{"apiVersion":"v1","data":{"x":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}\n',
    );
  });

  it('others conflict, and so does kubectl over what somebody has changed since', () => {
    expect(refusal(() => apply('m', live, configMap({ x: '2' }))).code).toBe(409);
    const changed = stored(configMaps.update(live, { ...live, data: { x: '7' } }, 'hand', '', T0));
    expect(refusal(() => apply('kubectl', changed, configMap({ x: '2' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "hand" using v1: .data.x',
    );
  });
});

describe('keepTimes', () => {
  it('puts the old times back where nothing else has changed', () => {
    const live = stored(configMaps.create(configMap({ x: '1' }), 'one', T0));
    const [old] = live.metadata.managedFields!;
    const same: KubeObject = {
      ...live,
      metadata: { ...live.metadata, managedFields: [{ ...old!, time: '2027-01-01T00:00:00Z' }] },
    };
    const other: KubeObject = { ...same, metadata: { ...same.metadata }, data: { x: '2' } };
    configMaps.keepTimes(same, live);
    configMaps.keepTimes(other, live);
    expect(same.metadata.managedFields![0]!.time).toBe('2026-01-01T00:00:00Z');
    expect(other.metadata.managedFields![0]!.time).toBe('2027-01-01T00:00:00Z');
  });
});
