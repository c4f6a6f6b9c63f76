import { randomInt } from 'node:crypto';
import {
  addToIp,
  type Cidr,
  cidrContains,
  cidrSize,
  type IpFamily,
  ipText,
  parseCidr,
  parseIp,
} from '../../meta/ip.ts';
import type { KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import type { ObjectClient } from '../client.ts';
import type { StrategyOptions } from '../strategy.ts';
import { NodePortClaims } from './node-port-claims.ts';
import { needsHealthCheckPort, nodePortsOf, specOf } from './service-fields.ts';

const SERVICES = { group: '', resource: 'services' };
const ADDRESSES = { group: 'networking.k8s.io', resource: 'ipaddresses' };
const RANGES = { group: 'networking.k8s.io', resource: 'servicecidrs' };

export const ALREADY_ALLOCATED_IP = 'provided IP is already allocated';
export const RANGE_FULL = 'range is full';

/** Why an address or a port could not be had, in kube-apiserver's words (ipallocator, portallocator). */
export class AllocationError extends Error {}

/** What is taken by Services that exist and by those being written. */
class Taken<T> {
  readonly #counts = new Map<T, number>();
  has(value: T): boolean {
    return this.#counts.has(value);
  }
  add(value: T): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }
  drop(value: T): void {
    const left = (this.#counts.get(value) ?? 0) - 1;
    if (left > 0) this.#counts.set(value, left);
    else this.#counts.delete(value);
  }
}

const keyOf = (service: KubeObject): string =>
  `${service.metadata.namespace ?? ''}/${service.metadata.name ?? ''}`;

const portsTaken = (service: KubeObject): number[] => {
  const spec = specOf(service);
  const health = needsHealthCheckPort(spec) ? (spec.healthCheckNodePort ?? 0) : 0;
  return [...nodePortsOf(spec), ...(health ? [health] : [])];
};
const ipsTaken = (service: KubeObject): string[] =>
  (specOf(service).clusterIPs ?? []).flatMap((ip) => {
    const parsed = ip === 'None' ? undefined : parseIp(ip);
    return parsed ? [ipText(parsed.bytes)] : [];
  });

/**
 * The cluster addresses and node ports of all Services, kept up from the watch cache. An address is held by its IPAddress
 * object, so that servers beside each other never give one away twice; ports are held by the Services that name them.
 */
export class ServiceAllocations {
  readonly #client: ObjectClient;
  readonly #random: (below: number) => number;
  readonly #ips = new Taken<string>();
  readonly #ports = new Taken<number>();
  /** By namespace and name: what to end once the Service is seen. */
  readonly #pending = new Map<string, () => void>();

  constructor(client: ObjectClient, random: (below: number) => number = randomInt) {
    this.#client = client;
    this.#random = random;
    const lister = client.lister(SERVICES);
    for (const service of lister?.list() ?? []) this.#count(service, 1);
    lister?.onChange((change) => {
      if (change.previous) this.#count(change.previous, -1);
      if (change.type !== 'DELETED') this.#count(change.object, 1);
      this.#pending.get(keyOf(change.object))?.();
    });
  }

  /**
   * The Service is written: what the write held in memory is held until the watch cache shows the Service, and from
   * then on by the Service itself.
   */
  settle(service: KubeObject, ips: readonly string[], ports: PortOperation): void {
    const key = keyOf(service);
    const before = this.#pending.get(key);
    const done = () => {
      this.#pending.delete(key);
      before?.();
      for (const ip of ips) this.#ips.drop(ip);
      ports.finish();
    };
    const seen = this.#client
      .lister(SERVICES)
      ?.get(service.metadata.namespace ?? '', service.metadata.name ?? '');
    const shown = seen ? [...ipsTaken(seen), ...portsTaken(seen).map(String)] : [];
    if ([...ips, ...ports.taken.map(String)].every((value) => shown.includes(value))) done();
    else this.#pending.set(key, done);
  }

  #count(service: KubeObject, by: 1 | -1): void {
    for (const ip of ipsTaken(service)) by === 1 ? this.#ips.add(ip) : this.#ips.drop(ip);
    for (const port of portsTaken(service)) by === 1 ? this.#ports.add(port) : this.#ports.drop(port);
  }

  /** The ranges of a family: those of the flag, then those of ServiceCIDR objects. */
  #ranges(family: IpFamily, options: StrategyOptions): Cidr[] {
    const texts = new Set(options.serviceClusterIpRange.split(',').map((text) => text.trim()));
    for (const object of this.#client.lister(RANGES)?.list() ?? [])
      if (!object.metadata.deletionTimestamp) for (const text of object['spec']?.cidrs ?? []) texts.add(text);
    const width = family === 'IPv4' ? 4 : 16;
    return [...texts].flatMap((text) => {
      const cidr = parseCidr(text);
      return cidr && cidr.network.length === width ? [cidr] : [];
    });
  }

  /** Takes this address for the Service; throws AllocationError. Returns how to give it back. */
  async takeIp(
    service: KubeObject,
    ip: string,
    options: StrategyOptions,
    dryRun: boolean,
  ): Promise<() => Promise<void>> {
    const bytes = parseIp(ip)!.bytes;
    const family = bytes.length === 4 ? 'IPv4' : 'IPv6';
    if (!this.#ranges(family, options).some((range) => usable(range, bytes)))
      throw new AllocationError('the provided network does not match the current range');
    if (dryRun) return async () => {};
    const give = await this.#hold(service, ipText(bytes), family);
    if (!give) throw new AllocationError(ALREADY_ALLOCATED_IP);
    return give;
  }

  /** Takes a free address of the family, from the upper part of a range first (KEP-3070); throws AllocationError. */
  async takeNextIp(
    service: KubeObject,
    family: IpFamily,
    options: StrategyOptions,
    dryRun: boolean,
  ): Promise<{ ip: string; give: () => Promise<void> }> {
    for (const range of this.#ranges(family, options)) {
      if (dryRun) return { ip: ipText(range.network), give: async () => {} };
      for (const ip of this.#candidates(range)) {
        if (this.#ips.has(ip)) continue;
        const give = await this.#hold(service, ip, family);
        if (give) return { ip, give };
      }
    }
    throw new AllocationError(RANGE_FULL);
  }

  *#candidates(range: Cidr): Generator<string> {
    const size = cidrSize(range);
    // Neither the network's address nor, of IPv4, the last one.
    const last = range.network.length === 4 ? size - 2n : size - 1n;
    if (last < 1n) return;
    const offset = BigInt(staticBand(size));
    for (const [low, high] of [
      [1n + offset, last],
      [1n, offset],
    ] as const) {
      const count = high - low + 1n;
      if (count <= 0n) continue;
      const span = count > 0xffffffffn ? 0xffffffffn : count;
      const start = BigInt(this.#random(Number(span)));
      // Bounded: no range has more Services than this.
      const tries = count > 1_000_000n ? 1_000_000n : count;
      for (let i = 0n; i < tries; i++) yield ipText(addToIp(range.network, low + ((start + i) % count)));
    }
  }

  async #hold(service: KubeObject, ip: string, family: IpFamily): Promise<(() => Promise<void>) | undefined> {
    if (this.#ips.has(ip)) return undefined;
    this.#ips.add(ip);
    try {
      await this.#client.create(ADDRESSES, '', ipAddressOf(service, ip, family));
    } catch (error) {
      this.#ips.drop(ip);
      if (isStatus(error, 'AlreadyExists')) return undefined;
      throw error;
    }
    return async () => {
      this.#ips.drop(ip);
      await this.releaseIp(ip);
    };
  }

  async releaseIp(ip: string): Promise<void> {
    const parsed = parseIp(ip);
    if (!parsed) return;
    try {
      await this.#client.delete(ADDRESSES, '', ipText(parsed.bytes));
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }

  /**
   * Makes sure that no other server gives away the same ports: claims them, then looks whether a Service has come to
   * have one meanwhile. Resolves to the ports that somebody else has.
   */
  async claimPorts(ports: readonly number[], now: () => number): Promise<number[]> {
    const clash = await new NodePortClaims(this.#client, now).claim(ports);
    if (clash.length > 0) return clash;
    // Every Service written before the claim is in this list.
    const others = (await this.#client.list(SERVICES)).flatMap(portsTaken);
    return ports.filter((port) => others.includes(port));
  }

  portOperation(options: StrategyOptions, dryRun: boolean): PortOperation {
    return new PortOperation(
      this.#ports,
      options.serviceNodePortRange ?? '30000-32767',
      dryRun,
      this.#random,
    );
  }
}

/** The ports that one write takes; all of them go back together. */
export class PortOperation {
  readonly #taken: Taken<number>;
  readonly #range: string;
  readonly #dryRun: boolean;
  readonly #random: (below: number) => number;
  readonly #mine: number[] = [];
  readonly #others = new Set<number>();

  constructor(taken: Taken<number>, range: string, dryRun: boolean, random: (below: number) => number) {
    this.#taken = taken;
    this.#range = range;
    this.#dryRun = dryRun;
    this.#random = random;
  }

  #bounds(): [number, number] {
    const [low, high] = this.#range.split('-').map(Number);
    return [low ?? 30000, high ?? low ?? 32767];
  }

  /** Takes this port; throws AllocationError. */
  take(port: number): void {
    const [low, high] = this.#bounds();
    if (!this.#dryRun && (port < low || port > high))
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${low}-${high}`,
      );
    if (this.#taken.has(port) || this.#others.has(port) || (this.#dryRun && this.#mine.includes(port)))
      throw new AllocationError('provided port is already allocated');
    this.#mine.push(port);
    if (!this.#dryRun) this.#taken.add(port);
  }

  /** Takes a free port, from the upper part of the range first (KEP-3668); throws AllocationError. */
  takeNext(): number {
    if (this.#dryRun) {
      const dummy = Math.max(32768, ...this.#mine) + 1;
      this.#mine.push(dummy);
      return dummy;
    }
    const [low, high] = this.#bounds();
    const size = high - low + 1;
    const band = size <= 16 ? 0 : Math.min(128, Math.max(16, Math.floor(size / 32)));
    for (const [from, to] of [
      [low + band, high],
      [low, low + band - 1],
    ] as const) {
      const count = to - from + 1;
      if (count <= 0) continue;
      const start = this.#random(count);
      for (let i = 0; i < count; i++) {
        const port = from + ((start + i) % count);
        if (this.#taken.has(port) || this.#others.has(port)) continue;
        this.take(port);
        return port;
      }
    }
    throw new AllocationError(RANGE_FULL);
  }

  get taken(): readonly number[] {
    return this.#dryRun ? [] : this.#mine;
  }

  /** Gives everything back for another try that leaves these out. */
  without(ports: readonly number[]): void {
    this.finish();
    for (const port of ports) this.#others.add(port);
  }

  /** Ends the operation: from now on the Service holds its ports, or, where the write failed, nobody. */
  finish(): void {
    if (!this.#dryRun) for (const port of this.#mine) this.#taken.drop(port);
    this.#mine.length = 0;
  }
}

function staticBand(size: bigint): number {
  if (size <= 16n) return 0;
  const band = size / 16n;
  return band < 16n ? 16 : band > 256n ? 256 : Number(band);
}

/** Whether a Service may have this address of a range: not the network's own, nor IPv4's last. */
function usable(range: Cidr, bytes: readonly number[]): boolean {
  if (!cidrContains(range, bytes)) return false;
  const text = ipText(bytes);
  if (text === ipText(range.network)) return false;
  return bytes.length !== 4 || text !== ipText(addToIp(range.network, cidrSize(range) - 1n));
}

/** The object that holds an address for a Service. */
export function ipAddressOf(service: KubeObject, ip: string, family: IpFamily): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: ip,
      labels: {
        'ipaddress.kubernetes.io/ip-family': family,
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: {
      parentRef: {
        group: '',
        resource: 'services',
        namespace: service.metadata.namespace ?? '',
        name: service.metadata.name ?? '',
      },
    },
  };
}

const byClient = new WeakMap<ObjectClient, ServiceAllocations>();

/** The allocations behind a client: one for each server. */
export function allocationsOf(client: ObjectClient): ServiceAllocations {
  let found = byClient.get(client);
  if (!found) {
    found = new ServiceAllocations(client);
    byClient.set(client, found);
  }
  return found;
}
