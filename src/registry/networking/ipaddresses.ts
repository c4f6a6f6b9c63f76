import { deepEqual } from '../../meta/deep-equal.ts';
import { child, type FieldError, invalid, required } from '../../meta/field-error.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { qualified } from '../../meta/object.ts';
import { canonicalIp, dns1123Subdomain } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

function validate(object: KubeObject): FieldError[] {
  const path = 'spec.parentRef';
  const parent: Fields | undefined = object['spec']?.parentRef;
  if (!parent) return [required(path)];
  const errors: FieldError[] = parent['group'] ? dns1123Subdomain(parent['group'], child(path, 'group')) : [];
  for (const field of ['resource', 'name', 'namespace']) {
    const value: string = parent[field] ?? '';
    const at = child(path, field);
    if (value !== '') for (const fault of pathSegmentFaults(value)) errors.push(invalid(at, value, fault));
    else if (field !== 'namespace') errors.push(required(at));
  }
  return errors;
}

/** The reference with its Go names, as messages show it. */
const shown = (parent: Fields | undefined) =>
  parent
    ? {
        Group: parent['group'] ?? '',
        Resource: parent['resource'] ?? '',
        Namespace: parent['namespace'] ?? '',
        Name: parent['name'] ?? '',
      }
    : null;

/** pkg/registry/networking/ipaddress/strategy.go. */
export const ipaddresses: Strategy = {
  validate,
  validateUpdate(object, old) {
    const errors = validate(object);
    const now = shown(object['spec']?.parentRef);
    if (!deepEqual(now, shown(old['spec']?.parentRef)))
      errors.push(invalid('spec.parentRef', now, 'field is immutable'));
    return errors;
  },
  validateName: (name) => canonicalIp(name, '').map((error) => error.detail),
  row(object, now) {
    const parent: Fields | undefined = object['spec']?.parentRef;
    const namespace = parent?.['namespace'] ? `/${parent['namespace']}` : '';
    const resource = qualified({ group: parent?.['group'] ?? '', resource: parent?.['resource'] ?? '' });
    return [
      object.metadata.name ?? '',
      parent ? `${resource.toLowerCase()}${namespace}/${parent['name'] ?? ''}` : '<none>',
      age(object, now),
    ];
  },
};
