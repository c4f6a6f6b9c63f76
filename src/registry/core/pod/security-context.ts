import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import { goStruct, SECCOMP_PROFILE, SECURITY_CONTEXT } from './go-value.ts';
import type { PodValidationOptions } from './options.ts';
import { descendingPathErrors } from './paths.ts';
import { windowsOptionsErrors } from './windows.ts';

/** Security contexts of pods and containers (ValidateSecurityContext, validatePodSpecSecurityContext in validation.go). */

const MAX_ID = 2147483647;

/** A Unix user or group id. */
export function unixIdErrors(id: number | undefined, path: string): FieldError[] {
  if (id === undefined || (id >= 0 && id <= MAX_ID)) return [];
  return [invalid(path, id, `must be between 0 and ${MAX_ID}, inclusive`)];
}

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function seccompProfileErrors(profile: Fields | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const errors: FieldError[] = [];
  const type: string = profile['type'] ?? '';
  if (type === '') errors.push(required(child(path, 'type'), 'type is required when seccompProfile is set'));
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(child(path, 'type'), type, PROFILE_TYPES));
  const file: string | undefined = profile['localhostProfile'];
  const at = child(path, 'localhostProfile');
  if (type === 'Localhost') {
    if (file === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'));
    else add(errors, descendingPathErrors(file, at));
  } else if (file !== undefined)
    errors.push(
      invalid(at, goStruct(profile, SECCOMP_PROFILE), 'can only be set when seccomp type is Localhost'),
    );
  return errors;
}

export function appArmorProfileErrors(profile: Fields | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const errors: FieldError[] = [];
  const type: string = profile['type'] ?? '';
  const file: string | undefined = profile['localhostProfile'];
  const at = child(path, 'localhostProfile');
  if (type === 'Localhost') {
    if (file === undefined) errors.push(required(at, 'must be set when AppArmor type is Localhost'));
    else {
      const trimmed = file.trim();
      if (trimmed !== file) errors.push(invalid(at, file, 'must not be padded with whitespace'));
      else if (trimmed === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'));
      if (Buffer.byteLength(file) > 4095)
        errors.push({ type: 'FieldValueTooLong', field: at, detail: 'may not be more than 4095 bytes' });
    }
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (file !== undefined) errors.push(invalid(at, file, 'can only be set when AppArmor type is Localhost'));
  } else if (type === '')
    errors.push(required(child(path, 'type'), 'type is required when appArmorProfile is set'));
  else errors.push(notSupported(child(path, 'type'), type, PROFILE_TYPES));
  return errors;
}

/** The security context of one container; `hostUsers` is false where the pod has a user namespace of its own. */
export function containerSecurityContextErrors(
  context: Fields | undefined,
  path: string,
  hostUsers: boolean,
  options: PodValidationOptions,
): FieldError[] {
  if (!context) return [];
  const errors: FieldError[] = [];
  if (context['privileged'] && !options.allowPrivileged)
    errors.push(forbidden(child(path, 'privileged'), 'disallowed by cluster policy'));
  add(errors, unixIdErrors(context['runAsUser'], child(path, 'runAsUser')));
  add(errors, unixIdErrors(context['runAsGroup'], child(path, 'runAsGroup')));
  const procMount = context['procMount'];
  if (procMount !== undefined) {
    if (procMount !== 'Default' && procMount !== 'Unmasked')
      errors.push(notSupported(child(path, 'procMount'), procMount, ['Default', 'Unmasked']));
    if (hostUsers && procMount === 'Unmasked')
      errors.push(
        invalid(child(path, 'procMount'), procMount, '`hostUsers` must be false to use `Unmasked`'),
      );
  }
  add(errors, seccompProfileErrors(context['seccompProfile'], child(path, 'seccompProfile')));
  if (context['allowPrivilegeEscalation'] === false) {
    const refuse = (why: string) =>
      errors.push(
        invalid(
          path,
          goStruct(context, SECURITY_CONTEXT),
          `cannot set \`allowPrivilegeEscalation\` to false and ${why}`,
        ),
      );
    if (context['privileged']) refuse('`privileged` to true');
    for (const capability of context['capabilities']?.add ?? [])
      if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
  }
  add(errors, windowsOptionsErrors(context['windowsOptions'], child(path, 'windowsOptions')));
  add(errors, appArmorProfileErrors(context['appArmorProfile'], child(path, 'appArmorProfile')));
  return errors;
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_PATTERN = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;

/** By hand: the nested quantifiers of Kubernetes' pattern would let a RegExp run away. */
function isSysctlName(name: string): boolean {
  if (name.length > 253 || name === '') return false;
  return name.split(/[./]/).every((segment) => /^[a-z0-9_-]+$/.test(segment) && !/^[_-]|[_-]$/.test(segment));
}

const IPC_SYSCTLS = new Set([
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.shm',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.msg',
]);

/** The kernel namespace a sysctl lives in, where it is one that a pod may share with its host. */
function sysctlNamespace(name: string): 'net' | 'ipc' | undefined {
  const dotted = normalized(name).split('*')[0]!;
  if (dotted.startsWith('net.')) return 'net';
  return IPC_SYSCTLS.has(dotted) || dotted.startsWith('fs.mqueue.') ? 'ipc' : undefined;
}

/** With slashes as separators, dots belong to names: the two change places (component-helpers sysctl.NormalizeName). */
function normalized(name: string): string {
  const first = name.search(/[./]/);
  if (first < 0 || name[first] === '.') return name;
  return name.replace(/[./]/g, (c) => (c === '.' ? '/' : '.'));
}

/** A namespaced sysctl makes no sense where the pod is in the host's namespace. */
export function hostSysctlError(name: string, spec: Fields, path: string): FieldError | undefined {
  const namespace = sysctlNamespace(name);
  if (spec['hostNetwork'] && namespace === 'net')
    return invalid(path, name, "may not be specified when 'hostNetwork' is true");
  if (spec['hostIPC'] && namespace === 'ipc')
    return invalid(path, name, "may not be specified when 'hostIPC' is true");
  return undefined;
}

function sysctlErrors(spec: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  spec['securityContext'].sysctls.forEach((sysctl: Fields, i: number) => {
    const name: string = sysctl['name'] ?? '';
    const at = child(index(path, i), 'name');
    if (name === '') errors.push(required(at));
    else if (!isSysctlName(name))
      errors.push(invalid(at, name, `must have at most 253 characters and match regex ${SYSCTL_PATTERN}`));
    else if (names.has(name)) errors.push(duplicate(at, name));
    const host = options.allowNamespacedSysctlsOnHost ? undefined : hostSysctlError(name, spec, at);
    if (host) errors.push(host);
    names.add(name);
  });
  return errors;
}

const oneOf = (value: string | undefined, supported: readonly string[], path: string): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)];

/** spec.securityContext. */
export function podSecurityContextErrors(
  spec: Fields,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const context: Fields | undefined = spec['securityContext'];
  const errors: FieldError[] = [];
  if (!context) return errors;
  for (const id of ['fsGroup', 'runAsUser', 'runAsGroup'])
    add(errors, unixIdErrors(context[id], child(path, id)));
  context['supplementalGroups']?.forEach((id: number, i: number) => {
    add(errors, unixIdErrors(id, index(child(path, 'supplementalGroups'), i)));
  });
  if (spec['hostPID'] && spec['shareProcessNamespace'])
    errors.push(
      invalid(
        child(path, 'shareProcessNamespace'),
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  if (context['sysctls']?.length) add(errors, sysctlErrors(spec, child(path, 'sysctls'), options));
  add(
    errors,
    oneOf(context['fsGroupChangePolicy'], ['Always', 'OnRootMismatch'], child(path, 'fsGroupChangePolicy')),
  );
  add(errors, seccompProfileErrors(context['seccompProfile'], child(path, 'seccompProfile')));
  add(errors, windowsOptionsErrors(context['windowsOptions'], child(path, 'windowsOptions')));
  add(errors, appArmorProfileErrors(context['appArmorProfile'], child(path, 'appArmorProfile')));
  add(
    errors,
    oneOf(context['supplementalGroupsPolicy'], ['Merge', 'Strict'], child(path, 'supplementalGroupsPolicy')),
  );
  const labelling = options.allowAnySelinuxChangePolicy ? ['MountOption', 'Recursive'] : ['Recursive'];
  add(errors, oneOf(context['seLinuxChangePolicy'], labelling, child(path, 'seLinuxChangePolicy')));
  return errors;
}
