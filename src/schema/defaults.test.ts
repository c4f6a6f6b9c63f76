import { describe, expect, it } from 'vitest';
import { applyTableDefaults, normalizerOf } from './defaults.ts';
import { normalize } from './normalize.ts';
import { typeTable } from './type-table.ts';

describe('the normal form of objects', () => {
  it.each([
    [
      'core/v1.ConfigMap',
      { metadata: { name: 'a', labels: {}, annotations: { a: 'b' }, finalizers: [] }, data: {} },
      { metadata: { name: 'a', annotations: { a: 'b' } } },
    ],
    ['rbac/v1.Role', { metadata: { name: 'a' }, rules: [] }, { metadata: { name: 'a' }, rules: null }],
    [
      'rbac/v1.Role',
      { rules: [{ verbs: ['get'], apiGroups: [''], resources: [] }] },
      { metadata: {}, rules: [{ verbs: ['get'], apiGroups: [''] }] },
    ],
    [
      'core/v1.Event',
      { metadata: {}, count: 0 },
      {
        metadata: {},
        involvedObject: {},
        source: {},
        firstTimestamp: null,
        lastTimestamp: null,
        eventTime: null,
        reportingComponent: '',
        reportingInstance: '',
      },
    ],
    [
      'certificates/v1.CertificateSigningRequest',
      { spec: { request: 'YQ==', signerName: 's' } },
      { metadata: {}, spec: { request: 'YQ==', signerName: 's' }, status: {} },
    ],
    [
      'core/v1.Service',
      { spec: { ports: [{ port: 80, targetPort: 0, nodePort: 0 }] } },
      { metadata: {}, spec: { ports: [{ port: 80, targetPort: 0 }] }, status: { loadBalancer: {} } },
    ],
    [
      'core/v1.PodTemplateSpec',
      {
        spec: {
          containers: [{ name: 'c', stdin: false, command: [] }],
          volumes: [{ name: 'v', emptyDir: {} }],
        },
      },
      {
        metadata: {},
        spec: { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', resources: {} }] },
      },
    ],
    [
      'authentication/v1.TokenRequest',
      { spec: { audiences: [] } },
      {
        metadata: {},
        spec: { audiences: null, expirationSeconds: null, boundObjectRef: null },
        status: { token: '', expirationTimestamp: null },
      },
    ],
    ['core/v1.ResourceFieldSelector', { resource: 'limits.cpu' }, { resource: 'limits.cpu', divisor: '0' }],
  ])('%s %j', (name, object, expected) => {
    expect(normalize(object, typeTable.type(name))).toEqual(expected);
  });

  it('stands in the order in which kube-apiserver writes fields', () => {
    const object = normalize(
      { data: { a: 'b' }, metadata: { name: 'x' }, apiVersion: 'v1', kind: 'ConfigMap' },
      typeTable.type('core/v1.ConfigMap'),
    );
    expect(Object.keys(object)).toEqual(['kind', 'apiVersion', 'metadata', 'data']);
  });

  it('is reached in one step for every type', () => {
    for (const name of typeTable.names()) {
      const type = typeTable.type(name);
      if (name.endsWith('JSONSchemaProps')) continue;
      const once = normalize({}, type);
      expect(normalize(once, type)).toEqual(once);
    }
  });
});

describe('defaults of the table', () => {
  it('are set where Go would set them', () => {
    const pod = {
      spec: {
        containers: [{ name: 'c', ports: [{ containerPort: 1 }, { containerPort: 2, protocol: 'UDP' }] }],
      },
    };
    applyTableDefaults(pod, typeTable.type('core/v1.Pod'));
    expect(pod.spec.containers[0]!.ports).toEqual([
      { containerPort: 1, protocol: 'TCP' },
      { containerPort: 2, protocol: 'UDP' },
    ]);
    const volume = { azureDisk: { diskName: 'a' } };
    applyTableDefaults(volume, typeTable.type('core/v1.Volume'));
    expect(volume.azureDisk).toEqual({
      diskName: 'a',
      cachingMode: 'ReadWrite',
      fsType: 'ext4',
      kind: 'Shared',
      readOnly: false,
    });
  });

  it('go with the normal form', () => {
    const service: Record<string, unknown> = {
      kind: 'Service',
      spec: { ports: [{ port: 80 }], externalIPs: [] },
      unknown: 1,
    };
    normalizerOf('core/v1.Service')(service);
    expect(service).toEqual({
      kind: 'Service',
      metadata: {},
      spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 0 }] },
      status: { loadBalancer: {} },
    });
  });
});
