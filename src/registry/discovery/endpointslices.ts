import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../meta/field-error.ts';
import { familyOf } from '../../meta/ip.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { PROTOCOLS } from '../core/service-validation.ts';
import {
  canonicalIp,
  dns1123Label,
  dns1123Subdomain,
  endpointIp,
  immutable,
  ipWarnings,
  legacyIp,
  oneOf,
  qualifiedName,
} from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLERS = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

/** A name of two labels at least, with or without the last dot (validation.IsFullyQualifiedDomainName). */
function domainErrors(text: string, path: string): FieldError[] {
  if (text === '') return [required(path)];
  const name = text.replace(/\.$/, '');
  const faults = dns1123SubdomainFaults(name);
  if (faults.length) return [invalid(path, name, faults.join(','))];
  const labels = name.split('.');
  if (labels.length < 2)
    return [invalid(path, name, 'should be a domain with at least two segments separated by dots')];
  for (const label of labels) {
    const wrong = dns1123LabelFaults(label);
    if (wrong.length) return [invalid(path, label, wrong.join(','))];
  }
  return [];
}

function addressErrors(address: string, type: string, list: string, i: number): FieldError[] {
  const path = index(list, i);
  if (type === 'FQDN') return domainErrors(address, path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const faults = type === 'IPv4' ? legacyIp(address, path) : canonicalIp(address, path);
  if (faults.length) return faults;
  const family = familyOf(address) === type ? [] : [invalid(list, address, `must be an ${type} address`)];
  return [...family, ...endpointIp(address, path)];
}

function hintErrors(hints: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = (field: string, faultsOf: (name: string) => string[]): boolean => {
    const list: Fields[] = hints[field] ?? [];
    const at = child(path, field);
    if (list.length > MAX_HINTS) {
      errors.push(tooMany(at, list.length, MAX_HINTS));
      return false;
    }
    const seen = new Set<string>();
    list.forEach((hint, i) => {
      const name: string = hint['name'] ?? '';
      const here = child(index(at, i), 'name');
      if (seen.has(name)) errors.push(duplicate(here, name));
      seen.add(name);
      errors.push(...faultsOf(name).map((fault) => invalid(here, name, fault)));
    });
    return true;
  };
  if (names('forZones', labelValueFaults)) names('forNodes', dns1123SubdomainFaults);
  return errors;
}

function endpointsErrors(endpoints: readonly Fields[], type: string): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, i) => {
    const errors: FieldError[] = [];
    const path = index('endpoints', i);
    const list = child(path, 'addresses');
    const addresses: string[] = endpoint['addresses'] ?? [];
    if (!addresses.length) errors.push(required(list, 'must contain at least 1 address'));
    else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(list, addresses.length, MAX_ADDRESSES));
    addresses.forEach((address, j) => {
      errors.push(...addressErrors(address, type, list, j));
    });
    const { nodeName, hostname, hints } = endpoint;
    if (nodeName !== undefined) errors.push(...dns1123Subdomain(nodeName, child(path, 'nodeName')));
    if (hostname !== undefined) errors.push(...dns1123Label(hostname, child(path, 'hostname')));
    if (hints) errors.push(...hintErrors(hints, child(path, 'hints')));
    return errors;
  });
}

function portsErrors(ports: readonly Fields[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const path = index('ports', i);
    const name: string = port['name'] ?? '';
    const errors: FieldError[] = name === '' ? [] : dns1123Label(name, child(path, 'name'));
    if (names.has(name)) errors.push(duplicate(child(path, 'name'), name));
    names.add(name);
    if (port['protocol'] === undefined) errors.push(required(child(path, 'protocol')));
    else if (!PROTOCOLS.includes(port['protocol']))
      errors.push(notSupported(child(path, 'protocol'), port['protocol'], PROTOCOLS));
    if (port['appProtocol'] !== undefined)
      errors.push(...qualifiedName(port['appProtocol'], child(path, 'appProtocol')));
    return errors;
  });
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const type: string = object['addressType'] ?? '';
  const errors = [...oneOf(type, ADDRESS_TYPES, 'addressType'), ...portsErrors(object['ports'] ?? [])];
  // What an older server took stays, as long as it is not touched.
  if (!old || !deepEqual(object['endpoints'], old['endpoints']))
    errors.push(...endpointsErrors(object['endpoints'] ?? [], type));
  return errors;
}

function dropTopology(object: KubeObject, old: KubeObject | undefined): void {
  if (old && deepEqual(object['endpoints'], old['endpoints'])) return;
  for (const endpoint of (object['endpoints'] ?? []) as Fields[]) delete endpoint['deprecatedTopology'];
}

const withoutMetadata = (object: KubeObject) => ({ ...object, metadata: {} });

function listCell(list: readonly string[]): string {
  if (!list.length) return '<unset>';
  return list.length > 3 ? `${list.slice(0, 3).join(',')} + ${list.length - 3} more...` : list.join(',');
}

/** pkg/registry/discovery/endpointslice/strategy.go: generation counts changes of labels too. */
export const endpointslices: Strategy = {
  defaults(object) {
    for (const port of (object['ports'] ?? []) as Fields[]) {
      port['name'] ??= '';
      port['protocol'] ??= 'TCP';
    }
  },
  prepareForCreate(object) {
    object.metadata.generation = 1;
    dropTopology(object, undefined);
  },
  prepareForUpdate(object, old) {
    if (
      !deepEqual(withoutMetadata(object), withoutMetadata(old)) ||
      !deepEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {})
    )
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    dropTopology(object, old);
  },
  validate: (object) => validate(object),
  validateUpdate: (object, old) => [
    ...validate(object, old),
    ...immutable(object['addressType'] ?? '', old['addressType'] ?? '', 'addressType'),
  ],
  warnings(object, old) {
    const warnings: string[] = [];
    if (!old && object['addressType'] === 'FQDN')
      warnings.push('spec.addressType: FQDN endpoints are deprecated');
    if (CONTROLLERS.includes(object.metadata.labels?.[MANAGED_BY] ?? '')) return warnings;
    ((object['endpoints'] ?? []) as Fields[]).forEach((endpoint, i) => {
      ((endpoint['addresses'] ?? []) as string[]).forEach((address, j) => {
        warnings.push(...ipWarnings(address, `endpoints[${i}].addresses[${j}]`));
      });
    });
    return warnings;
  },
  row(object, now) {
    const ports: Fields[] = object['ports'] ?? [];
    const endpoints: Fields[] = object['endpoints'] ?? [];
    return [
      object.metadata.name ?? '',
      object['addressType'] ?? '',
      listCell(ports.map((port) => String(port['port'] ?? port['name'] ?? '*'))),
      listCell(endpoints.flatMap((endpoint): string[] => endpoint['addresses'] ?? [])),
      age(object, now),
    ];
  },
};
