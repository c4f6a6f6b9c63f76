import { deepEqual } from '../../meta/deep-equal.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';

/** What a Service's type says of its other fields (pkg/registry/core/service, pkg/api/service/util.go). */

export interface ServicePort {
  name?: string;
  protocol?: string;
  appProtocol?: string;
  port?: number;
  targetPort?: number | string;
  nodePort?: number;
}

export interface ServiceSpec extends Fields {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  externalIPs?: string[];
  ports?: ServicePort[];
  selector?: Record<string, string>;
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  externalTrafficPolicy?: string;
  healthCheckNodePort?: number;
  allocateLoadBalancerNodePorts?: boolean;
}

/** The spec, made where it is missing. */
export function specOf(service: KubeObject): ServiceSpec {
  service['spec'] ??= {};
  return service['spec'];
}

export const isHeadless = (spec: ServiceSpec): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
export const needsClusterIp = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName';
export const hasNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer';
/** As hasNodePorts, but for load balancers told to do without. */
export const allocatesNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
export const needsHealthCheckPort = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
export const externallyAccessible = (spec: ServiceSpec): boolean =>
  hasNodePorts(spec) || (spec.type === 'ClusterIP' && !!spec.externalIPs?.length);

export const nodePortsOf = (spec: ServiceSpec): number[] =>
  (spec.ports ?? []).flatMap((port) => (port.nodePort ? [port.nodePort] : []));

export const sameList = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  deepEqual(a ?? [], b ?? []);

const set = (spec: ServiceSpec, field: string, value: unknown) => {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) delete spec[field];
  else spec[field] = value;
};

/** Keeps clusterIPs in step with clusterIP, which older clients know alone (normalizeClusterIPs). */
export function normalizeClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  const ip = spec.clusterIP ?? '';
  if (!old) {
    if (ip !== '' && !spec.clusterIPs?.length) spec.clusterIPs = [ip];
    return;
  }
  const oldIp = old.clusterIP ?? '';
  if (old.clusterIPs?.length && !spec.clusterIPs?.length && oldIp === ip)
    spec.clusterIPs = [...old.clusterIPs];
  if (oldIp !== ip && sameList(old.clusterIPs, spec.clusterIPs)) {
    if (oldIp !== '' && ip === '') delete spec.clusterIPs;
    else spec.clusterIPs = [ip];
  }
}

/** What a Service written without allocated values keeps of those it has (patchAllocatedValues). */
export function keepAllocatedValues(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP) set(spec, 'clusterIP', old.clusterIP);
    if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
  }
  if (allocatesNodePorts(old) && allocatesNodePorts(spec)) {
    const before = new Set(nodePortsOf(old));
    const used = new Set(nodePortsOf(spec).filter((port) => before.has(port)));
    const byName = new Map((old.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const had = byName.get(port.name ?? '') ?? 0;
      if (had !== 0 && !used.has(had)) port.nodePort = had;
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && !spec.healthCheckNodePort)
    set(spec, 'healthCheckNodePort', old.healthCheckNodePort || undefined);
}

/**
 * Clears what no longer applies after a change of type, if the client did not change it at the same time
 * (dropTypeDependentFields).
 */
export function dropTypeDependentFields(service: KubeObject, before: KubeObject): void {
  const spec = specOf(service);
  const old = specOf(before);
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if ((old.clusterIP ?? '') === (spec.clusterIP ?? '') && sameList(old.clusterIPs, spec.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (sameList(old.ipFamilies, spec.ipFamilies)) delete spec.ipFamilies;
    if (old.ipFamilyPolicy === spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (hasNodePorts(old) && !hasNodePorts(spec)) {
    const had = new Set(nodePortsOf(old));
    if (nodePortsOf(spec).every((port) => had.has(port)))
      for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (
    needsHealthCheckPort(old) &&
    !needsHealthCheckPort(spec) &&
    (old.healthCheckNodePort ?? 0) === (spec.healthCheckNodePort ?? 0)
  )
    delete spec.healthCheckNodePort;
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (
      old.allocateLoadBalancerNodePorts !== undefined &&
      old.allocateLoadBalancerNodePorts === spec.allocateLoadBalancerNodePorts
    )
      delete spec.allocateLoadBalancerNodePorts;
    if (old['loadBalancerClass'] === spec['loadBalancerClass']) delete spec['loadBalancerClass'];
  }
  if (
    externallyAccessible(old) &&
    !externallyAccessible(spec) &&
    (old.externalTrafficPolicy ?? '') === (spec.externalTrafficPolicy ?? '')
  )
    delete spec.externalTrafficPolicy;
  if (spec.type !== 'LoadBalancer') service['status'] = { ...service['status'], loadBalancer: {} };
}
