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
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../meta/names.ts';
import type { Fields, ObjectMeta } from '../../../meta/object.ts';
import { labelsErrors } from '../../../meta/object-meta-validation.ts';
import { qualifiedName } from '../../field-validation.ts';
import { affinityErrors } from './affinity.ts';
import { MIRROR_ANNOTATION } from './annotations.ts';
import {
  containersErrors,
  ephemeralContainersErrors,
  initContainersErrors,
  type PodScope,
} from './containers.ts';
import { goStruct, POD_RESOURCE_CLAIM } from './go-value.ts';
import {
  dnsConfigErrors,
  hostAliasesErrors,
  hostNetworkErrors,
  hostnameErrors,
  hostnameOverrideErrors,
  hostUsersErrors,
} from './network.ts';
import type { PodValidationOptions } from './options.ts';
import { podResourcesErrors } from './pod-resources.ts';
import { resourceRequirementsErrors } from './resources.ts';
import { podSecurityContextErrors } from './security-context.ts';
import { tolerationsErrors } from './tolerations.ts';
import { topologySpreadErrors } from './topology-spread.ts';
import { fileKeyRefVolumesErrors, volumesErrors } from './volumes.ts';
import { hostProcessErrors, osErrors } from './windows.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];
const MAX_INT32 = 2147483647;

function choiceErrors(value: string | undefined, choices: readonly string[], path: string): FieldError[] {
  if (!value) return [required(path)];
  return choices.includes(value) ? [] : [notSupported(path, value, choices)];
}

function nameErrors(name: string | undefined, path: string): FieldError[] {
  return name ? dns1123SubdomainFaults(name).map((fault) => invalid(path, name, fault)) : [];
}

/**
 * Faults of a pod spec in kube-apiserver's order (ValidatePodSpec in pkg/apis/core/validation/validation.go).
 * `meta` is the pod's; absent for a template.
 */
export function podSpecErrors(
  spec: Fields,
  meta: ObjectMeta | undefined,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string) => child(path, name);
  const grace: number | undefined = spec['terminationGracePeriodSeconds'];
  if (grace === undefined) errors.push(required(at('terminationGracePeriodSeconds')));
  const volumes = new Map<string, Fields>();
  errors.push(...volumesErrors(spec['volumes'], meta?.name ?? '', at('volumes'), options, volumes));
  const claims = new Set<string>();
  for (const claim of spec['resourceClaims'] ?? []) if (claim.name) claims.add(claim.name);
  errors.push(...resourceClaimsErrors(spec['resourceClaims'], meta, at('resourceClaims')));
  const scope: PodScope = {
    spec,
    options,
    volumes,
    claims,
    gracePeriod: grace,
    hostUsers: spec['hostUsers'] !== false,
  };
  errors.push(...containersErrors(scope, at('containers')));
  errors.push(...initContainersErrors(scope, at('initContainers')));
  errors.push(...ephemeralContainersErrors(scope, at('ephemeralContainers')));
  errors.push(...podResourcesErrors(spec, claims, path, options));
  errors.push(...hostNetworkErrors(spec, path, options));
  errors.push(...choiceErrors(spec['restartPolicy'], RESTART_POLICIES, at('restartPolicy')));
  errors.push(...choiceErrors(spec['dnsPolicy'], DNS_POLICIES, at('dnsPolicy')));
  errors.push(...labelsErrors(spec['nodeSelector'], at('nodeSelector')));
  errors.push(...podSecurityContextErrors(spec, at('securityContext'), options));
  errors.push(...affinityErrors(spec['affinity'], options, at('affinity')));
  errors.push(...dnsConfigErrors(spec['dnsConfig'], spec['dnsPolicy'], at('dnsConfig')));
  errors.push(...gatesErrors(spec, path));
  errors.push(
    ...topologySpreadErrors(spec['topologySpreadConstraints'], options, at('topologySpreadConstraints')),
  );
  errors.push(...hostProcessErrors(spec, path, options));
  errors.push(...hostUsersErrors(spec, path, options));
  errors.push(...hostnameOverrideErrors(spec, path));
  errors.push(...nameErrors(spec['serviceAccountName'], at('serviceAccountName')));
  errors.push(...nameErrors(spec['nodeName'], at('nodeName')));
  const deadline: number | undefined = spec['activeDeadlineSeconds'];
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(
      invalid(at('activeDeadlineSeconds'), deadline, `must be between 1 and ${MAX_INT32}, inclusive`),
    );
  errors.push(...hostnameErrors(spec, path));
  errors.push(...tolerationsErrors(spec['tolerations'], at('tolerations'), options));
  errors.push(...hostAliasesErrors(spec['hostAliases'], at('hostAliases')));
  errors.push(...nameErrors(spec['priorityClassName'], at('priorityClassName')));
  if (spec['runtimeClassName'] !== undefined)
    for (const fault of dns1123SubdomainFaults(spec['runtimeClassName']))
      errors.push(invalid(at('runtimeClassName'), spec['runtimeClassName'], fault));
  if (spec['preemptionPolicy'] !== undefined)
    errors.push(...choiceErrors(spec['preemptionPolicy'], PREEMPTION_POLICIES, at('preemptionPolicy')));
  if (spec['overhead'])
    errors.push(
      ...resourceRequirementsErrors({ limits: spec['overhead'] }, new Set(), at('overhead'), options),
    );
  if (spec['os']) errors.push(...osErrors(spec, path));
  errors.push(...fileKeyRefVolumesErrors(spec, path));
  return errors;
}

/** Readiness gates and scheduling gates. */
function gatesErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  spec['readinessGates']?.forEach((gate: Fields, i: number) => {
    errors.push(
      ...qualifiedName(
        gate['conditionType'] ?? '',
        child(index(child(path, 'readinessGates'), i), 'conditionType'),
      ),
    );
  });
  const seen = new Set<string>();
  spec['schedulingGates']?.forEach((gate: Fields, i: number) => {
    const at = index(child(path, 'schedulingGates'), i);
    const name: string = gate['name'] ?? '';
    errors.push(...qualifiedName(name, at));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
  return errors;
}

function resourceClaimsErrors(
  claims: Fields[] | undefined,
  meta: ObjectMeta | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const isStatic = meta?.annotations?.[MIRROR_ANNOTATION] !== undefined;
  claims?.forEach((claim, i) => {
    if (isStatic) {
      errors.push(forbidden('', 'static pods do not support resource claims'));
      return;
    }
    const at = index(path, i);
    const name: string = claim['name'] ?? '';
    if (name === '') errors.push(required(child(at, 'name')));
    else if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    else {
      for (const fault of dns1123LabelFaults(name)) errors.push(invalid(child(at, 'name'), name, fault));
      names.add(name);
    }
    const own: string | undefined = claim['resourceClaimName'];
    const template: string | undefined = claim['resourceClaimTemplateName'];
    const refuse = (why: string) => errors.push(invalid(at, goStruct(claim, POD_RESOURCE_CLAIM), why));
    if (own !== undefined && template !== undefined)
      refuse('at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (own === undefined && template === undefined)
      refuse('must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    for (const [field, value] of [
      ['resourceClaimName', own],
      ['resourceClaimTemplateName', template],
    ] as const) {
      if (value !== undefined)
        for (const fault of dns1123SubdomainFaults(value))
          errors.push(invalid(child(at, field), value, fault));
    }
  });
  return errors;
}
