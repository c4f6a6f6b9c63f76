import { type FieldError, invalid } from '../../meta/field-error.ts';
import { qualifiedNameFaults } from '../../meta/names.ts';

/** Names of what nodes have and containers, quotas and limits ask for (pkg/apis/core/helper/helpers.go). */

const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
];
const INTEGER = new Set(COUNTED);
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const ASKED = ['requests', 'limits'].flatMap((side) => COMPUTE.map((name) => `${side}.${name}`));
const STANDARD = new Set([...COUNTED, ...COMPUTE, ...ASKED, 'storage']);
const QUOTA = new Set([...COUNTED, ...COMPUTE, ...ASKED, 'requests.storage']);

const isHugePages = (name: string) => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
export const isNativeResource = (name: string): boolean =>
  !name.includes('/') || name.includes('kubernetes.io/');
export const isStandardResource = (name: string): boolean => STANDARD.has(name) || isHugePages(name);
export const isStandardQuotaResource = (name: string): boolean => QUOTA.has(name) || isHugePages(name);
export const isStandardContainerResource = (name: string): boolean =>
  COMPUTE.includes(name) || name.startsWith('hugepages-');

/** A resource of a vendor, such as `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return qualifiedNameFaults(`requests.${name}`).length === 0;
}

export const isIntegerResource = (name: string): boolean => INTEGER.has(name) || isExtendedResource(name);

/** validateResourceName. */
export function resourceName(name: string, path: string): FieldError[] {
  const faults = qualifiedNameFaults(name).map((fault) => invalid(path, name, fault));
  if (faults.length || name.includes('/') || isStandardResource(name)) return faults;
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

/** validateContainerResourceName. */
export function containerResourceName(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name))
      errors.push(invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
  return errors;
}

/** ValidateResourceQuotaResourceName. */
export function quotaResourceName(name: string, path: string): FieldError[] {
  const errors = resourceName(name, path);
  if (!name.includes('/') && !isStandardQuotaResource(name))
    errors.push(invalid(path, name, 'must be a standard resource for quota'));
  return errors;
}
