import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  key,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { familyOf } from '../../meta/ip.ts';
import { labelsErrors } from '../../meta/label-selector.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  endpointIp,
  legacyCidr,
  legacyIp,
  oneOf,
  portNumber,
  portNumberOrName,
  qualifiedName,
} from '../field-validation.ts';
import {
  externallyAccessible,
  isHeadless,
  needsHealthCheckPort,
  type ServicePort,
  type ServiceSpec,
  specOf,
} from './service-fields.ts';

/** Checks of Services (pkg/apis/core/validation/validation.go: validateService and what it calls). */

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";
const FAMILIES = ['IPv4', 'IPv6'];
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, alone and together (ValidateServiceClusterIPsRelatedFields). */
export function clusterIpFaults(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const errors: FieldError[] = [];
  const path = 'spec.clusterIPs';
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(path));
    else if (ips[0] !== spec.clusterIP) errors.push(invalid(path, ips, 'first value must match `clusterIP`'));
  } else if (ips.length) errors.push(invalid(path, ips, 'must be empty when `clusterIP` is not specified'));
  const seen = new Set<string>();
  spec.ipFamilies?.forEach((family, i) => {
    if (!FAMILIES.includes(family)) errors.push(notSupported(index('spec.ipFamilies', i), family, FAMILIES));
    if (seen.has(family)) errors.push(duplicate(index('spec.ipFamilies', i), family));
    seen.add(family);
  });
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (spec.ipFamilyPolicy !== undefined && !policies.includes(spec.ipFamilyPolicy))
    errors.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, policies));
  let broken = false;
  ips.forEach((ip, i) => {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) {
        broken = true;
        errors.push(invalid(path, ips, "'None' must be the first and only value"));
      }
      return;
    }
    const faults = legacyIp(ip, index(path, i), old?.clusterIPs);
    broken ||= faults.length > 0;
    errors.push(...faults);
  });
  if (ips.length > 2) errors.push(invalid(path, ips, 'may only hold up to 2 values'));
  if (broken) return errors;
  if (ips.length > 1) {
    const families = new Set(ips.map(familyOf));
    if (families.size !== 2)
      errors.push(invalid(path, ips, 'may specify no more than one IP for each IP family'));
  }
  if (!isHeadless(spec) && ips.length && spec.ipFamilies?.length)
    ips.forEach((ip, i) => {
      const expected = spec.ipFamilies![i];
      if (expected === undefined || !FAMILIES.includes(expected) || familyOf(ip) === expected) return;
      errors.push(
        invalid(index(path, i), ip, `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``),
      );
    });
  return errors;
}

function portFaults(port: ServicePort, nameNeeded: boolean, names: Set<string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) {
    errors.push(...dns1123Label(port.name, child(path, 'name')));
    if (names.has(port.name)) errors.push(duplicate(child(path, 'name'), port.name));
    names.add(port.name);
  } else if (nameNeeded) errors.push(required(child(path, 'name')));
  errors.push(...portNumber(port.port, child(path, 'port')));
  errors.push(...oneOf(port.protocol, PROTOCOLS, child(path, 'protocol')));
  errors.push(...portNumberOrName(port.targetPort ?? 0, child(path, 'targetPort')));
  if (port.appProtocol !== undefined)
    errors.push(...qualifiedName(port.appProtocol, child(path, 'appProtocol')));
  return errors;
}

function typeFaults(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName')
    errors.push(required('spec.ports'));
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec))
    errors.push(
      invalid(
        'spec.clusterIPs[0]',
        spec.clusterIPs![0],
        `may not be set to 'None' for ${spec.type} services`,
      ),
    );
  if (spec.type === 'ExternalName') {
    const why = 'may not be set for ExternalName services';
    if (spec.clusterIPs?.length) errors.push(forbidden('spec.clusterIPs', why));
    if (spec.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', why));
    if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', why));
    const name = String(spec['externalName'] ?? '').replace(/\.$/, '');
    errors.push(...(name ? dns1123Subdomain(name, 'spec.externalName') : [required('spec.externalName')]));
  }
  return errors;
}

function affinityFaults(spec: ServiceSpec): FieldError[] {
  const errors = oneOf(spec['sessionAffinity'], ['ClientIP', 'None'], 'spec.sessionAffinity');
  const path = 'spec.sessionAffinityConfig';
  const config: Fields | undefined = spec['sessionAffinityConfig'];
  if (spec['sessionAffinity'] === 'ClientIP') {
    const why = 'when session affinity type is ClientIP';
    const timeout = config?.['clientIP']?.timeoutSeconds;
    if (!config) errors.push(required(path, why));
    else if (!config['clientIP']) errors.push(required(`${path}.clientIP`, why));
    else if (timeout == null) errors.push(required(`${path}.clientIP.timeoutSeconds`, why));
    else if (timeout <= 0 || timeout > 86400)
      errors.push(
        invalid(`${path}.clientIP.timeoutSeconds`, timeout, 'must be greater than 0 and less than 86400'),
      );
  } else if (spec['sessionAffinity'] === 'None' && config)
    errors.push(forbidden(path, 'must not be set when session affinity is None'));
  return errors;
}

function duplicatePorts(ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = [];
  const nodePorts = new Set<string>();
  ports.forEach((port, i) => {
    if (!port.nodePort) return;
    const pair = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(pair)) errors.push(duplicate(child(index('spec.ports', i), 'nodePort'), port.nodePort));
    nodePorts.add(pair);
  });
  const seen = new Set<string>();
  ports.forEach((port, i) => {
    const pair = `${port.protocol}/${port.port}`;
    // The internal type, as Go prints it: no JSON names.
    const shown = {
      Name: '',
      Protocol: port.protocol ?? '',
      AppProtocol: null,
      Port: port.port ?? 0,
      TargetPort: 0,
      NodePort: 0,
    };
    if (seen.has(pair)) errors.push(duplicate(index('spec.ports', i), shown));
    seen.add(pair);
  });
  return errors;
}

function sourceRangeFaults(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const spec = specOf(service);
  const ranges: string[] = spec['loadBalancerSourceRanges'] ?? [];
  const annotation = service.metadata.annotations?.[SOURCE_RANGES];
  if (ranges.length) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (spec.type !== 'LoadBalancer') errors.push(forbidden(path, ONLY_LOAD_BALANCER));
    const before: string[] = old?.['spec']?.loadBalancerSourceRanges ?? [];
    const trimmed = before.map((range) => range.trim());
    ranges.forEach((range, i) => {
      errors.push(...legacyCidr(range.trim(), index(path, i), trimmed));
    });
  } else if (annotation !== undefined) {
    const path = key('metadata.annotations', SOURCE_RANGES);
    if (spec.type !== 'LoadBalancer') errors.push(forbidden(path, ONLY_LOAD_BALANCER));
    if (old?.metadata.annotations?.[SOURCE_RANGES] !== annotation && annotation.trim() !== '')
      for (const range of annotation.trim().split(',')) errors.push(...legacyCidr(range.trim(), path));
  }
  return errors;
}

function trafficFaults(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const external = spec.externalTrafficPolicy ?? '';
  if (!externallyAccessible(spec)) {
    if (external !== '')
      errors.push(
        invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'),
      );
  } else errors.push(...oneOf(external, ['Cluster', 'Local'], 'spec.externalTrafficPolicy'));
  const port = spec.healthCheckNodePort ?? 0;
  if (needsHealthCheckPort(spec)) {
    errors.push(
      ...(port === 0 ? [required('spec.healthCheckNodePort')] : portNumber(port, 'spec.healthCheckNodePort')),
    );
  } else if (port !== 0)
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        port,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  const internal = spec['internalTrafficPolicy'];
  if (internal !== undefined)
    errors.push(
      ...(['Cluster', 'Local'].includes(internal)
        ? []
        : [notSupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local'])]),
    );
  else if (['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type ?? ''))
    errors.push(required('spec.internalTrafficPolicy'));
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  const distribution = spec['trafficDistribution'];
  if (distribution !== undefined && !distributions.includes(distribution))
    errors.push(notSupported('spec.trafficDistribution', distribution, distributions));
  return errors;
}

function loadBalancerClassFaults(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const path = 'spec.loadBalancerClass';
  const errors: FieldError[] = [];
  const name: string | undefined = spec['loadBalancerClass'];
  if (old?.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && old['loadBalancerClass'] !== name)
    errors.push(invalid(path, name ?? null, 'may not change once set'));
  if (name === undefined) return errors;
  if (spec.type === 'LoadBalancer') errors.push(...qualifiedName(name, path));
  else errors.push(forbidden(path, ONLY_LOAD_BALANCER));
  return errors;
}

export function validateService(service: KubeObject, old?: KubeObject): FieldError[] {
  const spec = specOf(service);
  const before = old && specOf(old);
  const errors: FieldError[] = [];
  const { [TOPOLOGY_HINTS]: hints, [TOPOLOGY_MODE]: mode } = service.metadata.annotations ?? {};
  if (hints !== undefined && mode !== undefined && hints !== mode)
    errors.push(
      invalid(
        key('metadata.annotations', TOPOLOGY_MODE),
        mode,
        `must match annotations[${TOPOLOGY_HINTS}] when both are specified`,
      ),
    );
  errors.push(...typeFaults(spec));
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  ports.forEach((port, i) => {
    errors.push(...portFaults(port, ports.length > 1, names, index('spec.ports', i)));
  });
  if (spec.selector) errors.push(...labelsErrors(spec.selector, 'spec.selector'));
  errors.push(...affinityFaults(spec), ...clusterIpFaults(spec, before));
  spec.externalIPs?.forEach((ip, i) => {
    const path = index('spec.externalIPs', i);
    const faults = legacyIp(ip, path, before?.externalIPs);
    errors.push(...(faults.length ? faults : endpointIp(ip, path)));
  });
  errors.push(...oneOf(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type'));
  if (spec.type === 'ClusterIP')
    ports.forEach((port, i) => {
      if (port.nodePort)
        errors.push(
          forbidden(child(index('spec.ports', i), 'nodePort'), "may not be used when `type` is 'ClusterIP'"),
        );
    });
  errors.push(...duplicatePorts(ports), ...sourceRangeFaults(service, old));
  const allocate = spec.allocateLoadBalancerNodePorts;
  if (allocate !== undefined && spec.type !== 'LoadBalancer')
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', ONLY_LOAD_BALANCER));
  if (allocate === undefined && spec.type === 'LoadBalancer')
    errors.push(required('allocateLoadBalancerNodePorts'));
  errors.push(...loadBalancerClassFaults(spec, undefined), ...trafficFaults(spec));
  return errors;
}

/** One list against what it was: the first entry is fixed, the second comes and goes by ipFamilyPolicy. */
function dualStackChange(
  spec: ServiceSpec,
  field: 'clusterIPs' | 'ipFamilies',
  now: string[],
  before: string[],
): FieldError[] {
  const errors: FieldError[] = [];
  const first = `spec.${field}[0]`;
  const what = field === 'clusterIPs' ? 'clusterIP' : 'ipFamily';
  const shown = spec[field] ?? null;
  // The messages about ipFamilies show clusterIPs when lengths differ, as they do in kube-apiserver.
  const shownOfOther = spec.clusterIPs ?? null;
  if (before.length === now.length) {
    before.forEach((value, i) => {
      if (value !== now[i])
        errors.push(
          invalid(
            field === 'clusterIPs' ? index('spec.clusterIPs', i) : first,
            shown,
            'may not change once set',
          ),
        );
    });
    return errors;
  }
  if (before.length > now.length && !spec.clusterIPs?.length)
    errors.push(invalid(first, shown, `primary ${what} can not be unset`));
  if (before.length && now.length && now[0] !== before[0])
    errors.push(invalid(first, shownOfOther, 'may not change once set'));
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalid(
        'spec.ipFamilyPolicy',
        spec.ipFamilyPolicy ?? null,
        `must be set to 'SingleStack' when releasing the secondary ${what}`,
      ),
    );
  return errors;
}

export function validateServiceUpdate(service: KubeObject, before: KubeObject): FieldError[] {
  const spec = specOf(service);
  const old = specOf(before);
  const errors: FieldError[] = [];
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    const headless = isHeadless(spec);
    if (!(headless && isHeadless(old)))
      errors.push(...dualStackChange(spec, 'clusterIPs', spec.clusterIPs ?? [], old.clusterIPs ?? []));
    if (!headless && !isHeadless(old))
      errors.push(...dualStackChange(spec, 'ipFamilies', spec.ipFamilies ?? [], old.ipFamilies ?? []));
  }
  errors.push(...loadBalancerClassFaults(spec, old));
  if (
    needsHealthCheckPort(old) &&
    needsHealthCheckPort(spec) &&
    (old.healthCheckNodePort ?? 0) !== (spec.healthCheckNodePort ?? 0)
  )
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  return [...errors, ...validateService(service, before)];
}

/** ValidateLoadBalancerStatus, of Services and, without `type`, of Ingresses. */
export function loadBalancerStatusFaults(
  status: Fields | undefined,
  old: Fields | undefined,
  spec: ServiceSpec,
): FieldError[] {
  const errors: FieldError[] = [];
  const path = 'status.loadBalancer.ingress';
  const points: Fields[] = status?.['ingress'] ?? [];
  if (spec.type !== 'LoadBalancer' && points.length)
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  const before = ((old?.['ingress'] ?? []) as Fields[]).flatMap((point) =>
    point['ip'] ? [point['ip']] : [],
  );
  points.forEach((point, i) => {
    const at = index(path, i);
    const { ip, ipMode, hostname } = point;
    if (ip) errors.push(...legacyIp(ip, child(at, 'ip'), before));
    if (ipMode === undefined) {
      if (ip) errors.push(required(child(at, 'ipMode'), 'must be specified when `ip` is set'));
    } else if (!ip) errors.push(forbidden(child(at, 'ipMode'), 'may not be specified when `ip` is not set'));
    else if (ipMode !== 'Proxy' && ipMode !== 'VIP')
      errors.push(notSupported(child(at, 'ipMode'), ipMode, ['Proxy', 'VIP']));
    if (hostname) {
      errors.push(...dns1123Subdomain(hostname, child(at, 'hostname')));
      if (familyOf(hostname))
        errors.push(invalid(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address'));
    }
  });
  return errors;
}
