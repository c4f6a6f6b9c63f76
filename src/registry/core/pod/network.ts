import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  required,
  tooLong,
} from '../../../meta/field-error.ts';
import {
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  dns1123SubdomainWithUnderscoreFaults,
} from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { legacyIp } from '../../field-validation.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { visitContainers } from './visit.ts';

/** DNS, host names and the host's network of a pod (validatePodDNSConfig, ValidateHostAliases… in validation.go). */

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

export function dnsConfigErrors(
  config: Fields | undefined,
  policy: string | undefined,
  path: string,
): FieldError[] {
  const nameservers: string[] = config?.['nameservers'] ?? [];
  if (policy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (nameservers.length === 0)
      return [
        required(
          child(path, 'nameservers'),
          'must provide at least one DNS nameserver when `dnsPolicy` is None',
        ),
      ];
  }
  if (!config) return [];
  const errors: FieldError[] = [];
  if (nameservers.length > MAX_NAMESERVERS)
    errors.push(
      invalid(
        child(path, 'nameservers'),
        nameservers,
        `must not have more than ${MAX_NAMESERVERS} nameservers`,
      ),
    );
  nameservers.forEach((address, i) => {
    add(errors, legacyIp(address, index(child(path, 'nameservers'), i)));
  });
  const searches: string[] = config['searches'] ?? [];
  const searchPath = child(path, 'searches');
  if (searches.length > MAX_SEARCHES)
    errors.push(invalid(searchPath, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  if (Buffer.byteLength(searches.join(' ')) > MAX_SEARCH_CHARACTERS)
    errors.push(
      invalid(
        searchPath,
        searches,
        `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
      ),
    );
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    for (const fault of dns1123SubdomainWithUnderscoreFaults(name))
      errors.push(invalid(index(searchPath, i), name, fault));
  });
  config['options']?.forEach((option: Fields, i: number) => {
    if (!option['name']) errors.push(required(index(child(path, 'options'), i), 'must not be empty'));
  });
  return errors;
}

export function hostAliasesErrors(aliases: Fields[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  aliases?.forEach((alias, i) => {
    const at = index(path, i);
    add(errors, legacyIp(alias['ip'] ?? '', child(at, 'ip')));
    alias['hostnames']?.forEach((name: string, j: number) => {
      for (const fault of dns1123SubdomainFaults(name))
        errors.push(invalid(index(child(at, 'hostnames'), j), name, fault));
    });
  });
  return errors;
}

/** On the host's network a container's port is the host's. */
export function hostNetworkErrors(spec: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec['hostNetwork']) return errors;
  spec['containers']?.forEach((container: Fields, i: number) => {
    container['ports']?.forEach((port: Fields, j: number) => {
      const hostPort: number = port['hostPort'] ?? 0;
      if ((options.resourceIsPod || hostPort !== 0) && hostPort !== (port['containerPort'] ?? 0)) {
        const at = `${index(child(path, 'containers'), i)}.ports[${j}].hostPort`;
        errors.push(invalid(at, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
      }
    });
  });
  return errors;
}

/** A pod in a user namespace of its own stays out of the host's others. */
export function hostUsersErrors(spec: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (spec['hostUsers'] !== false) return errors;
  const words = 'when `hostUsers` is false';
  if (spec['hostNetwork'] && !options.allowUserNamespaceOnHostNetwork)
    errors.push(forbidden(child(path, 'hostNetwork'), words));
  if (spec['hostPID']) errors.push(forbidden(child(path, 'HostPID'), words));
  if (spec['hostIPC']) errors.push(forbidden(child(path, 'HostIPC'), words));
  if (!options.allowUserNamespaceWithDevices) {
    visitContainers(spec, path, (container, at) => {
      if (container['volumeDevices']?.length) errors.push(forbidden(child(at, 'volumeDevices'), words));
    });
  }
  return errors;
}

export function hostnameOverrideErrors(spec: Fields, path: string): FieldError[] {
  const name: string | undefined = spec['hostnameOverride'];
  if (name === undefined) return [];
  const errors: FieldError[] = [];
  const at = child(path, 'hostnameOverride');
  if (spec['setHostnameAsFQDN'])
    errors.push(forbidden(at, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec['hostNetwork']) errors.push(forbidden(at, 'may not be specified when hostNetwork is true'));
  if (Buffer.byteLength(name) > 64) errors.push(tooLong(at, 64));
  for (const fault of dns1123SubdomainFaults(name)) errors.push(invalid(at, name, fault));
  return errors;
}

/** hostname and subdomain: one label each. */
export function hostnameErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['hostname', 'subdomain']) {
    if (spec[name])
      for (const fault of dns1123LabelFaults(spec[name]))
        errors.push(invalid(child(path, name), spec[name], fault));
  }
  return errors;
}
