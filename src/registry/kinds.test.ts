import { describe, expect, it } from 'vitest';
import type { Fields } from '../meta/object.ts';
import { cells, contextWith, created, createFaults, updateFaults } from './fixtures/strategy-check.ts';

type Case = [what: string, group: string, plural: string, object: Fields, faults: string[]];

const LEASES = 'coordination.k8s.io';
const NETWORKING = 'networking.k8s.io';
const STORAGE = 'storage.k8s.io';
const SCHEDULING = 'scheduling.k8s.io';
const DISCOVERY = 'discovery.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const RESOURCE = 'resource.k8s.io';
const FLOW = 'flowcontrol.apiserver.k8s.io';

const backend = { service: { name: 's', port: { number: 80 } } };
const request = (more: Fields = {}) => ({
  spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', ...more } }] } },
});
const slice = (spec: Fields = {}) => ({
  spec: { driver: 'd.io', pool: { name: 'p', resourceSliceCount: 1 }, nodeName: 'n', ...spec },
});

describe('faults of a create', () => {
  it.each<Case>([
    ['a lease', LEASES, 'leases', { spec: { holderIdentity: 'h', leaseDurationSeconds: 1 } }, []],
    [
      'a lease that never lasts',
      LEASES,
      'leases',
      { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
      [
        'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
        'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    ['a priority', SCHEDULING, 'priorityclasses', { value: 1_000_000_000 }, []],
    [
      'a priority of the system',
      SCHEDULING,
      'priorityclasses',
      { value: 1_000_000_001 },
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    ['a storage class', STORAGE, 'storageclasses', { provisioner: 'x.io/p' }, []],
    ['a storage class of nobody', STORAGE, 'storageclasses', {}, ['provisioner: Required value']],
    ['an ingress', NETWORKING, 'ingresses', { spec: { defaultBackend: backend } }, []],
    [
      'an empty ingress',
      NETWORKING,
      'ingresses',
      { spec: {} },
      ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    ],
    ['a network policy', NETWORKING, 'networkpolicies', { spec: { podSelector: {} } }, []],
    [
      'a network policy for an unknown direction',
      NETWORKING,
      'networkpolicies',
      { spec: { podSelector: {}, policyTypes: ['Sideways'] } },
      ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
    ],
    ['a runtime class', 'node.k8s.io', 'runtimeclasses', { handler: 'runc' }, []],
    ['a disruption budget', 'policy', 'poddisruptionbudgets', { spec: { minAvailable: '50%' } }, []],
    [
      'a disruption budget of both kinds',
      'policy',
      'poddisruptionbudgets',
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      [
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'an endpoint slice',
      DISCOVERY,
      'endpointslices',
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] },
      [],
    ],
    [
      'an endpoint slice of another family',
      DISCOVERY,
      'endpointslices',
      { addressType: 'IPv6', endpoints: [{ addresses: ['10.0.0.1'] }] },
      ['endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address'],
    ],
    ['a claim for devices', RESOURCE, 'resourceclaims', request(), []],
    [
      'a claim for too few devices',
      RESOURCE,
      'resourceclaims',
      request({ allocationMode: 'All', count: 2, deviceClassName: '' }),
      [
        'spec.devices.requests[0].exactly.deviceClassName: Required value',
        "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      ],
    ],
    [
      'a claim for devices of others',
      RESOURCE,
      'resourceclaims',
      request({ adminAccess: true }),
      [
        'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
      ],
    ],
    ['devices of a node', RESOURCE, 'resourceslices', slice(), []],
    [
      'devices of nowhere',
      RESOURCE,
      'resourceslices',
      slice({ nodeName: undefined }),
      [
        'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      ],
    ],
    [
      'devices in two places',
      RESOURCE,
      'resourceslices',
      slice({ allNodes: true }),
      [
        'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      ],
    ],
    [
      'a request that is none',
      CERTIFICATES,
      'certificatesigningrequests',
      { spec: { request: 'eA==', signerName: 'short', usages: [] } },
      [
        'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
        'spec.usages: Required value',
        'spec.signerName: Invalid value: "short": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      ],
    ],
  ])('%s', (_what, group, plural, object, faults) => {
    const context = contextWith({ client: { lister: () => undefined } as never });
    expect(createFaults(group, plural, object, context)).toEqual(faults);
  });
});

describe('faults of an update', () => {
  it.each<[what: string, group: string, plural: string, before: Fields, now: Fields, faults: string[]]>([
    [
      'a priority',
      SCHEDULING,
      'priorityclasses',
      { value: 1 },
      { value: 2 },
      ['value: Forbidden: may not be changed in an update.'],
    ],
    [
      'the parameters of a storage class',
      STORAGE,
      'storageclasses',
      { provisioner: 'x.io/p', parameters: { a: '1' } },
      { provisioner: 'x.io/p', parameters: { a: '2' } },
      ['parameters: Invalid value: {"a":"2"}: field is immutable'],
    ],
    [
      'the handler of a runtime class',
      'node.k8s.io',
      'runtimeclasses',
      { handler: 'a' },
      { handler: 'b' },
      ['handler: Invalid value: "b": field is immutable'],
    ],
    [
      'the driver of devices',
      RESOURCE,
      'resourceslices',
      slice(),
      slice({ driver: 'other.io' }),
      ['spec.driver: Invalid value: "other.io": field is immutable'],
    ],
  ])('%s', (_what, group, plural, before, now, faults) => {
    expect(updateFaults(group, plural, before, now)).toEqual(faults);
  });
});

describe('what is stored', () => {
  it('says who asks for a certificate, whatever the request says', () => {
    const user = { name: 'jane', groups: ['dev'], extra: { k: ['v'] } };
    const csr = created(
      CERTIFICATES,
      'certificatesigningrequests',
      { spec: { username: 'admin', groups: ['system:masters'], request: '', signerName: 'x.io/y' } },
      contextWith({ user }),
    );
    expect(csr['spec']).toMatchObject({ username: 'jane', groups: ['dev'], extra: { k: ['v'] } });
  });

  it('has the class of no priority preempt', () => {
    expect(created(SCHEDULING, 'priorityclasses', { value: 1 })['preemptionPolicy']).toBe(
      'PreemptLowerPriority',
    );
  });

  it('has policies for what they have rules for', () => {
    const types = (spec: Fields) => created(NETWORKING, 'networkpolicies', { spec })['spec'].policyTypes;
    expect(types({ podSelector: {} })).toEqual(['Ingress']);
    expect(types({ podSelector: {}, egress: [{}] })).toEqual(['Ingress', 'Egress']);
  });
});

describe('rows', () => {
  it.each<[string, string, Fields, unknown[]]>([
    [LEASES, 'leases', { spec: { holderIdentity: 'h' } }, ['h', '24h']],
    [
      SCHEDULING,
      'priorityclasses',
      { value: 7, globalDefault: true, preemptionPolicy: 'Never' },
      [7, true, '24h', 'Never'],
    ],
    [
      STORAGE,
      'storageclasses',
      { provisioner: 'p', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
      ['p', 'Delete', 'Immediate', false, '24h'],
    ],
    [
      NETWORKING,
      'ingresses',
      { spec: { rules: [{ host: 'a.io' }, { host: 'b.io' }], tls: [{}] } },
      ['<none>', 'a.io,b.io', '', '80, 443', '24h'],
    ],
    [NETWORKING, 'networkpolicies', { spec: { podSelector: { matchLabels: { a: 'b' } } } }, ['a=b', '24h']],
    [
      'policy',
      'poddisruptionbudgets',
      { spec: { maxUnavailable: 1 }, status: { disruptionsAllowed: 2 } },
      ['N/A', '1', 2, '24h'],
    ],
    [
      RESOURCE,
      'resourceclaims',
      { status: { allocation: {}, reservedFor: [{}] } },
      ['allocated,reserved', '24h'],
    ],
    [RESOURCE, 'resourceslices', slice(), ['n', 'd.io', 'p', '24h']],
    [
      FLOW,
      'flowschemas',
      { spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 5 } },
      ['l', 5, '<none>', '24h', '?'],
    ],
    [
      CERTIFICATES,
      'certificatesigningrequests',
      { spec: { signerName: 's', username: 'u' }, status: { conditions: [{ type: 'Approved' }] } },
      ['24h', 's', 'u', '<none>', 'Approved'],
    ],
  ])('of %s/%s', (group, plural, object, row) => {
    expect(cells(group, plural, object).slice(1)).toEqual(row);
  });
});
