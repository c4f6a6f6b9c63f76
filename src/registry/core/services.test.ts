import { beforeEach, describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { FinalizingClient } from '../fixtures/finalizing-client.ts';
import { cells, contextWith, createFaults, updateFaults } from '../fixtures/strategy-check.ts';
import { strategyOf } from '../strategies.ts';

const SERVICES = { group: '', resource: 'services' };
const ADDRESSES = { group: 'networking.k8s.io', resource: 'ipaddresses' };
const RANGES = { group: 'networking.k8s.io', resource: 'servicecidrs' };
const strategy = strategyOf('', 'services');
const port = { port: 80 };

/** Services as the generic store writes them: reserved, prepared, checked, written, settled. */
class Cluster {
  readonly client = new FinalizingClient([SERVICES, ADDRESSES, RANGES]);
  readonly range: string;
  constructor(range = '10.96.0.0/24') {
    this.range = range;
  }

  context(dryRun = false) {
    return contextWith({
      client: this.client,
      dryRun,
      options: {
        allowPrivileged: false,
        serviceClusterIpRange: this.range,
        serviceNodePortRange: '30000-30003',
      },
    });
  }

  async create(name: string, spec: Fields, dryRun = false): Promise<Fields> {
    const service: KubeObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: structuredClone(spec),
    };
    strategy.defaults?.(service);
    const context = this.context(dryRun);
    const reservation = await strategy.begin?.(service, undefined, context);
    strategy.prepareForCreate?.(service, context);
    const faults = strategy.validate?.(service, context) ?? [];
    if (faults.length) {
      await reservation?.revert();
      throw new Error(`${faults[0]?.field}: ${faults[0]?.detail}`);
    }
    if (!dryRun) await this.client.create(SERVICES, 'default', service);
    await reservation?.commit();
    return service['spec'];
  }

  async update(name: string, change: (spec: Fields) => void): Promise<Fields> {
    const old = await this.client.get(SERVICES, 'default', name);
    const service = structuredClone(old);
    change(service['spec']);
    strategy.defaults?.(service);
    const reservation = await strategy.begin?.(service, old, this.context());
    strategy.prepareForUpdate?.(service, old, this.context());
    const faults = strategy.validateUpdate?.(service, old, this.context()) ?? [];
    if (faults.length) {
      await reservation?.revert();
      throw new Error(`${faults[0]?.field}: ${faults[0]?.detail}`);
    }
    await this.client.update(SERVICES, 'default', name, (object) => {
      object['spec'] = service['spec'];
      return undefined;
    });
    await reservation?.commit();
    return service['spec'];
  }

  async delete(name: string): Promise<void> {
    const object = await this.client.get(SERVICES, 'default', name);
    await this.client.delete(SERVICES, 'default', name);
    await strategy.afterDelete?.(object, this.context());
  }

  addresses = () =>
    this.client
      .lister(ADDRESSES)!
      .list()
      .map((object) => object.metadata.name);
}

let cluster: Cluster;
beforeEach(() => {
  cluster = new Cluster();
});

describe('cluster addresses', () => {
  it('are taken, and given back', async () => {
    const spec = await cluster.create('a', { ports: [port] });
    expect(spec['clusterIP']).toMatch(/^10\.96\.0\./);
    expect(spec).toMatchObject({
      clusterIPs: [spec['clusterIP']],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
    expect(cluster.addresses()).toEqual([spec['clusterIP']]);
    await cluster.delete('a');
    expect(cluster.addresses()).toEqual([]);
  });

  it('can be asked for, once', async () => {
    await cluster.create('a', { clusterIP: '10.96.0.10', ports: [port] });
    await expect(cluster.create('b', { clusterIP: '10.96.0.10', ports: [port] })).rejects.toThrow(
      'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    );
    await cluster.delete('a');
    await cluster.create('b', { clusterIP: '10.96.0.10', ports: [port] });
  });

  it('come from the range', async () => {
    await expect(cluster.create('a', { clusterIP: '10.97.0.1', ports: [port] })).rejects.toThrow(
      'failed to allocate IP 10.97.0.1: the provided network does not match the current range',
    );
  });

  it('are none for headless and external Services', async () => {
    expect(await cluster.create('a', { clusterIP: 'None', selector: { a: 'b' } })).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
    });
    // Whoever writes the endpoints may write those of both families.
    expect(await cluster.create('c', { clusterIP: 'None' })).toMatchObject({
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
    const external = await cluster.create('b', { type: 'ExternalName', externalName: 'a.example' });
    expect(external['clusterIP']).toBeUndefined();
    expect(cluster.addresses()).toEqual([]);
  });

  it('are given back when the Service is refused, and not taken by a dry run', async () => {
    await expect(cluster.create('a', { ports: [{ port: 0 }] })).rejects.toThrow('spec.ports[0].port');
    await cluster.create('b', { ports: [port] }, true);
    expect(cluster.addresses()).toEqual([]);
  });

  it('run out', async () => {
    cluster = new Cluster('10.96.0.0/30');
    await cluster.create('a', { ports: [port] });
    await cluster.create('b', { ports: [port] });
    await expect(cluster.create('c', { ports: [port] })).rejects.toThrow(
      'failed to allocate a serviceIP for Service "c": range is full',
    );
  });

  it('come in both families where asked', async () => {
    cluster = new Cluster('10.96.0.0/24,fd00::/112');
    const spec = await cluster.create('a', { ipFamilyPolicy: 'RequireDualStack', ports: [port] });
    expect(spec['ipFamilies']).toEqual(['IPv4', 'IPv6']);
    expect(spec['clusterIPs'][1]).toMatch(/^fd00::/);
    expect(cluster.addresses()).toHaveLength(2);
    await cluster.update('a', (changed) => {
      changed['ipFamilyPolicy'] = 'SingleStack';
    });
    expect(cluster.addresses()).toEqual([spec['clusterIP']]);
  });

  it('go with a change to ExternalName, and cannot be changed', async () => {
    await cluster.create('a', { ports: [port] });
    await expect(
      cluster.update('a', (spec) => {
        spec['clusterIP'] = '10.96.0.77';
        spec['clusterIPs'] = ['10.96.0.77'];
      }),
    ).rejects.toThrow('may not change once set');
    await cluster.update('a', (spec) => {
      spec['type'] = 'ExternalName';
      spec['externalName'] = 'x.example';
      delete spec['clusterIP'];
      delete spec['clusterIPs'];
    });
    expect(cluster.addresses()).toEqual([]);
  });
});

describe('node ports', () => {
  it('are taken, shared by protocols, and given back', async () => {
    const spec = await cluster.create('a', {
      type: 'NodePort',
      ports: [
        { name: 'tcp', port: 53 },
        { name: 'udp', port: 53, protocol: 'UDP' },
      ],
    });
    const [tcp, udp] = spec['ports'].map((one: Fields) => one['nodePort']);
    expect(tcp).toBe(udp);
    expect(tcp).toBeGreaterThanOrEqual(30000);
    await expect(
      cluster.create('b', { type: 'NodePort', ports: [{ port: 80, nodePort: tcp }] }),
    ).rejects.toThrow(`spec.ports[0].nodePort: Invalid value: ${tcp}: provided port is already allocated`);
    await cluster.update('a', (changed) => {
      changed['type'] = 'ClusterIP';
      for (const one of changed['ports']) delete one.nodePort;
    });
    await cluster.create('b', { type: 'NodePort', ports: [{ port: 80, nodePort: tcp }] });
  });

  it('come from the range, and run out', async () => {
    await expect(
      cluster.create('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 29999 }] }),
    ).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 29999: provided port is not in the valid range. The range of valid ports is 30000-30003',
    );
    for (let i = 0; i < 4; i++) await cluster.create(`s${i}`, { type: 'NodePort', ports: [port] });
    await expect(cluster.create('t', { type: 'NodePort', ports: [port] })).rejects.toThrow(
      'failed to allocate a nodePort: range is full',
    );
  });

  it('are the same for another server that reads the Services', async () => {
    const spec = await cluster.create('a', { type: 'NodePort', ports: [port] });
    const other = new Cluster();
    const there = await cluster.client.get(SERVICES, 'default', 'a');
    await other.client.create(SERVICES, 'default', there);
    await expect(
      other.create('b', { type: 'NodePort', ports: [{ port: 80, nodePort: spec['ports'][0].nodePort }] }),
    ).rejects.toThrow('provided port is already allocated');
  });
});

describe('faults', () => {
  const allocated = (spec: Fields) => ({
    spec: {
      clusterIP: '10.96.0.5',
      clusterIPs: ['10.96.0.5'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
    },
  });
  it.each([
    [allocated({ ports: [port] }), []],
    [allocated({}), ['spec.ports: Required value']],
    [
      allocated({ ports: [port, port] }),
      [
        'spec.ports[0].name: Required value',
        'spec.ports[1].name: Required value',
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      allocated({ ports: [{ port: 70_000 }] }),
      [
        'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      allocated({ type: 'Wrong', ports: [port] }),
      [
        'spec.type: Unsupported value: "Wrong": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      allocated({ sessionAffinity: 'Sometimes', ports: [port] }),
      ['spec.sessionAffinity: Unsupported value: "Sometimes": supported values: "ClientIP", "None"'],
    ],
  ])('of a create %#', (object, faults) => {
    expect(createFaults('', 'services', object)).toEqual(faults);
  });

  it('of an update', () => {
    const old = allocated({ ports: [port] });
    const now = allocated({ ports: [port], clusterIP: '10.96.0.6', clusterIPs: ['10.96.0.6'] });
    expect(updateFaults('', 'services', old, now)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set',
    ]);
  });
});

it('shows addresses and ports', () => {
  const spec = {
    type: 'NodePort',
    clusterIPs: ['10.96.0.5'],
    ports: [{ port: 80, nodePort: 30001, protocol: 'TCP' }],
  };
  expect(cells('', 'services', { spec })).toEqual([
    'x',
    'NodePort',
    '10.96.0.5',
    '<none>',
    '80:30001/TCP',
    '24h',
    '<none>',
  ]);
});
