import {
  child,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import { dns1123SubdomainFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import type { PodValidationOptions } from './options.ts';
import { visitContainers } from './visit.ts';

/** What only Windows pods may say, and what only others may (validateOS, validateWindows… in validation.go). */

const MAX_CREDENTIAL_SPEC = 64 * 1024;
const NETBIOS_NAME = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

export function windowsOptionsErrors(options: Fields | undefined, path: string): FieldError[] {
  if (!options) return [];
  const errors: FieldError[] = [];
  const name: string | undefined = options['gmsaCredentialSpecName'];
  if (name !== undefined) {
    for (const fault of dns1123SubdomainFaults(name))
      errors.push(invalid(child(path, 'gmsaCredentialSpecName'), name, fault));
  }
  const spec: string | undefined = options['gmsaCredentialSpec'];
  if (spec !== undefined) {
    const at = child(path, 'gmsaCredentialSpec');
    if (spec === '') errors.push(invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
    else if (Buffer.byteLength(spec) > MAX_CREDENTIAL_SPEC)
      errors.push(invalid(at, spec, 'gmsaCredentialSpec size must be under 64 KiB'));
  }
  const user: string | undefined = options['runAsUserName'];
  if (user !== undefined) {
    for (const fault of userNameFaults(user)) errors.push(invalid(child(path, 'runAsUserName'), user, fault));
  }
  return errors;
}

function userNameFaults(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const user = parts.at(-1)!;
  const faults: string[] = [];
  if (domain !== undefined) {
    if (Buffer.byteLength(domain) >= 256)
      faults.push("runAsUserName's Domain length must be under 256 characters");
    if (!NETBIOS_NAME.test(domain) && !domain.split('.').every((label) => DNS_LABEL.test(label)))
      faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') faults.push("runAsUserName's User cannot be empty");
  else if (Buffer.byteLength(user) > 104)
    faults.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) faults.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    faults.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return faults;
}

/** A pod of HostProcess containers has no others, is on the host's network, and needs --allow-privileged. */
export function hostProcessErrors(spec: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  const pod: boolean | undefined = spec['securityContext']?.windowsOptions?.hostProcess;
  let containers = 0;
  let hostProcess = 0;
  visitContainers(spec, path, (container, at) => {
    containers++;
    const own: boolean | undefined = container['securityContext']?.windowsOptions?.hostProcess;
    if (pod !== undefined && own !== undefined && pod !== own) {
      const field = `${at}.securityContext.windowsOptions.hostProcess`;
      errors.push(
        invalid(field, own, `pod hostProcess value must be identical if both are specified, was ${pod}`),
      );
    }
    if (own ?? pod) hostProcess++;
  });
  if (hostProcess === 0) return errors;
  if (hostProcess !== containers)
    errors.push(
      invalid(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    );
  if (!spec['hostNetwork'])
    errors.push(
      invalid(
        child(path, 'hostNetwork'),
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    );
  if (!options.allowPrivileged)
    errors.push(forbidden(path, 'hostProcess containers are disallowed by cluster policy'));
  return errors;
}

const LINUX_POD_FIELDS: readonly [string, string][] = [
  ['securityContext', 'appArmorProfile'],
  ['securityContext', 'seLinuxOptions'],
  ['', 'hostUsers'],
  ['', 'hostPID'],
  ['', 'hostIPC'],
  ['securityContext', 'seccompProfile'],
  ['securityContext', 'fsGroup'],
  ['securityContext', 'fsGroupChangePolicy'],
  ['securityContext', 'sysctls'],
  ['', 'shareProcessNamespace'],
  ['securityContext', 'runAsUser'],
  ['securityContext', 'runAsGroup'],
  ['securityContext', 'supplementalGroups'],
  ['securityContext', 'supplementalGroupsPolicy'],
  ['securityContext', 'seLinuxChangePolicy'],
];
const LINUX_CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

/** spec.os, and the fields that the other system knows nothing of. */
export function osErrors(spec: Fields, path: string): FieldError[] {
  const name: string = spec['os'].name ?? '';
  const at = child(path, 'os');
  if (name === '') return [required(child(at, 'name'))];
  if (name === 'linux') return linuxErrors(spec, path);
  if (name === 'windows') return windowsErrors(spec, path);
  return [notSupported(at, name, ['linux', 'windows'])];
}

function linuxErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (at: string) =>
    errors.push(
      forbidden(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'),
    );
  if (spec['securityContext']?.windowsOptions) refuse(path);
  visitContainers(spec, path, (container, at) => {
    if (container['securityContext']?.windowsOptions) refuse(at);
  });
  return errors;
}

function windowsErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const words = 'cannot be set for a windows pod';
  for (const [parent, name] of LINUX_POD_FIELDS) {
    const value = parent === '' ? spec[name] : spec[parent]?.[name];
    const set =
      name === 'hostPID' || name === 'hostIPC'
        ? value === true
        : name === 'sysctls'
          ? value?.length > 0
          : value !== undefined;
    if (set) errors.push(forbidden(child(parent === '' ? path : child(path, parent), name), words));
  }
  visitContainers(spec, path, (container, at) => {
    const context: Fields | undefined = container['securityContext'];
    if (!context) return;
    for (const name of LINUX_CONTAINER_FIELDS)
      if (context[name] !== undefined) errors.push(forbidden(`${at}.securityContext.${name}`, words));
  });
  return errors;
}
