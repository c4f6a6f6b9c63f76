import { rfc3339 } from '../../../meta/clock.ts';
import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../../meta/field-error.ts';
import { familyOf } from '../../../meta/ip.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../meta/names.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { legacyIp, qualifiedName } from '../../field-validation.ts';
import { podAnnotationUpdatesErrors } from './annotations.ts';
import { containerTransitionErrors } from './container-transitions.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { unixIdErrors } from './security-context.ts';

/** pods/status (ValidatePodStatusUpdate in validation.go; the conditions' upkeep is pkg/api/pod/util.go's). */

const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];
const STATUS_LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
const HEALTHS = ['Healthy', 'Unhealthy', 'Unknown'];
const MAX_HEALTH_MESSAGE = 1024;

/** Sets a condition; its time moves only where its status does. `now` in milliseconds. */
export function setPodCondition(status: Fields, condition: Fields, now: number): void {
  status['conditions'] ??= [];
  const conditions: Fields[] = status['conditions'];
  const i = conditions.findIndex((c) => c['type'] === condition['type']);
  const before = conditions[i];
  const lastTransitionTime =
    before?.['status'] === condition['status'] ? before?.['lastTransitionTime'] : undefined;
  const next = { lastProbeTime: null, lastTransitionTime: lastTransitionTime ?? rfc3339(now), ...condition };
  if (before) conditions[i] = next;
  else conditions.push(next);
}

export function podStatusErrors(
  pod: KubeObject,
  old: KubeObject,
  options: PodValidationOptions,
): FieldError[] {
  const now: Fields = pod['status'] ?? {};
  const before: Fields = old['status'] ?? {};
  const spec: Fields = pod['spec'];
  const errors = podAnnotationUpdatesErrors(
    pod.metadata.annotations,
    old.metadata.annotations,
    spec,
    'metadata.annotations',
    options,
  );
  add(errors, conditionsErrors(now['conditions']));
  if ((spec['nodeName'] ?? '') !== (old['spec'].nodeName ?? ''))
    errors.push(forbidden('status.nodeName', 'may not be changed directly'));
  const nominated: string = now['nominatedNodeName'] ?? '';
  if (nominated !== '' && nominated !== (before['nominatedNodeName'] ?? '')) {
    for (const fault of dns1123SubdomainFaults(nominated))
      errors.push(invalid('status.nominatedNodeName', nominated, fault));
    if (old['spec'].nodeName)
      errors.push(
        forbidden('status.nominatedNodeName', 'may not be set on pods that are already bound to a node'),
      );
  }
  if (now['observedGeneration'] < 0)
    errors.push(
      invalid('status.observedGeneration', now['observedGeneration'], 'must be a non-negative integer'),
    );
  if ((now['qosClass'] ?? '') !== (before['qosClass'] ?? ''))
    errors.push(invalid('status.qosClass', now['qosClass'] ?? '', 'field is immutable'));
  add(errors, containerTransitionErrors(now, before, old['spec']));
  add(errors, claimStatusesErrors(now['resourceClaimStatuses'], spec['resourceClaims']));
  add(errors, extendedClaimErrors(now['extendedResourceClaimStatus'], spec));
  add(errors, podIpsErrors(now, before));
  add(errors, hostIpsErrors(now, before));
  for (const list of STATUS_LISTS)
    add(errors, usersErrors(now[list], `status.${list}`, spec['os']?.name ?? 'linux'));
  add(errors, healthErrors(now['containerStatuses'], 'status.containerStatuses', spec['containers']));
  add(
    errors,
    healthErrors(now['initContainerStatuses'], 'status.initContainerStatuses', spec['initContainers']),
  );
  now['ephemeralContainerStatuses']?.forEach((status: Fields, i: number) => {
    if (status['allocatedResourcesStatus']?.length)
      errors.push(
        forbidden(
          `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`,
          'must not be specified in container status',
        ),
      );
  });
  return errors;
}

function conditionsErrors(conditions: Fields[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  conditions?.forEach((condition, i) => {
    const at = `status.conditions[${i}]`;
    if (condition['observedGeneration'] < 0)
      errors.push(
        invalid(
          `${at}.observedGeneration`,
          condition['observedGeneration'],
          'must be a non-negative integer',
        ),
      );
    if (!SYSTEM_CONDITIONS.includes(condition['type']))
      add(errors, qualifiedName(condition['type'] ?? '', `${at}.Type`));
  });
  return errors;
}

function claimStatusesErrors(statuses: Fields[] | undefined, claims: Fields[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const known = new Set<string>(claims?.map((claim) => claim['name']));
  statuses?.forEach((status, i) => {
    const at = `status.resourceClaimStatuses[${i}]`;
    const name: string = status['name'] ?? '';
    if (!known.has(name))
      errors.push(invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    const claim: string | undefined = status['resourceClaimName'];
    if (claim !== undefined)
      for (const fault of dns1123SubdomainFaults(claim))
        errors.push(invalid(`${at}.resourceClaimName`, claim, fault));
  });
  return errors;
}

function extendedClaimErrors(status: Fields | undefined, spec: Fields): FieldError[] {
  if (!status) return [];
  const errors: FieldError[] = [];
  const path = 'status.extendedResourceClaimStatus';
  const containers = new Map<string, Fields>(
    [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])].map((c: Fields) => [c['name'], c]),
  );
  const mappings: Fields[] = status['requestMappings'] ?? [];
  if (mappings.length === 0)
    errors.push(required(child(path, 'requestMappings'), 'at least one request mapping is required'));
  const seen = new Set<string>();
  mappings.forEach((mapping, i) => {
    const at = index(child(path, 'requestMappings'), i);
    const { containerName = '', resourceName = '', requestName = '' } = mapping;
    const container = containers.get(containerName);
    if (!container)
      errors.push(
        invalid(
          child(at, 'containerName'),
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      );
    else if (container['resources']?.requests?.[resourceName] === undefined)
      errors.push(
        invalid(
          child(at, 'resourceName'),
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      );
    for (const fault of dns1123LabelFaults(requestName))
      errors.push(invalid(child(path, 'requestName'), requestName, fault));
    const whole = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(whole)) {
      errors.push(
        duplicate(child(at, 'containerName'), containerName),
        duplicate(child(at, 'resourceName'), resourceName),
      );
      errors.push(duplicate(child(at, 'requestName'), requestName));
    }
    seen.add(whole);
  });
  const claim: string = status['resourceClaimName'] ?? '';
  if (claim === '') errors.push(required(child(path, 'resourceClaimName')));
  else
    for (const fault of dns1123SubdomainFaults(claim))
      errors.push(invalid(child(path, 'resourceClaimName'), claim, fault));
  return errors;
}

const addresses = (list: Fields[] | undefined): string[] => (list ?? []).map((entry) => entry['ip'] ?? '');

function familiesErrors(ips: string[], list: Fields[], path: string): FieldError[] {
  if (ips.length < 2) return [];
  const families = new Set(ips.map(familyOf));
  return families.size === 2 && ips.length === 2
    ? []
    : [
        invalid(
          path,
          list.map((entry) => ({ IP: entry['ip'] ?? '' })),
          'may specify no more than one IP for each IP family',
        ),
      ];
}

function podIpsErrors(now: Fields, before: Fields): FieldError[] {
  const ips = addresses(now['podIPs']);
  const old = addresses(before['podIPs']);
  const errors = ips.flatMap((ip, i) => legacyIp(ip, `status.podIPs[${i}]`, old));
  add(errors, familiesErrors(ips, now['podIPs'] ?? [], 'status.podIPs'));
  return errors;
}

function hostIpsErrors(now: Fields, before: Fields): FieldError[] {
  const ips = addresses(now['hostIPs']);
  if (ips.length === 0) return [];
  const errors: FieldError[] = [];
  if ((now['hostIP'] ?? '') !== ips[0])
    errors.push(invalid('status.hostIPs[0].ip', ips[0], 'must be equal to `hostIP`'));
  const old = addresses(before['hostIPs']);
  add(
    errors,
    ips.flatMap((ip, i) => legacyIp(ip, `status.hostIPs[${i}]`, old)),
  );
  add(errors, familiesErrors(ips, now['hostIPs'], 'status.hostIPs'));
  return errors;
}

function usersErrors(statuses: Fields[] | undefined, path: string, os: string): FieldError[] {
  const errors: FieldError[] = [];
  statuses?.forEach((status, i) => {
    const user: Fields | undefined = status['user']?.linux;
    if (!user) return;
    const at = `${path}[${i}].user.linux`;
    if (os === 'windows') errors.push(forbidden(at, 'cannot be set for a windows pod'));
    if (os !== 'linux') return;
    add(errors, unixIdErrors(user['uid'] ?? 0, child(at, 'uid')));
    add(errors, unixIdErrors(user['gid'] ?? 0, child(at, 'gid')));
    user['supplementalGroups']?.forEach((id: number, j: number) => {
      add(errors, unixIdErrors(id, index(child(at, 'supplementalGroups'), j)));
    });
  });
  return errors;
}

/** The health of devices that a container was given. */
function healthErrors(
  statuses: Fields[] | undefined,
  path: string,
  containers: Fields[] | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const byName = new Map<string, Fields>(containers?.map((c) => [c['name'], c]));
  statuses?.forEach((status, i) => {
    status['allocatedResourcesStatus']?.forEach((allocated: Fields, j: number) => {
      const at = `${path}[${i}].allocatedResourcesStatus[${j}]`;
      const container = byName.get(status['name']);
      const fault = container && unknownResource(allocated['name'] ?? '', container);
      if (fault) errors.push(invalid(`${at}.name`, allocated['name'] ?? '', fault));
      const ids = new Set<string>();
      allocated['resources']?.forEach((resource: Fields, k: number) => {
        const on = `${at}.resources[${k}]`;
        if (!HEALTHS.includes(resource['health']))
          errors.push(notSupported(`${on}.health`, resource['health'] ?? '', HEALTHS));
        const message: string | undefined = resource['message'];
        if (message === '') errors.push(required(`${on}.message`, 'must be non-empty if specified'));
        else if (message !== undefined && Buffer.byteLength(message) > MAX_HEALTH_MESSAGE)
          errors.push(tooLong(`${on}.message`, MAX_HEALTH_MESSAGE));
        const id: string = resource['resourceID'] ?? '';
        if (ids.has(id)) errors.push(duplicate(`${on}.resourceID`, id));
        ids.add(id);
      });
    });
  });
  return errors;
}

function unknownResource(name: string, container: Fields): string | undefined {
  if (!name.startsWith('claim:'))
    return container['resources']?.requests?.[name] === undefined
      ? "must match one of the container's resource requests"
      : undefined;
  const known = (container['resources']?.claims ?? []).some(
    (c: Fields) => name === `claim:${c['name']}${c['request'] ? `/${c['request']}` : ''}`,
  );
  return known
    ? undefined
    : "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
}

/** A kubelet that knows nothing of generations does not take away what is written there (preserveOldObservedGeneration). */
export function keepObservedGenerations(now: Fields, before: Fields): void {
  if (!now['observedGeneration'] && before['observedGeneration'])
    now['observedGeneration'] = before['observedGeneration'];
  const old = new Map<string, number[]>();
  for (const condition of before['conditions'] ?? []) {
    const list = old.get(condition.type) ?? [];
    list.push(condition.observedGeneration ?? 0);
    old.set(condition.type, list);
  }
  const next = new Map<string, number>();
  for (const condition of now['conditions'] ?? []) {
    const i = next.get(condition.type) ?? 0;
    next.set(condition.type, i + 1);
    const generation = old.get(condition.type)?.[i];
    if (!condition.observedGeneration && generation) condition.observedGeneration = generation;
  }
}
