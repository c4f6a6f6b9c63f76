import { child, type FieldError, index, invalid, notSupported, required } from '../../meta/field-error.ts';
import { parseIp } from '../../meta/ip.ts';
import {
  dns1123SubdomainFaults,
  nameIsDnsLabel,
  pathSegmentFaults,
  portNameFaults,
  wildcardDns1123SubdomainFaults,
} from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';
import { dns1123Subdomain, legacyIp, portNumber } from '../field-validation.ts';

/** Checks of Ingresses (pkg/apis/networking/validation/validation.go). */

export interface IngressOptions {
  /** The stored Ingress has these faults already. */
  allowInvalidSecretName: boolean;
  allowInvalidWildcardRule: boolean;
}

export const STRICT: IngressOptions = { allowInvalidSecretName: false, allowInvalidWildcardRule: false };

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const REFUSED_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const REFUSED_ENDS = ['/..', '/.'];

/** A reference to an object of any kind in the same namespace. */
export function typedReferenceErrors(reference: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { apiGroup, kind, name } = reference;
  if (apiGroup !== undefined) errors.push(...dns1123Subdomain(apiGroup, child(path, 'apiGroup')));
  for (const [field, value] of [
    ['kind', kind],
    ['name', name],
  ]) {
    const at = child(path, field);
    if (!value) errors.push(required(at));
    else for (const fault of pathSegmentFaults(value)) errors.push(invalid(at, value, fault));
  }
  return errors;
}

function backendErrors(backend: Fields, path: string): FieldError[] {
  const { resource, service } = backend;
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return typedReferenceErrors(resource, child(path, 'resource'));
  if (!service) return [invalid(path, '', 'resource or service backend is required')];
  const errors: FieldError[] = [];
  const at = child(path, 'service');
  if (!service.name) errors.push(required(child(at, 'name')));
  else
    for (const fault of nameIsDnsLabel(service.name, false))
      errors.push(invalid(child(at, 'name'), service.name, fault));
  const { name = '', number = 0 } = service.port ?? {};
  if (name !== '' && number !== 0) errors.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (name !== '')
    for (const fault of portNameFaults(name)) errors.push(invalid(child(at, 'port.name'), name, fault));
  else if (number !== 0) errors.push(...portNumber(number, child(at, 'port.number')));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}

function pathErrors(entry: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { pathType: type, path: text = '' } = entry;
  const at = child(path, 'path');
  if (type === undefined) return [required(child(path, 'pathType'), 'pathType must be specified')];
  const absolute = () => {
    if (!text.startsWith('/')) errors.push(invalid(at, text, 'must be an absolute path'));
  };
  if (type === 'Exact' || type === 'Prefix') {
    absolute();
    for (const part of REFUSED_PARTS)
      if (text.includes(part)) errors.push(invalid(at, text, `must not contain '${part}'`));
    for (const end of REFUSED_ENDS)
      if (text.endsWith(end)) errors.push(invalid(at, text, `cannot end with '${end}'`));
  } else if (type === 'ImplementationSpecific') {
    if (text !== '') absolute();
  } else errors.push(notSupported(child(path, 'pathType'), type, PATH_TYPES));
  return [...errors, ...backendErrors(entry['backend'] ?? {}, child(path, 'backend'))];
}

export function ruleErrors(rule: Fields, path: string): FieldError[] {
  const http: Fields | undefined = rule['http'];
  if (!http) return [];
  const at = child(path, 'http.paths');
  const paths: Fields[] = http['paths'] ?? [];
  if (!paths.length) return [required(at)];
  return paths.flatMap((entry, i) => pathErrors(entry, index(at, i)));
}

function hostErrors(host: string, path: string): FieldError[] {
  const faults = host.includes('*') ? wildcardDns1123SubdomainFaults(host) : dns1123SubdomainFaults(host);
  return faults.map((fault) => invalid(path, host, fault));
}

export const secretNameFaults = (name: string | undefined): string[] =>
  name ? dns1123SubdomainFaults(name) : [];

function tlsErrors(tls: Fields, path: string, options: IngressOptions): FieldError[] {
  const errors = ((tls['hosts'] ?? []) as string[]).flatMap((host, i) =>
    hostErrors(host, index(child(path, 'hosts'), i)),
  );
  if (!options.allowInvalidSecretName)
    for (const fault of secretNameFaults(tls['secretName']))
      errors.push(invalid(child(path, 'secretName'), tls['secretName'], fault));
  return errors;
}

export function ingressSpecErrors(spec: Fields, path: string, options: IngressOptions): FieldError[] {
  const errors: FieldError[] = [];
  const rules: Fields[] = spec['rules'] ?? [];
  if (!rules.length && !spec['defaultBackend'])
    errors.push(invalid(path, spec['rules'] ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (spec['defaultBackend'])
    errors.push(...backendErrors(spec['defaultBackend'], child(path, 'defaultBackend')));
  rules.forEach((rule, i) => {
    const at = index(child(path, 'rules'), i);
    const host: string = rule['host'] ?? '';
    if (host !== '') {
      if (parseIp(host))
        errors.push(invalid(child(at, 'host'), host, 'must be a DNS name, not an IP address'));
      errors.push(...hostErrors(host, child(at, 'host')));
    }
    if (!host.includes('*') || !options.allowInvalidWildcardRule) errors.push(...ruleErrors(rule, at));
  });
  ((spec['tls'] ?? []) as Fields[]).forEach((tls, i) => {
    errors.push(...tlsErrors(tls, index(child(path, 'tls'), i), options));
  });
  if (spec['ingressClassName'] !== undefined)
    errors.push(...dns1123Subdomain(spec['ingressClassName'], child(path, 'ingressClassName')));
  return errors;
}

export function ingressStatusErrors(status: Fields | undefined, old: Fields | undefined): FieldError[] {
  const before = ((old?.['ingress'] ?? []) as Fields[]).flatMap((point) =>
    point['ip'] ? [point['ip']] : [],
  );
  return ((status?.['ingress'] ?? []) as Fields[]).flatMap((point, i) => {
    const at = index('status.loadBalancer.ingress', i);
    const { ip, hostname } = point;
    const errors: FieldError[] = ip ? legacyIp(ip, child(at, 'ip'), before) : [];
    if (!hostname) return errors;
    errors.push(...dns1123Subdomain(hostname, child(at, 'hostname')));
    if (parseIp(hostname))
      errors.push(invalid(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}
