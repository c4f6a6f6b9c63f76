import { index } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { nameIsDnsLabel } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import { cidrWarnings, ipWarnings } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age, formatLabels } from '../table-cells.ts';
import { allocationsOf } from './service-allocation.ts';
import {
  dropTypeDependentFields,
  externallyAccessible,
  type ServicePort,
  type ServiceSpec,
  specOf,
} from './service-fields.ts';
import { beginService } from './service-transaction.ts';
import { loadBalancerStatusFaults, validateService, validateServiceUpdate } from './service-validation.ts';

/** SetDefaults_Service (pkg/apis/core/v1/defaults.go). */
function defaults(service: KubeObject): void {
  const spec = specOf(service);
  spec['sessionAffinity'] ||= 'None';
  if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig'];
  else if (
    spec['sessionAffinity'] === 'ClientIP' &&
    spec['sessionAffinityConfig']?.clientIP?.timeoutSeconds == null
  )
    spec['sessionAffinityConfig'] = { clientIP: { timeoutSeconds: 10800 } };
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort) port.targetPort = port.port ?? 0;
  }
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP')
    spec['internalTrafficPolicy'] ??= 'Cluster';
  // Defaulted once for this type too; the field means nothing there.
  else if (spec.type === 'ExternalName' && service.metadata.resourceVersion)
    delete spec['internalTrafficPolicy'];
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const point of (service['status']?.loadBalancer?.ingress ?? []) as Fields[])
    if (point['ip']) point['ipMode'] ??= 'VIP';
}

/** pkg/api/service/warnings.go. */
function warnings(service: KubeObject): string[] {
  const spec = specOf(service);
  const out: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (service.metadata.annotations?.[hints] !== undefined)
    out.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  const addresses = (list: readonly string[] | undefined, path: string) =>
    list?.forEach((ip, i) => {
      out.push(...ipWarnings(ip, index(path, i)));
    });
  if (spec.clusterIP && spec.clusterIP !== 'None') addresses(spec.clusterIPs, 'spec.clusterIPs');
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  const external = spec.externalIPs?.length ?? 0;
  if (headless) {
    if (spec['loadBalancerIP']) out.push('spec.loadBalancerIP is ignored for headless services');
    if (external) out.push('spec.externalIPs is ignored for headless services');
    if (spec['sessionAffinity'] !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  addresses(spec.externalIPs, 'spec.externalIPs');
  if (external && !headless && spec.type !== 'ExternalName')
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec['loadBalancerIP']) out.push(...ipWarnings(spec['loadBalancerIP'], 'spec.loadBalancerIP'));
  (spec['loadBalancerSourceRanges'] as string[] | undefined)?.forEach((range, i) => {
    out.push(...cidrWarnings(range, index('spec.loadBalancerSourceRanges', i)));
  });
  if (spec.type === 'ExternalName' && external)
    out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec['externalName'])
    out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec['trafficDistribution'] === 'PreferClose')
    out.push(
      `spec.trafficDistribution: ${quote('PreferClose')} is deprecated; use ${quote('PreferSameZone')}`,
    );
  return out;
}

/** The addresses and names of a load balancer, sorted, without repeats. */
export function loadBalancerPoints(status: Fields | undefined): string {
  const points: Fields[] = status?.['ingress'] ?? [];
  const found = new Set(points.flatMap((p) => (p['ip'] ? [p['ip']] : p['hostname'] ? [p['hostname']] : [])));
  return [...found].sort().join(',');
}

function externalCell(service: KubeObject, spec: ServiceSpec): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length ? external.join(',') : '<none>';
    case 'LoadBalancer': {
      const points = loadBalancerPoints(service['status']?.loadBalancer);
      return [...(points ? [points] : []), ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec['externalName'] ?? '';
    default:
      return '<unknown>';
  }
}

const portCell = ({ port, nodePort, protocol }: ServicePort): string =>
  nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;

/** pkg/registry/core/service/strategy.go and storage. */
export const services: Strategy = {
  defaults,
  begin: beginService,
  async afterDelete(service, context) {
    const spec = specOf(service);
    const { namespace = '', name = '' } = service.metadata;
    try {
      await context.client.delete({ group: '', resource: 'endpoints' }, namespace, name);
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
    if (spec.type === 'ExternalName') return;
    for (const ip of spec.clusterIPs ?? [])
      if (ip !== 'None') await allocationsOf(context.client).releaseIp(ip);
  },
  prepareForCreate(service) {
    service['status'] = { loadBalancer: {} };
  },
  prepareForUpdate(service, old) {
    service['status'] = old['status'];
    dropTypeDependentFields(service, old);
  },
  validate: (service) => validateService(service),
  validateUpdate: validateServiceUpdate,
  validateName: nameIsDnsLabel,
  warnings,
  allowCreateOnUpdate: true,
  deleteReturnsObject: true,
  status: {
    prepareForUpdate(service, old) {
      service['spec'] = old['spec'];
    },
    validateUpdate: (service, old) =>
      loadBalancerStatusFaults(service['status']?.loadBalancer, old['status']?.loadBalancer, specOf(service)),
  },
  selectableFields: {
    'spec.clusterIP': (service) => service['spec']?.clusterIP ?? '',
    'spec.type': (service) => service['spec']?.type ?? '',
  },
  row(service, now) {
    const spec = specOf(service);
    return [
      service.metadata.name ?? '',
      spec.type ?? '',
      spec.clusterIPs?.[0] ?? '<none>',
      externalCell(service, spec),
      (spec.ports ?? []).map(portCell).join(',') || '<none>',
      age(service, now),
      formatLabels(spec.selector),
    ];
  },
};
