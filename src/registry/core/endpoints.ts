import { deepEqual } from '../../meta/deep-equal.ts';
import { child, type FieldError, index, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  endpointIp,
  ipWarnings,
  legacyIp,
  oneOf,
  portNumber,
  qualifiedName,
} from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { PROTOCOLS } from './service-validation.ts';

const subsetsOf = (object: KubeObject): Fields[] => object['subsets'] ?? [];

function addressErrors(address: Fields, path: string): FieldError[] {
  const ip: string = address['ip'] ?? '';
  return [
    ...legacyIp(ip, child(path, 'ip')),
    ...(address['hostname'] ? dns1123Label(address['hostname'], child(path, 'hostname')) : []),
    ...(address['nodeName'] !== undefined
      ? dns1123Subdomain(address['nodeName'], child(path, 'nodeName'))
      : []),
    ...endpointIp(ip, child(path, 'ip')),
  ];
}

function portErrors(port: Fields, nameNeeded: boolean, path: string): FieldError[] {
  const name: string = port['name'] ?? '';
  return [
    ...(name !== ''
      ? dns1123Label(name, child(path, 'name'))
      : nameNeeded
        ? [required(child(path, 'name'))]
        : []),
    ...portNumber(port['port'], child(path, 'port')),
    ...oneOf(port['protocol'], PROTOCOLS, child(path, 'protocol')),
    ...(port['appProtocol'] !== undefined
      ? qualifiedName(port['appProtocol'], child(path, 'appProtocol'))
      : []),
  ];
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  subsetsOf(object).forEach((subset, i) => {
    const path = index('subsets', i);
    const ready: Fields[] = subset['addresses'] ?? [];
    const notReady: Fields[] = subset['notReadyAddresses'] ?? [];
    const ports: Fields[] = subset['ports'] ?? [];
    if (!ready.length && !notReady.length)
      errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
    ready.forEach((address, j) => {
      errors.push(...addressErrors(address, index(child(path, 'addresses'), j)));
    });
    notReady.forEach((address, j) => {
      errors.push(...addressErrors(address, index(child(path, 'notReadyAddresses'), j)));
    });
    ports.forEach((port, j) => {
      errors.push(...portErrors(port, ports.length > 1, index(child(path, 'ports'), j)));
    });
  });
  return errors;
}

/** `host:port`, an IPv6 host in brackets (net.JoinHostPort). */
const joined = (ip: string, port: unknown) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;

function endpointsCell(object: KubeObject): string {
  const subsets = subsetsOf(object);
  if (!subsets.length) return '<none>';
  const all = subsets.flatMap((subset) => {
    const ips = ((subset['addresses'] ?? []) as Fields[]).map((address): string => address['ip'] ?? '');
    const ports: Fields[] = subset['ports'] ?? [];
    return ports.length ? ports.flatMap((port) => ips.map((ip) => joined(ip, port['port'] ?? 0))) : ips;
  });
  const shown = all.slice(0, 3).join(',');
  return all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown;
}

/** pkg/registry/core/endpoint/strategy.go. */
export const endpoints: Strategy = {
  defaults(object) {
    for (const subset of subsetsOf(object))
      for (const port of (subset['ports'] ?? []) as Fields[]) port['protocol'] ||= 'TCP';
  },
  validate,
  validateUpdate: (object, old) => (deepEqual(object['subsets'], old['subsets']) ? [] : validate(object)),
  warnings(object) {
    if (object.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
    return subsetsOf(object).flatMap((subset, i) =>
      ['addresses', 'notReadyAddresses'].flatMap((list) =>
        ((subset[list] ?? []) as Fields[]).flatMap((address, j) =>
          ipWarnings(address['ip'] ?? '', `subsets[${i}].${list}[${j}].ip`),
        ),
      ),
    );
  },
  deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  allowCreateOnUpdate: true,
  row: (object, now) => [object.metadata.name ?? '', endpointsCell(object), age(object, now)],
};
