import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { container, context, created, decoded, podSpec } from './fixture.ts';

const c = container;
const pod = (spec: Fields = {}, meta: Fields = {}) => decoded(pods, podSpec(spec), { name: 'p', ...meta });
const made = (spec: Fields = {}, meta: Fields = {}) => created(pods, podSpec(spec), { name: 'p', ...meta });

describe('defaults of a pod', () => {
  it('fills in a plain pod', () => {
    expect(pod({ containers: [{ name: 'c', image: 'registry.example/app:1' }] })['spec']).toEqual({
      containers: [
        {
          name: 'c',
          image: 'registry.example/app:1',
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
  });

  it.each([
    ['app', 'Always'],
    ['app:latest', 'Always'],
    ['app:2', 'IfNotPresent'],
    ['host:5000/app', 'Always'],
    [`app@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
  ])('pulls %s %s', (image, policy) => {
    expect(pod({ containers: [{ name: 'c', image }] })['spec'].containers[0].imagePullPolicy).toBe(policy);
  });

  it('fills in probes, ports, fields and volumes', () => {
    const spec = pod({
      containers: [
        c({
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        }),
      ],
      volumes: [
        { name: 'a' },
        { name: 'b', secret: { secretName: 's' } },
        { name: 'c', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        { name: 'd', hostPath: { path: '/x' } },
      ],
    })['spec'];
    expect(spec.containers[0].ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
    expect(spec.containers[0].livenessProbe).toEqual({
      failureThreshold: 3,
      httpGet: { path: '/', port: 80, scheme: 'HTTP' },
      periodSeconds: 10,
      successThreshold: 1,
      timeoutSeconds: 1,
    });
    expect(spec.containers[0].env[0].valueFrom.fieldRef).toEqual({
      apiVersion: 'v1',
      fieldPath: 'metadata.name',
    });
    expect(spec.volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      {
        name: 'c',
        projected: {
          sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }],
          defaultMode: 420,
        },
      },
      { name: 'd', hostPath: { path: '/x', type: '' } },
    ]);
  });

  it('lets requests follow limits, ports the host and the old name of the account the new one', () => {
    const spec = pod({
      hostNetwork: true,
      serviceAccount: 'robot',
      containers: [c({ ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1', memory: '1Gi' } } })],
    })['spec'];
    expect(spec.containers[0].resources.requests).toEqual({ cpu: '1', memory: '1Gi' });
    expect(spec.containers[0].ports[0].hostPort).toBe(80);
    expect(spec.serviceAccountName).toBe('robot');
  });

  it('adds up what a pod as a whole asks for', () => {
    const containers = [
      c({ resources: { requests: { cpu: '100m' } } }),
      { ...c(), name: 'd', resources: { requests: { cpu: '200m' } } },
    ];
    const { resources } = pod({ containers, resources: { limits: { cpu: '1', memory: '1Gi' } } })['spec'];
    expect(resources.requests).toEqual({ cpu: '300m', memory: '1Gi' });
  });
});

describe('preparing a new pod', () => {
  it.each([
    ['BestEffort', {}],
    ['Guaranteed', { limits: { cpu: '1', memory: '1Gi' } }],
    ['Burstable', { requests: { cpu: '1', memory: '1Gi' } }],
    ['Burstable', { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }],
  ])('is %s', (qosClass, resources) => {
    expect(made({ containers: [c({ resources })] })['status']).toEqual({ phase: 'Pending', qosClass });
  });

  it('drops status and counts generations', () => {
    const object = pod({});
    object['status'] = { phase: 'Running', podIP: '10.0.0.1' };
    pods.prepareForCreate!(object, context());
    expect(object['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(object.metadata.generation).toBe(1);
  });

  it('says that gates hold it back', () => {
    expect(made({ schedulingGates: [{ name: 'a.io/b' }] })['status'].conditions).toEqual([
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ]);
  });

  it('writes its own labels into selectors that ask for them', () => {
    const term = {
      topologyKey: 'z',
      labelSelector: { matchLabels: { a: 'b' } },
      matchLabelKeys: ['rev'],
      mismatchLabelKeys: ['team'],
    };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const { spec } = made({ affinity }, { labels: { rev: '1', team: 'x' } });
    expect(
      spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector
        .matchExpressions,
    ).toEqual([
      { key: 'rev', operator: 'In', values: ['1'] },
      { key: 'team', operator: 'NotIn', values: ['x'] },
    ]);
  });

  it('takes AppArmor annotations over and warns of them', () => {
    const name = 'container.apparmor.security.beta.kubernetes.io/c';
    const object = made({}, { annotations: { [name]: 'localhost/x' } });
    expect(object['spec'].containers[0].securityContext).toEqual({
      appArmorProfile: { type: 'Localhost', localhostProfile: 'x' },
    });
    expect(pods.warnings!(object, undefined, context())).toEqual([
      `metadata.annotations[${name}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
    ]);
  });
});
