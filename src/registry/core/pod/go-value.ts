import type { Fields } from '../../../meta/object.ts';

/**
 * Values as kube-apiserver shows them in `Invalid value: …` where the value is a structure: its internal types have
 * no JSON names, so that fields bear their Go names, in Go's order, with the unset ones in place.
 */
export type GoShape = readonly (readonly [go: string, json: string, zero: unknown, nested?: GoShape])[];

/** A structure in Go's names; null stays null. */
export function goStruct(value: Fields | undefined | null, shape: GoShape): unknown {
  if (value === undefined || value === null) return null;
  const out: Record<string, unknown> = {};
  for (const [go, json, zero, nested] of shape) {
    const field = value[json];
    if (field === undefined || field === null) out[go] = zero;
    else out[go] = nested ? goStruct(field, nested) : field;
  }
  return out;
}

/** A map in the order of its keys, as Go writes one. */
export function goMap(map: Record<string, unknown> | undefined): Record<string, unknown> | null {
  if (!map) return null;
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(map).sort()) out[name] = map[name];
  return out;
}

/** A LabelSelector: fields in Go's order, empty ones left out. */
export function goSelector(selector: Fields | undefined): unknown {
  if (!selector) return null;
  const { matchLabels, matchExpressions } = selector;
  return {
    ...(matchLabels && Object.keys(matchLabels).length ? { matchLabels: goMap(matchLabels) } : {}),
    ...(matchExpressions?.length
      ? {
          matchExpressions: matchExpressions.map((e: Fields) => ({
            key: e['key'] ?? '',
            operator: e['operator'] ?? '',
            ...(e['values']?.length ? { values: e['values'] } : {}),
          })),
        }
      : {}),
  };
}

const STRINGS = (...names: string[]): GoShape =>
  names.map((n) => [n, n.charAt(0).toLowerCase() + n.slice(1), ''] as const);

export const SECCOMP_PROFILE: GoShape = [
  ['Type', 'type', ''],
  ['LocalhostProfile', 'localhostProfile', null],
];

export const SECURITY_CONTEXT: GoShape = [
  [
    'Capabilities',
    'capabilities',
    null,
    [
      ['Add', 'add', null],
      ['Drop', 'drop', null],
    ],
  ],
  ['Privileged', 'privileged', null],
  ['SELinuxOptions', 'seLinuxOptions', null, STRINGS('User', 'Role', 'Type', 'Level')],
  [
    'WindowsOptions',
    'windowsOptions',
    null,
    [
      ['GMSACredentialSpecName', 'gmsaCredentialSpecName', null],
      ['GMSACredentialSpec', 'gmsaCredentialSpec', null],
      ['RunAsUserName', 'runAsUserName', null],
      ['HostProcess', 'hostProcess', null],
    ],
  ],
  ['RunAsUser', 'runAsUser', null],
  ['RunAsGroup', 'runAsGroup', null],
  ['RunAsNonRoot', 'runAsNonRoot', null],
  ['ReadOnlyRootFilesystem', 'readOnlyRootFilesystem', null],
  ['AllowPrivilegeEscalation', 'allowPrivilegeEscalation', null],
  ['ProcMount', 'procMount', null],
  ['SeccompProfile', 'seccompProfile', null, SECCOMP_PROFILE],
  ['AppArmorProfile', 'appArmorProfile', null, SECCOMP_PROFILE],
];

export const POD_RESOURCE_CLAIM: GoShape = [
  ['Name', 'name', ''],
  ['ResourceClaimName', 'resourceClaimName', null],
  ['ResourceClaimTemplateName', 'resourceClaimTemplateName', null],
];
