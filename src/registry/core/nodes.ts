import { child, duplicate, type FieldError, forbidden, index, invalid } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { familyOf } from '../../meta/ip.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { cidrWarnings, legacyCidr, positive } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { quantityErrors, quantityOf } from './pod/resources.ts';
import { taintFaults } from './taints.ts';

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const ROLE_PREFIX = 'node-role.kubernetes.io/';

function resources(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['capacity', 'allocatable']) {
    const list: Record<string, string> = object['status']?.[field] ?? {};
    for (const name of Object.keys(list).sort())
      errors.push(...quantityErrors(name, quantityOf(list[name]), child(child('status', field), name)));
  }
  return errors;
}

function declaredFeatures(features: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  features.forEach((feature, i) => {
    if (feature.length > 253)
      errors.push(
        invalid(
          index(path, i),
          feature,
          `invalid feature name ${quote(feature)}: must be no more than 253 characters`,
        ),
      );
    else if (!FEATURE.test(feature))
      errors.push(
        invalid(
          index(path, i),
          feature,
          `invalid feature name ${quote(feature)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
        ),
      );
    const next = features[i + 1];
    if (next === undefined) return;
    if (next === feature) errors.push(duplicate(index(path, i + 1), next));
    else if (next < feature)
      errors.push(invalid(index(path, i + 1), next, 'list must be sorted alphabetically'));
  });
  return errors;
}

const taintsOf = (object: KubeObject) => taintFaults(object['spec']?.taints ?? [], 'metadata.taints');
const featuresOf = (object: KubeObject) =>
  declaredFeatures(object['status']?.declaredFeatures ?? [], 'status.declaredFeatures');

function validate(object: KubeObject): FieldError[] {
  const errors = [...taintsOf(object), ...resources(object)];
  const swap: number | undefined = object['status']?.nodeInfo?.swap?.capacity;
  if (swap !== undefined) errors.push(...positive(swap, 'metadata.nodeSwapStatus.capacity'));
  errors.push(...featuresOf(object));
  const cidrs: string[] = object['spec']?.podCIDRs ?? [];
  const path = 'spec.podCIDRs';
  cidrs.forEach((cidr, i) => {
    errors.push(...legacyCidr(cidr, index(path, i)));
  });
  if (cidrs.length > 1) {
    const families = cidrs.map((cidr) => familyOf(cidr.split('/')[0]!));
    if (cidrs.length > 2 || !(families.includes('IPv4') && families.includes('IPv6')))
      errors.push(invalid(path, cidrs, 'may specify no more than one CIDR for each IP family'));
  }
  return errors;
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [...resources(object), ...featuresOf(object)];
  const seen = new Set<string>();
  const addresses: Fields[] = object['status']?.addresses ?? [];
  addresses.forEach((address, i) => {
    const pair = `${address['type']} ${address['address']}`;
    if (seen.has(pair))
      errors.push(
        duplicate(index('status.addresses', i), {
          Type: address['type'] ?? '',
          Address: address['address'] ?? '',
        }),
      );
    seen.add(pair);
  });
  const before: string[] = old['spec']?.podCIDRs ?? [];
  const now: string[] = object['spec']?.podCIDRs ?? [];
  if (before.length) {
    const fault = forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
    if (before.length !== now.length) errors.push(fault);
    else for (const [i, cidr] of before.entries()) if (cidr !== now[i]) errors.push(fault);
  }
  const provider = old['spec']?.providerID;
  if (provider && provider !== object['spec']?.providerID)
    errors.push(
      forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  errors.push(...taintsOf(object));
  if ((object['spec']?.externalID ?? '') !== (old['spec']?.externalID ?? ''))
    errors.push(forbidden('spec.externalID', 'may not be updated'));
  return errors;
}

function roles(object: KubeObject): string {
  const found = new Set<string>();
  for (const [label, value] of Object.entries(object.metadata.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX)) {
      if (label.length > ROLE_PREFIX.length) found.add(label.slice(ROLE_PREFIX.length));
    } else if (label === 'kubernetes.io/role' && value !== '') found.add(value);
  }
  return [...found].sort().join(',') || '<none>';
}

function statusCell(object: KubeObject): string {
  const ready: Fields | undefined = (object['status']?.conditions as Fields[] | undefined)?.findLast(
    (c) => c['type'] === 'Ready',
  );
  const words = [ready ? (ready['status'] === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (object['spec']?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

/** pkg/registry/core/node/strategy.go. */
export const nodes: Strategy = {
  createKeepsStatus: true,
  defaults(object) {
    const status: Fields | undefined = object['status'];
    if (status?.['capacity'] && !status['allocatable']) status['allocatable'] = { ...status['capacity'] };
    // The plural field follows the singular one (pkg/apis/core/v1/conversion.go).
    const spec: Fields | undefined = object['spec'];
    if (!spec) return;
    if (spec['podCIDR'] && !spec['podCIDRs']?.length) spec['podCIDRs'] = [spec['podCIDR']];
    else if (spec['podCIDRs']?.length && spec['podCIDR'] !== spec['podCIDRs'][0])
      spec['podCIDRs'] = spec['podCIDR'] ? [spec['podCIDR']] : spec['podCIDRs'];
    if (spec['podCIDRs']?.length) spec['podCIDR'] = spec['podCIDRs'][0];
  },
  prepareForCreate(object) {
    object['status'] ??= {};
    delete object['spec']?.configSource;
    delete object['status'].config;
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
    if (!old['spec']?.configSource) delete object['spec']?.configSource;
  },
  validate,
  validateUpdate: (object, old) => [...validate(object), ...validateUpdate(object, old)],
  warnings(object) {
    const spec: Fields = object['spec'] ?? {};
    const warnings: string[] = [];
    if (spec['configSource']) warnings.push('spec.configSource: the feature is removed');
    if (spec['externalID'])
      warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
    const cidrs: string[] = spec['podCIDRs'] ?? [];
    cidrs.forEach((cidr, i) => {
      warnings.push(...cidrWarnings(cidr, index('spec.podCIDRs', i)));
    });
    return warnings;
  },
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
      if (!old['status']?.config) delete object['status']?.config;
    },
    validateUpdate,
  },
  selectableFields: { 'spec.unschedulable': (object) => String(object['spec']?.unschedulable ?? false) },
  row(object, now) {
    const info: Fields = object['status']?.nodeInfo ?? {};
    const address = (type: string) =>
      (object['status']?.addresses as Fields[] | undefined)?.find((a) => a['type'] === type)?.['address'] ??
      '<none>';
    const kernel = info['kernelVersion'] || '<unknown>';
    return [
      object.metadata.name ?? '',
      statusCell(object),
      roles(object),
      age(object, now),
      info['kubeletVersion'] ?? '',
      address('InternalIP'),
      address('ExternalIP'),
      info['osImage'] || '<unknown>',
      info['architecture'] ? `${kernel} (${info['architecture']})` : kernel,
      info['containerRuntimeVersion'] || '<unknown>',
    ];
  },
};
