import { duplicate, type FieldError, index, invalid } from '../../meta/field-error.ts';
import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../meta/names.ts';
import {
  LEVEL_WRONG,
  MODES,
  type PodSecurityPolicy,
  parseLevel,
  parseVersion,
  VERSION_WRONG,
} from './level.ts';

/** pod-security.admission.config.k8s.io/v1 PodSecurityConfiguration. */
export interface PodSecurityConfiguration {
  defaults: PodSecurityPolicy;
  exemptions: {
    usernames: readonly string[];
    namespaces: readonly string[];
    runtimeClasses: readonly string[];
  };
}

/** As the file has it. */
export interface PodSecurityConfigurationFile {
  defaults?: Record<string, string>;
  exemptions?: { usernames?: string[]; namespaces?: string[]; runtimeClasses?: string[] };
}

/** What a file says, defaults filled in; or what is wrong with it, as the server refuses to start (ToPolicy, ValidatePodSecurityConfiguration). */
export function podSecurityConfiguration(
  file: PodSecurityConfigurationFile,
): { configuration: PodSecurityConfiguration } | { unreadable: string[] } | { invalid: FieldError[] } {
  const given = file.defaults ?? {};
  const unreadable: string[] = [];
  const mode = (name: string) => {
    const level = parseLevel(given[name] || 'privileged');
    const version = parseVersion(given[`${name}-version`] || 'latest');
    if (!level) unreadable.push(`${name}: ${LEVEL_WRONG}`);
    if (version === undefined) unreadable.push(`${name}-version: ${VERSION_WRONG}`);
    return { level: level ?? 'restricted', version: version ?? 'latest' };
  };
  const [enforce, audit, warn] = MODES.map(mode);
  if (unreadable.length) return { unreadable };
  const { usernames = [], namespaces = [], runtimeClasses = [] } = file.exemptions ?? {};
  const errors = [
    ...listErrors('exemptions.namespaces', namespaces, (name) => nameIsDnsLabel(name, false).join(', ')),
    ...listErrors('exemptions.runtimeClasses', runtimeClasses, (name) =>
      nameIsDnsSubdomain(name, false).join(', '),
    ),
    ...listErrors('exemptions.usernames', usernames, (name) =>
      name === '' ? 'username must not be empty' : '',
    ),
  ];
  if (errors.length) return { invalid: errors };
  const defaults = { enforce: enforce!, audit: audit!, warn: warn! };
  return { configuration: { defaults, exemptions: { usernames, namespaces, runtimeClasses } } };
}

function listErrors(
  path: string,
  values: readonly string[],
  faultOf: (value: string) => string,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  values.forEach((value, i) => {
    const fault = faultOf(value);
    if (fault) errors.push(invalid(index(path, i), value, fault));
    else if (seen.has(value)) errors.push(duplicate(index(path, i), value));
    else seen.add(value);
  });
  return errors;
}
