import { describe, expect, it } from 'vitest';
import type { GroupResource } from '../meta/object.ts';
import { FinalizingClient } from '../registry/fixtures/finalizing-client.ts';
import { ensureApiServices } from './api-services.ts';
import { ensureFlowControl } from './bootstrap-flowcontrol.ts';
import { ensureKubernetesService, ensureServiceCidr, kubernetesServiceIp } from './kubernetes-service.ts';
import { ensurePriorityClasses } from './priority-classes.ts';
import { repairServiceIps } from './service-ip-repair.ts';
import { ensureSystemNamespaces } from './system-namespaces.ts';

const resource = (group: string, plural: string): GroupResource => ({ group, resource: plural });
const NAMESPACES = resource('', 'namespaces');
const SERVICES = resource('', 'services');
const ENDPOINTS = resource('', 'endpoints');
const SLICES = resource('discovery.k8s.io', 'endpointslices');
const RANGES = resource('networking.k8s.io', 'servicecidrs');
const ADDRESSES = resource('networking.k8s.io', 'ipaddresses');
const SCHEMAS = resource('flowcontrol.apiserver.k8s.io', 'flowschemas');
const LEVELS = resource('flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations');
const CLASSES = resource('scheduling.k8s.io', 'priorityclasses');
const API_SERVICES = resource('apiregistration.k8s.io', 'apiservices');
const clock = { now: () => Date.parse('2026-11-23T00:00:00Z'), monotonic: () => 0 };

const world = () =>
  new FinalizingClient([
    NAMESPACES,
    SERVICES,
    ENDPOINTS,
    SLICES,
    RANGES,
    ADDRESSES,
    SCHEMAS,
    LEVELS,
    CLASSES,
    API_SERVICES,
  ]);
const names = (client: FinalizingClient, of: GroupResource) =>
  client
    .lister(of)!
    .list()
    .map((object) => object.metadata.name);

describe('what a new cluster has', () => {
  it('are the system namespaces', async () => {
    const client = world();
    await ensureSystemNamespaces(client);
    await ensureSystemNamespaces(client);
    expect(names(client, NAMESPACES)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
  });

  it('are the classes of system pods', async () => {
    const client = world();
    await ensurePriorityClasses(client);
    await ensurePriorityClasses(client);
    expect(
      client
        .lister(CLASSES)!
        .list()
        .map(({ metadata, value }) => [metadata.name, value]),
    ).toEqual([
      ['system-cluster-critical', 2_000_000_000],
      ['system-node-critical', 2_000_001_000],
    ]);
  });

  it('are flow schemas and priority levels, mended where the server owns them', async () => {
    const client = world();
    await ensureFlowControl(client);
    expect(names(client, LEVELS)).toEqual([
      'catch-all',
      'exempt',
      'global-default',
      'leader-election',
      'node-high',
      'system',
      'workload-high',
      'workload-low',
    ]);
    expect(names(client, SCHEMAS)).toContain('kube-controller-manager');
    await client.update(LEVELS, '', 'system', (object) => {
      object['spec'].limited.nominalConcurrencyShares = 1;
      return undefined;
    });
    await ensureFlowControl(client);
    expect(client.lister(LEVELS)!.get('', 'system')!['spec'].limited.nominalConcurrencyShares).toBe(30);
  });

  it('is an APIService for each group and version served', async () => {
    const client = world();
    const custom = (groupVersion: string) => groupVersion.startsWith('x.io/');
    await ensureApiServices(client, ['v1', 'apps/v1', 'x.io/v2'], custom);
    expect(names(client, API_SERVICES)).toEqual(['v1.', 'v1.apps', 'v2.x.io']);
    await ensureApiServices(client, ['v1', 'apps/v1'], custom);
    expect(names(client, API_SERVICES)).toEqual(['v1.', 'v1.apps']);
    expect(client.lister(API_SERVICES)!.get('', 'v1.apps')).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 },
    });
  });

  it('is the kubernetes Service at the first address, with the server behind it', async () => {
    const client = world();
    const options = {
      serviceClusterIpRange: '10.96.0.0/16',
      advertiseAddress: '192.0.2.1',
      securePort: 6443,
      clock,
    };
    expect(kubernetesServiceIp(options.serviceClusterIpRange)).toBe('10.96.0.1');
    await ensureServiceCidr(client, options);
    await ensureKubernetesService(client, options);
    await ensureKubernetesService(client, options);
    expect(client.lister(RANGES)!.get('', 'kubernetes')?.['spec']).toEqual({ cidrs: ['10.96.0.0/16'] });
    expect(client.lister(SERVICES)!.get('default', 'kubernetes')).toMatchObject({
      metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP: '10.96.0.1',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      },
    });
    expect(client.lister(ENDPOINTS)!.get('default', 'kubernetes')?.['subsets']).toEqual([
      { addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
    ]);
    expect(client.lister(SLICES)!.get('default', 'kubernetes')).toMatchObject({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
    });
  });

  it('gives addresses that Services have the objects that hold them', async () => {
    const client = world();
    await client.create(SERVICES, 'n', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'] },
    });
    await repairServiceIps(client, clock);
    expect(names(client, ADDRESSES)).toEqual(['10.96.0.9']);
    expect(client.lister(ADDRESSES)!.get('', '10.96.0.9')?.['spec'].parentRef).toMatchObject({
      resource: 'services',
      namespace: 'n',
      name: 's',
    });
  });
});
