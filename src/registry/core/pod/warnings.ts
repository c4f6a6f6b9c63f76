import { deepEqual } from '../../../meta/deep-equal.ts';
import { child, index, key } from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import { labelValueFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { ipWarnings } from '../../field-validation.ts';
import { deprecatedNodeLabel } from '../../node-labels.ts';
import { APPARMOR_CONTAINER, appArmorFromAnnotation, SECCOMP_CONTAINER, SECCOMP_POD } from './annotations.ts';
import { add } from './faults.ts';
import { overlappingPathsWarnings } from './overlapping-paths.ts';
import { portWarnings } from './port-warnings.ts';
import { quantityOf } from './resources.ts';
import { visitContainers } from './visit.ts';

/** What a client is warned of in a pod or a pod template (pkg/api/pod/warnings.go). */

const ANNOTATIONS: readonly [string, string][] = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
];

const VOLUMES: readonly [kind: string, shown: string, words: string][] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const NULL_SELECTOR = 'a null labelSelector results in matching no pod';

/** `path` is that of the template; empty for a pod. */
export function podWarnings(spec: Fields, meta: Fields | undefined, path: string): string[] {
  const warnings: string[] = [];
  const specPath = child(path, 'spec');
  const annotations: Record<string, string> = meta?.['annotations'] ?? {};
  const annotationPath = (name: string) => key(child(path, 'metadata.annotations'), name);
  add(warnings, schedulingWarnings(spec, specPath));
  for (const [name, words] of ANNOTATIONS)
    if (annotations[name] !== undefined) warnings.push(`${annotationPath(name)}: ${words}`);
  add(warnings, volumesWarnings(spec['volumes'], child(specPath, 'volumes')));
  add(warnings, duplicatesWarnings(spec, specPath));
  for (const name of ['memory', 'ephemeral-storage'])
    add(warnings, fractionWarnings(spec['overhead'], name, child(specPath, 'overhead')));
  if (annotations[SECCOMP_POD] !== undefined && !spec['securityContext']?.seccompProfile)
    warnings.push(
      `${annotationPath(SECCOMP_POD)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  visitContainers(spec, specPath, (container, at) => {
    const seccomp = SECCOMP_CONTAINER + container['name'];
    if (annotations[seccomp] !== undefined && !container['securityContext']?.seccompProfile)
      warnings.push(
        `${annotationPath(seccomp)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
      );
    // A pod's AppArmor annotations are taken over into its fields and warned of there.
    const appArmor = APPARMOR_CONTAINER + container['name'];
    const annotation = path === '' ? undefined : annotations[appArmor];
    if (annotation !== undefined && !container['securityContext']?.appArmorProfile) {
      const pod: Fields | undefined = spec['securityContext']?.appArmorProfile;
      if (!pod || !deepEqual(pod, appArmorFromAnnotation(annotation)))
        warnings.push(
          `${annotationPath(appArmor)}: deprecated since v1.30; use the "appArmorProfile" field instead`,
        );
    }
    for (const name of ['memory', 'ephemeral-storage'])
      for (const side of ['limits', 'requests'])
        add(warnings, fractionWarnings(container['resources']?.[side], name, `${at}.resources.${side}`));
    add(warnings, hiddenVariableWarnings(container['env'], child(at, 'env')));
  });
  add(warnings, portWarnings(spec, specPath));
  if (spec['terminationGracePeriodSeconds'] < 0)
    warnings.push(
      `${child(specPath, 'terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  for (const kind of ['podAffinity', 'podAntiAffinity'])
    add(warnings, selectorlessWarnings(spec['affinity']?.[kind], `${specPath}.affinity.${kind}`));
  spec['dnsConfig']?.nameservers?.forEach((ip: string, i: number) => {
    add(warnings, ipWarnings(ip, `${specPath}.dnsConfig.nameservers[${i}]`));
  });
  spec['hostAliases']?.forEach((alias: Fields, i: number) => {
    add(warnings, ipWarnings(alias['ip'] ?? '', `${specPath}.hostAliases[${i}].ip`));
  });
  return warnings;
}

function schedulingWarnings(spec: Fields, path: string): string[] {
  const warnings: string[] = [];
  for (const label of Object.keys(spec['nodeSelector'] ?? {}).sort()) {
    const words = deprecatedNodeLabel(label);
    if (words) warnings.push(`${key(child(path, 'nodeSelector'), label)}: ${words}`);
  }
  const node: Fields | undefined = spec['affinity']?.nodeAffinity;
  node?.[REQUIRED]?.nodeSelectorTerms?.forEach((term: Fields, i: number) => {
    warnings.push(
      ...termWarnings(term, false, `${path}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[${i}]`),
    );
  });
  node?.[PREFERRED]?.forEach((term: Fields, i: number) => {
    warnings.push(
      ...termWarnings(
        term['preference'] ?? {},
        true,
        `${path}.affinity.nodeAffinity.${PREFERRED}[${i}].preference`,
      ),
    );
  });
  spec['topologySpreadConstraints']?.forEach((constraint: Fields, i: number) => {
    const at = index(child(path, 'topologySpreadConstraints'), i);
    const words = deprecatedNodeLabel(constraint['topologyKey'] ?? '');
    if (words) warnings.push(`${at}.topologyKey: ${constraint['topologyKey']} is ${words}`);
    if (!constraint['labelSelector']) warnings.push(`${at}.labelSelector: ${NULL_SELECTOR}`);
  });
  return warnings;
}

/** A term of a node selector; `values` where a value that is no label value only draws a warning. */
function termWarnings(term: Fields, values: boolean, path: string): string[] {
  const warnings: string[] = [];
  term['matchExpressions']?.forEach((expression: Fields, i: number) => {
    const at = index(child(path, 'matchExpressions'), i);
    const words = deprecatedNodeLabel(expression['key'] ?? '');
    if (words) warnings.push(`${at}.key: ${expression['key']} is ${words}`);
    if (!values) return;
    expression['values']?.forEach((value: string, j: number) => {
      for (const fault of labelValueFaults(value))
        warnings.push(`${at}.values[${j}]: ${value} is invalid, ${fault}`);
    });
  });
  return warnings;
}

function volumesWarnings(volumes: Fields[] | undefined, path: string): string[] {
  const warnings: string[] = [];
  volumes?.forEach((volume, i) => {
    for (const [kind, shown, words] of VOLUMES)
      if (volume[kind]) warnings.push(`${child(index(path, i), shown)}: ${words}`);
    const claim: Fields | undefined = volume['ephemeral']?.volumeClaimTemplate;
    if (claim)
      add(warnings, claimWarnings(claim['spec'], `${index(path, i)}.ephemeral.volumeClaimTemplate.spec`));
  });
  add(warnings, overlappingPathsWarnings(volumes ?? []));
  return warnings;
}

/** Storage in fractions of bytes (pkg/api/persistentvolumeclaim, GetWarningsForPersistentVolumeClaimSpec). */
export function claimWarnings(spec: Fields | undefined, path: string): string[] {
  return ['requests', 'limits'].flatMap((side) =>
    fractionWarnings(spec?.['resources']?.[side], 'storage', `${path}.resources.${side}`),
  );
}

function fractionWarnings(amounts: Fields | undefined, name: string, path: string): string[] {
  if (amounts?.[name] === undefined) return [];
  const amount = quantityOf(amounts[name]);
  return amount.integer() !== undefined
    ? []
    : [
        `${key(path, name)}: fractional byte value ${quote(amount.toString())} is invalid, must be an integer`,
      ];
}

function duplicatesWarnings(spec: Fields, path: string): string[] {
  const warnings: string[] = [];
  const twice = (list: string, field: string) => {
    const items: Fields[] = spec[list] ?? [];
    const seen = new Set<string>();
    items.forEach((item, i) => {
      const value: string = item[field] ?? '';
      if (seen.has(value))
        warnings.push(`${path}.${list}[${i}].${field}: duplicate ${field} ${quote(value)}`);
      seen.add(value);
    });
  };
  twice('hostAliases', 'ip');
  twice('imagePullSecrets', 'name');
  spec['imagePullSecrets']?.forEach((secret: Fields, i: number) => {
    if (!secret['name']) warnings.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  return warnings;
}

/** The same variable twice is fine only where the second builds on the first. */
function hiddenVariableWarnings(variables: Fields[] | undefined, path: string): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  variables?.forEach((variable, i) => {
    const name: string = variable['name'] ?? '';
    const value: string = variable['value'] ?? '';
    const reference = `$(${name})`;
    if (seen.has(name) && (variable['valueFrom'] || value === reference || !value.includes(reference)))
      warnings.push(
        `${index(path, i)}: hides previous definition of ${quote(name)}, which may be dropped when using apply`,
      );
    seen.add(name);
  });
  return warnings;
}

function selectorlessWarnings(affinity: Fields | undefined, path: string): string[] {
  const warnings: string[] = [];
  affinity?.[REQUIRED]?.forEach((term: Fields, i: number) => {
    if (!term['labelSelector']) warnings.push(`${path}.${REQUIRED}[${i}].labelSelector: ${NULL_SELECTOR}`);
  });
  affinity?.[PREFERRED]?.forEach((term: Fields, i: number) => {
    if (!term['podAffinityTerm']?.labelSelector)
      warnings.push(`${path}.${PREFERRED}[${i}].podAffinityTerm.labelSelector: ${NULL_SELECTOR}`);
  });
  return warnings;
}

/** For kinds whose name becomes part of host names. `faults` are those of a DNS label. */
export const hostnameWarning = (faults: readonly string[], pods: boolean): string[] =>
  faults.length === 0
    ? []
    : [
        `metadata.name: this is used in ${pods ? "the Pod's hostname" : 'Pod names and hostnames'}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      ];
