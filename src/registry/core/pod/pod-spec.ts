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
import { add } from './faults.ts';
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
  add(errors, volumesErrors(spec['volumes'], meta?.name ?? '', at('volumes'), options, volumes));
  const claims = new Set<string>();
  for (const claim of spec['resourceClaims'] ?? []) if (claim.name) claims.add(claim.name);
  add(errors, resourceClaimsErrors(spec['resourceClaims'], meta, at('resourceClaims')));
  const scope: PodScope = {
    spec,
    options,
    volumes,
    claims,
    gracePeriod: grace,
    hostUsers: spec['hostUsers'] !== false,
  };
  add(errors, containersErrors(scope, at('containers')));
  add(errors, initContainersErrors(scope, at('initContainers')));
  add(errors, ephemeralContainersErrors(scope, at('ephemeralContainers')));
  add(errors, podResourcesErrors(spec, claims, path, options));
  add(errors, hostNetworkErrors(spec, path, options));
  add(errors, choiceErrors(spec['restartPolicy'], RESTART_POLICIES, at('restartPolicy')));
  add(errors, choiceErrors(spec['dnsPolicy'], DNS_POLICIES, at('dnsPolicy')));
  add(errors, labelsErrors(spec['nodeSelector'], at('nodeSelector')));
  add(errors, podSecurityContextErrors(spec, at('securityContext'), options));
  add(errors, affinityErrors(spec['affinity'], options, at('affinity')));
  add(errors, dnsConfigErrors(spec['dnsConfig'], spec['dnsPolicy'], at('dnsConfig')));
  add(errors, gatesErrors(spec, path));
  add(
    errors,
    topologySpreadErrors(spec['topologySpreadConstraints'], options, at('topologySpreadConstraints')),
  );
  add(errors, hostProcessErrors(spec, path, options));
  add(errors, hostUsersErrors(spec, path, options));
  add(errors, hostnameOverrideErrors(spec, path));
  add(errors, nameErrors(spec['serviceAccountName'], at('serviceAccountName')));
  add(errors, nameErrors(spec['nodeName'], at('nodeName')));
  const deadline: number | undefined = spec['activeDeadlineSeconds'];
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(
      invalid(at('activeDeadlineSeconds'), deadline, `must be between 1 and ${MAX_INT32}, inclusive`),
    );
  add(errors, hostnameErrors(spec, path));
  add(errors, tolerationsErrors(spec['tolerations'], at('tolerations'), options));
  add(errors, hostAliasesErrors(spec['hostAliases'], at('hostAliases')));
  add(errors, nameErrors(spec['priorityClassName'], at('priorityClassName')));
  if (spec['runtimeClassName'] !== undefined)
    for (const fault of dns1123SubdomainFaults(spec['runtimeClassName']))
      errors.push(invalid(at('runtimeClassName'), spec['runtimeClassName'], fault));
  if (spec['preemptionPolicy'] !== undefined)
    add(errors, choiceErrors(spec['preemptionPolicy'], PREEMPTION_POLICIES, at('preemptionPolicy')));
  if (spec['overhead'])
    add(errors, resourceRequirementsErrors({ limits: spec['overhead'] }, new Set(), at('overhead'), options));
  if (spec['os']) add(errors, osErrors(spec, path));
  add(errors, fileKeyRefVolumesErrors(spec, path));
  return errors;
}

/** Readiness gates and scheduling gates. */
function gatesErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  spec['readinessGates']?.forEach((gate: Fields, i: number) => {
    add(
      errors,
      qualifiedName(
        gate['conditionType'] ?? '',
        child(index(child(path, 'readinessGates'), i), 'conditionType'),
      ),
    );
  });
  const seen = new Set<string>();
  spec['schedulingGates']?.forEach((gate: Fields, i: number) => {
    const at = index(child(path, 'schedulingGates'), i);
    const name: string = gate['name'] ?? '';
    add(errors, qualifiedName(name, at));
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
