import { describe, expect, it } from 'vitest';
import { AlwaysPullImages } from './always-pull-images.ts';
import { DefaultTolerationSeconds } from './default-toleration-seconds.ts';
import { ExtendedResourceToleration } from './extended-resource-toleration.ts';
import { attributesOf, listerOf, pod, refusal } from './fixtures/attributes.ts';
import { LimitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts';
import { NodeDeclaredFeatureValidator } from './node-declared-feature-validator.ts';
import type { AdmissionAttributes, AdmissionPlugin, PluginVerdict } from './plugin.ts';
import { PodNodeSelector } from './pod-node-selector.ts';
import { PodResizeValidator } from './pod-resize-validator.ts';
import { PodTolerationRestriction } from './pod-toleration-restriction.ts';
import { PodTopologyLabels } from './pod-topology-labels.ts';
import { Priority } from './priority.ts';
import { RuntimeClass } from './runtime-class.ts';
import { mergeTolerations, withinTolerations } from './tolerations.ts';

const words = (verdict: PluginVerdict | Promise<PluginVerdict> | undefined) =>
  refusal(verdict as PluginVerdict)?.replace(/^pods "p" is forbidden: /, '');
const admit = (plugin: AdmissionPlugin, over: Partial<AdmissionAttributes>) =>
  words(plugin.admit!(attributesOf(over)));
const validate = (plugin: AdmissionPlugin, over: Partial<AdmissionAttributes>) =>
  words(plugin.validate!(attributesOf(over)));
const update = (object: object, oldObject: object, subresource = '') =>
  ({ operation: 'UPDATE', object, oldObject, subresource }) as Partial<AdmissionAttributes>;

describe('Priority', () => {
  const cls = (name: string, value: number, over: object = {}) => ({
    metadata: { name },
    value,
    preemptionPolicy: 'PreemptLowerPriority',
    ...over,
  });
  const high = cls('high', 1000, { preemptionPolicy: 'Never' });

  it('comes from the class, or the lowest default there is', () => {
    const classes = listerOf(
      high,
      cls('b', 9, { globalDefault: true }),
      cls('a', 5, { globalDefault: true }),
    );
    const object = pod({ priorityClassName: 'high' });
    expect(admit(new Priority(classes), { object })).toBeUndefined();
    expect(object['spec']).toMatchObject({
      priority: 1000,
      preemptionPolicy: 'Never',
      priorityClassName: 'high',
    });
    const plain = pod();
    admit(new Priority(classes), { object: plain });
    expect(plain['spec']).toMatchObject({ priority: 5, priorityClassName: 'a' });
    const bare = pod();
    admit(new Priority(listerOf()), { object: bare });
    expect(bare['spec']).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect(bare['spec'].priorityClassName).toBeUndefined();
  });

  it('is not given by the pod itself', () => {
    const plugin = new Priority(listerOf(high));
    expect(admit(plugin, { object: pod({ priorityClassName: 'x' }) })).toBe(
      'no PriorityClass with name x was found',
    );
    expect(admit(plugin, { object: pod({ priorityClassName: 'high', priority: 3 }) })).toBe(
      'the integer value of priority (3) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
    expect(
      admit(plugin, {
        object: pod({ priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' }),
      }),
    ).toBeUndefined();
    expect(
      admit(plugin, { object: pod({ priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' }) }),
    ).toContain('the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided');
  });

  it('stays as it is when a pod is updated without it', () => {
    const object = pod();
    admit(new Priority(listerOf()), update(object, pod({ priority: 7, preemptionPolicy: 'Never' })));
    expect(object['spec']).toMatchObject({ priority: 7, preemptionPolicy: 'Never' });
  });

  it('has one default class', () => {
    const plugin = new Priority(listerOf(cls('norm', 1, { globalDefault: true })));
    const ask = (operation: 'CREATE' | 'UPDATE', name: string, globalDefault = true) =>
      refusal(
        plugin.validate(
          attributesOf({
            of: 'priorityclasses.scheduling.k8s.io',
            operation,
            object: cls(name, 2, { globalDefault }),
          }),
        ),
      );
    expect(ask('CREATE', 'other')).toContain(
      'PriorityClass norm is already marked as default. Only one default can exist',
    );
    expect(ask('UPDATE', 'other')).toContain('already marked as default');
    expect(ask('UPDATE', 'norm')).toBeUndefined();
    expect(ask('CREATE', 'other', false)).toBeUndefined();
  });
});

describe('RuntimeClass', () => {
  const kata = {
    metadata: { name: 'kata' },
    overhead: { podFixed: { cpu: '250m' } },
    scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'kata', operator: 'Exists' }] },
  };
  const plugin = new RuntimeClass(listerOf(kata, { metadata: { name: 'plain' } }));

  it('adds what it costs and where it is to be had', () => {
    const object = pod({
      runtimeClassName: 'kata',
      nodeSelector: { a: 'b' },
      tolerations: [{ key: 'x', operator: 'Exists' }],
    });
    expect(admit(plugin, { object })).toBeUndefined();
    expect(object['spec']).toMatchObject({
      overhead: { cpu: '250m' },
      nodeSelector: { a: 'b', kata: 'yes' },
      tolerations: [
        { key: 'x', operator: 'Exists' },
        { key: 'kata', operator: 'Exists' },
      ],
    });
    expect(validate(plugin, { object })).toBeUndefined();
    expect(validate(plugin, { object: pod() })).toBeUndefined();
  });

  it('refuses what does not go together', () => {
    expect(admit(plugin, { object: pod({ runtimeClassName: 'gone' }) })).toBe(
      'pod rejected: RuntimeClass "gone" not found',
    );
    expect(admit(plugin, { object: pod({ runtimeClassName: 'kata', nodeSelector: { kata: 'no' } }) })).toBe(
      'conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no',
    );
    const other = pod({ runtimeClassName: 'kata', overhead: { cpu: '1' } });
    expect(admit(plugin, { object: other })).toContain("Pod's Overhead doesn't match");
    expect(validate(plugin, { object: pod({ runtimeClassName: 'kata' }) })).toContain(
      "Pod's Overhead doesn't match",
    );
    expect(
      admit(plugin, { object: pod({ runtimeClassName: 'kata', overhead: { cpu: '0.25' } }) }),
    ).toBeUndefined();
    for (const runtimeClassName of ['plain', undefined])
      expect(
        validate(plugin, {
          object: pod({ ...(runtimeClassName ? { runtimeClassName } : {}), overhead: { cpu: '1' } }),
        }),
      ).toBe('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  });
});

describe('tolerations', () => {
  const exists = (key: string, over: object = {}) => ({ key, operator: 'Exists', ...over });

  it('merge, the wider ones staying', () => {
    expect(mergeTolerations([exists('a')], [exists('a')])).toEqual([exists('a')]);
    expect(mergeTolerations([{ key: 'a', operator: 'Equal', value: 'v' }], [exists('a')])).toEqual([
      exists('a'),
    ]);
    expect(mergeTolerations([exists('a')], [{ operator: 'Exists' }])).toEqual([{ operator: 'Exists' }]);
    const seconds = (tolerationSeconds?: number) =>
      exists('a', { effect: 'NoExecute', ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }) });
    expect(mergeTolerations([seconds(5)], [seconds(10)])).toEqual([seconds(10)]);
    expect(mergeTolerations([seconds(5)], [seconds()])).toEqual([seconds()]);
    expect(mergeTolerations([exists('a', { effect: 'NoSchedule' })], [exists('b')])).toHaveLength(2);
  });

  it('are within those allowed, or not', () => {
    expect(withinTolerations([exists('a')], [])).toBe(true);
    expect(withinTolerations([exists('a'), exists('b')], [exists('a')])).toBe(false);
    expect(
      withinTolerations([{ key: 'a', operator: 'Equal', value: 'v', effect: 'NoSchedule' }], [exists('a')]),
    ).toBe(true);
    expect(withinTolerations([exists('a')], [{ key: 'a', operator: 'Equal', value: 'v' }])).toBe(false);
  });

  it('of nodes that are not ready are added where nothing covers them', () => {
    const plugin = new DefaultTolerationSeconds({ notReady: 5, unreachable: 6 });
    const given = (tolerations: object[]) => {
      const object = pod({ tolerations });
      admit(plugin, { object });
      return object['spec'].tolerations;
    };
    expect(given([])).toEqual([
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 6,
      },
    ]);
    expect(given([{ operator: 'Exists' }])).toHaveLength(1);
    expect(given([exists('node.kubernetes.io/not-ready', { effect: 'NoSchedule' })])).toHaveLength(3);
  });

  it("of vendors' resources are added once", () => {
    const limits = {
      limits: { 'vendor.com/gpu': '1' },
      requests: { 'vendor.com/gpu': '1', cpu: '1', 'x.kubernetes.io/a': '1' },
    };
    const object = pod({
      containers: [{ name: 'c', resources: limits }],
      tolerations: [exists('vendor.com/gpu', { effect: 'NoSchedule' })],
    });
    admit(new ExtendedResourceToleration(), { object });
    expect(object['spec'].tolerations).toEqual([exists('vendor.com/gpu', { effect: 'NoSchedule' })]);
    const plain = pod();
    admit(new ExtendedResourceToleration(), { object: plain });
    expect(plain).toEqual(pod());
  });
});

describe('PodTolerationRestriction', () => {
  const ns = (annotations: Record<string, string>) =>
    listerOf({
      metadata: {
        name: 'ns',
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [
            `scheduler.alpha.kubernetes.io/${name}`,
            value,
          ]),
        ),
      },
    });
  const cluster = {
    default: [{ key: 'd', operator: 'Exists' }],
    whitelist: [{ key: 'w', operator: 'Exists' }],
  };

  it('adds the tolerations of the namespace, or of the cluster', () => {
    const own = new PodTolerationRestriction(
      ns({ defaultTolerations: '[{"key":"t","operator":"Exists"}]', tolerationsWhitelist: '' }),
      cluster,
    );
    const object = pod();
    expect(admit(own, { object })).toBeUndefined();
    expect(object['spec'].tolerations).toEqual([{ key: 't', operator: 'Exists' }]);
    expect(admit(new PodTolerationRestriction(ns({}), cluster), { object: pod() })).toBe(
      'pod tolerations (possibly merged with namespace default tolerations) conflict with its cluster whitelist',
    );
  });

  it('lets pods that ask for something stay where memory runs short', () => {
    const object = pod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] });
    admit(new PodTolerationRestriction(ns({}), { default: [], whitelist: [] }), { object });
    expect(object['spec'].tolerations).toEqual([
      { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
    ]);
  });

  it('says which list is in the way, and which annotation cannot be read', () => {
    const listed = new PodTolerationRestriction(
      ns({ tolerationsWhitelist: '[{"key":"a","operator":"Exists"}]' }),
      { default: [], whitelist: [] },
    );
    expect(validate(listed, { object: pod({ tolerations: [{ key: 'b', operator: 'Exists' }] }) })).toContain(
      'its namespace whitelist',
    );
    const broken = new PodTolerationRestriction(ns({ defaultTolerations: '{' }), {
      default: [],
      whitelist: [],
    });
    expect(admit(broken, { object: pod() })).toContain('scheduler.alpha.kubernetes.io/defaultTolerations');
  });
});

describe('PodNodeSelector', () => {
  const ns = (selector?: string) =>
    listerOf({
      metadata: {
        name: 'ns',
        ...(selector === undefined
          ? {}
          : { annotations: { 'scheduler.alpha.kubernetes.io/node-selector': selector } }),
      },
    });

  it("adds the selector of the namespace, else the cluster's", () => {
    const object = pod({ nodeSelector: { z: '1' } });
    expect(admit(new PodNodeSelector(ns('env=prod, disk = ssd'), {}), { object })).toBeUndefined();
    expect(object['spec'].nodeSelector).toEqual({ env: 'prod', disk: 'ssd', z: '1' });
    const plain = pod();
    admit(new PodNodeSelector(ns(), { clusterDefaultNodeSelector: 'a=b' }), { object: plain });
    expect(plain['spec'].nodeSelector).toEqual({ a: 'b' });
    const none = pod();
    admit(new PodNodeSelector(ns(), {}), { object: none });
    expect(none).toEqual(pod());
  });

  it('refuses others than the namespace has or may have', () => {
    expect(
      admit(new PodNodeSelector(ns('env=prod'), {}), { object: pod({ nodeSelector: { env: 'dev' } }) }),
    ).toBe('pod node label selector conflicts with its namespace node label selector');
    const listed = new PodNodeSelector(ns(''), { ns: 'a=b' });
    expect(admit(listed, { object: pod({ nodeSelector: { a: 'b' } }) })).toBeUndefined();
    expect(validate(listed, { object: pod({ nodeSelector: { c: 'd' } }) })).toBe(
      'pod node label selector labels conflict with its namespace whitelist',
    );
    expect(admit(new PodNodeSelector(ns('a'), {}), { object: pod() })).toBe('invalid selector: [a]');
    expect(admit(new PodNodeSelector(ns('a b=c'), {}), { object: pod() })).toContain(
      '<nil>: Invalid value: "a b"',
    );
  });
});

describe('AlwaysPullImages', () => {
  it('sets the policy of every container and image volume', () => {
    const object = pod({
      containers: [{ name: 'c', imagePullPolicy: 'IfNotPresent' }],
      initContainers: [{ name: 'i' }],
      volumes: [{ name: 'v', image: { reference: 'x' } }],
    });
    admit(new AlwaysPullImages(), { object });
    expect(object['spec']).toMatchObject({
      containers: [{ imagePullPolicy: 'Always' }],
      initContainers: [{ imagePullPolicy: 'Always' }],
      volumes: [{ image: { pullPolicy: 'Always' } }],
    });
    expect(validate(new AlwaysPullImages(), { object })).toBeUndefined();
    object['spec'].containers[0].imagePullPolicy = 'Never';
    expect(validate(new AlwaysPullImages(), { object })).toBe(
      'spec.containers[0].imagePullPolicy: Unsupported value: "Never": supported values: "Always"',
    );
  });

  it('lets updates be that bring no image', () => {
    const object = pod();
    admit(new AlwaysPullImages(), update(object, pod()));
    expect(object).toEqual(pod());
  });
});

describe('other plugins of pods', () => {
  it('anti-affinity goes by the host alone', () => {
    const term = (topologyKey: string) =>
      pod({
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } },
      });
    const plugin = new LimitPodHardAntiAffinityTopology();
    expect(validate(plugin, { object: term('kubernetes.io/hostname') })).toBeUndefined();
    expect(validate(plugin, { object: term('zone') })).toContain(
      'has TopologyKey zone but only key kubernetes.io/hostname is allowed',
    );
  });

  it('pods bear where their node stands', () => {
    const nodes = listerOf({
      metadata: {
        name: 'n',
        labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' },
      },
    });
    const bound = pod({ nodeName: 'n' }, { labels: { 'topology.kubernetes.io/zone': 'made up', a: 'b' } });
    admit(new PodTopologyLabels(nodes), { object: bound });
    expect(bound.metadata.labels).toEqual({
      a: 'b',
      'topology.kubernetes.io/zone': 'z',
      'topology.kubernetes.io/region': 'r',
    });
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    admit(new PodTopologyLabels(nodes), { subresource: 'binding', object: binding });
    expect(binding.metadata).toHaveProperty('labels');
    const waiting = pod();
    admit(new PodTopologyLabels(nodes), { object: waiting });
    expect(waiting).toEqual(pod());
  });

  const resized = (cpu: string) =>
    pod({ nodeName: 'n', containers: [{ name: 'c', resources: { requests: { cpu } } }] }, { generation: 2 });
  const before = pod({ nodeName: 'n' }, { generation: 1 });

  it('resizes fit the node', () => {
    const node = (labels: object) =>
      listerOf({ metadata: { name: 'n', labels }, status: { allocatable: { cpu: '1' } } });
    const ask = (cpu: string, labels: object = {}) =>
      new PodResizeValidator(node(labels)).validate(attributesOf(update(resized(cpu), before, 'resize')));
    expect(words(ask('1'))).toBeUndefined();
    expect(ask('2')).toMatchObject({
      error: { status: { details: { causes: [{ reason: 'NodeCapacity' }] } } },
    });
    expect(words(ask('2'))).toBe(
      "node didn't have enough allocatable resources: cpu, requested: 2000, allocatable: 1000",
    );
    expect(words(ask('1', { 'kubernetes.io/os': 'windows' }))).toBe(
      'pod resize is only supported on linux nodes, node "n" is "windows"',
    );
    expect(
      words(
        new PodResizeValidator(listerOf()).validate(attributesOf(update(resized('1'), before, 'resize'))),
      ),
    ).toBe('node "n" not found');
  });

  it('changes take features that the node has', () => {
    const whole = pod({ nodeName: 'n', resources: { requests: { cpu: '1' } } }, { generation: 2 });
    const plugin = (declaredFeatures: string[]) =>
      new NodeDeclaredFeatureValidator(listerOf({ metadata: { name: 'n' }, status: { declaredFeatures } }));
    expect(validate(plugin([]), update(whole, before, 'resize'))).toBe(
      'pod update requires features InPlacePodLevelResourcesVerticalScaling which are not available on node "n"',
    );
    expect(
      validate(plugin(['InPlacePodLevelResourcesVerticalScaling']), update(whole, before, 'resize')),
    ).toBeUndefined();
    expect(validate(plugin([]), update(resized('1'), before, 'resize'))).toBeUndefined();
  });
});
