import { cloneJson } from '../../meta/clone.ts';
import { child, index, invalid } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { familyOf, type IpFamily } from '../../meta/ip.ts';
import type { KubeObject } from '../../meta/object.ts';
import { internalError, invalidError } from '../../meta/status.ts';
import type { Reservation, StrategyContext } from '../strategy.ts';
import { AllocationError, allocationsOf, type PortOperation, RANGE_FULL } from './service-allocation.ts';
import {
  allocatesNodePorts,
  hasNodePorts,
  isHeadless,
  keepAllocatedValues,
  needsHealthCheckPort,
  normalizeClusterIps,
  type ServiceSpec,
  specOf,
} from './service-fields.ts';
import { defaultStoredFamilies, initIpFamilies, keepsPreferDualStack } from './service-ip-families.ts';

const GK = { group: '', kind: 'Service' };

/** The families of a `--service-cluster-ip-range`, the first being the default. */
export function familiesOf(range: string): IpFamily[] {
  return range.split(',').flatMap((text) => familyOf(text.trim().split('/')[0]!) ?? []);
}

/**
 * Gives a Service its addresses and ports before it is validated, and takes back what a change makes free
 * (pkg/registry/core/service/storage: beginCreate, beginUpdate, alloc.go).
 */
export async function beginService(
  service: KubeObject,
  before: KubeObject | undefined,
  context: StrategyContext,
): Promise<Reservation> {
  const families = familiesOf(context.options.serviceClusterIpRange);
  const spec = specOf(service);
  const old = before && specOf(before);
  if (before) defaultStoredFamilies(before, families[0] ?? 'IPv4');
  if (old) keepAllocatedValues(spec, old);
  normalizeClusterIps(spec, old);
  const dryRun = context.dryRun ?? false;
  const allocations = allocationsOf(context.client);
  const ports = allocations.portOperation(context.options, dryRun);
  const held: { ip: string; give: () => Promise<void> }[] = [];
  const revert = async () => {
    ports.finish();
    for (const { give } of held) await give();
  };
  try {
    initIpFamilies(service, before, families);
    for (const i of addressesNeeded(spec, old)) await takeAddress(service, i, held, context, dryRun);
    await takePorts(service, old, ports, context, dryRun);
  } catch (error) {
    await revert();
    throw error;
  } finally {
    if (spec.clusterIPs?.length === 0) delete spec.clusterIPs;
    if (spec.ipFamilies?.length === 0) delete spec.ipFamilies;
  }
  const free = old ? addressesFreed(spec, old) : [];
  return {
    revert,
    async commit() {
      if (dryRun) return;
      allocations.settle(
        service,
        held.map(({ ip }) => ip),
        ports,
      );
      for (const ip of free) await allocations.releaseIp(ip);
    },
  };
}

/** The indexes of clusterIPs that are to be taken. */
function addressesNeeded(spec: ServiceSpec, old: ServiceSpec | undefined): number[] {
  if (spec.type === 'ExternalName' || keepsPreferDualStack(spec, old)) return [];
  const all = isHeadless(spec) ? [] : (spec.ipFamilies ?? []).map((_, i) => i);
  if (!old || old.type === 'ExternalName') return all;
  if (old.clusterIPs?.[0] === 'None') return [];
  return old.ipFamilies?.length === 1 && spec.ipFamilies?.length === 2 ? [1] : [];
}

/** The addresses that the change sets free. */
function addressesFreed(spec: ServiceSpec, old: ServiceSpec): string[] {
  if (old.type === 'ExternalName' || isHeadless(old) || keepsPreferDualStack(spec, old)) return [];
  if (spec.type === 'ExternalName') return [...(old.clusterIPs ?? [])];
  if (old.ipFamilies?.length === 2 && spec.ipFamilies?.length === 1)
    return (old.clusterIPs ?? []).slice(1, 2);
  return [];
}

async function takeAddress(
  service: KubeObject,
  i: number,
  held: { ip: string; give: () => Promise<void> }[],
  context: StrategyContext,
  dryRun: boolean,
): Promise<void> {
  const spec = specOf(service);
  const allocations = allocationsOf(context.client);
  spec.clusterIPs ??= [];
  while (spec.clusterIPs.length <= i) spec.clusterIPs.push('');
  const wanted = spec.clusterIPs[i]!;
  const name = service.metadata.name ?? '';
  const refuse = (why: string) => invalidError(GK, name, [invalid('spec.clusterIPs', spec.clusterIPs, why)]);
  try {
    if (wanted !== '') {
      held.push({ ip: wanted, give: await allocations.takeIp(service, wanted, context.options, dryRun) });
      return;
    }
    const taken = await allocations.takeNextIp(
      service,
      spec.ipFamilies![i] as IpFamily,
      context.options,
      dryRun,
    );
    held.push(taken);
    spec.clusterIPs[i] = taken.ip;
    if (i === 0) spec.clusterIP = taken.ip;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (wanted !== '') throw refuse(`failed to allocate IP ${wanted}: ${error.message}`);
    if (error instanceof AllocationError && error.message === RANGE_FULL)
      throw internalError(`failed to allocate a serviceIP for Service ${quote(name)}: ${error.message}`);
    throw refuse(`failed to allocate IP: ${error.message}`);
  }
}

/** So often another server may be faster. */
const MAX_CLAIMS = 16;

async function takePorts(
  service: KubeObject,
  old: ServiceSpec | undefined,
  ports: PortOperation,
  context: StrategyContext,
  dryRun: boolean,
): Promise<void> {
  if (dryRun || !context.options.shared) return choosePorts(service, old, ports);
  const spec = specOf(service);
  const asked = cloneJson({ ports: spec.ports ?? [], health: spec.healthCheckNodePort });
  for (let tries = 0; tries < MAX_CLAIMS; tries++) {
    choosePorts(service, old, ports);
    if (ports.taken.length === 0) return;
    const clash = await allocationsOf(context.client).claimPorts(ports.taken, () => context.now);
    if (clash.length === 0) return;
    // Those that the client named are refused at the next try, others are chosen anew.
    ports.without(clash);
    if (spec.ports) spec.ports = cloneJson(asked.ports);
    if (asked.health === undefined) delete spec.healthCheckNodePort;
    else spec.healthCheckNodePort = asked.health;
  }
  throw internalError(`failed to allocate a nodePort: ${RANGE_FULL}`);
}

function choosePorts(service: KubeObject, old: ServiceSpec | undefined, ports: PortOperation): void {
  const spec = specOf(service);
  if (hasNodePorts(spec)) {
    if (old) updateNodePorts(service, old, ports);
    else initNodePorts(service, ports);
  }
  if (!needsHealthCheckPort(spec) || (old && needsHealthCheckPort(old))) return;
  const wanted = spec.healthCheckNodePort ?? 0;
  try {
    if (wanted !== 0) ports.take(wanted);
    else spec.healthCheckNodePort = ports.takeNext();
  } catch (error) {
    const what = wanted === 0 ? 'a HealthCheck NodePort 0' : `requested HealthCheck NodePort ${wanted}`;
    throw internalError(`failed to allocate ${what}: ${(error as Error).message}`);
  }
}

function takePort(service: KubeObject, i: number, port: number, ports: PortOperation): void {
  try {
    ports.take(port);
  } catch (error) {
    const path = child(index('spec.ports', i), 'nodePort');
    throw invalidError(GK, service.metadata.name ?? '', [invalid(path, port, (error as Error).message)]);
  }
}

function nextPort(ports: PortOperation): number {
  try {
    return ports.takeNext();
  } catch (error) {
    throw internalError(`failed to allocate a nodePort: ${(error as Error).message}`);
  }
}

/** Ports of one number and several protocols share a node port. */
function initNodePorts(service: KubeObject, ports: PortOperation): void {
  const spec = specOf(service);
  const list = spec.ports ?? [];
  const given = new Map<number, number>();
  list.forEach((port, i) => {
    if (!port.nodePort && !allocatesNodePorts(spec)) return;
    const number = port.port ?? 0;
    const shared = given.get(number);
    if (shared === undefined) {
      const wanted = list.find((p) => (p.port ?? 0) === number && p.nodePort)?.nodePort;
      if (wanted) takePort(service, i, wanted, ports);
      port.nodePort = wanted ?? nextPort(ports);
      given.set(number, port.nodePort);
    } else if (!port.nodePort) port.nodePort = shared;
    else if (port.nodePort !== shared) takePort(service, i, port.nodePort, ports);
  });
}

function updateNodePorts(service: KubeObject, old: ServiceSpec, ports: PortOperation): void {
  const spec = specOf(service);
  const had = new Set((old.ports ?? []).map((port) => port.nodePort ?? 0));
  const taken = new Set<number>();
  spec.ports?.forEach((port, i) => {
    if (!port.nodePort) {
      if (allocatesNodePorts(spec)) port.nodePort = nextPort(ports);
      return;
    }
    if (had.has(port.nodePort) || taken.has(port.nodePort)) return;
    takePort(service, i, port.nodePort, ports);
    taken.add(port.nodePort);
  });
}
