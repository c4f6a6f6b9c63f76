import { type FieldError, forbidden, notSupported } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const HIGHEST_FOR_USERS = 1_000_000_000;
const POLICIES = ['PreemptLowerPriority', 'Never'];

/** The priority classes that every cluster has (pkg/apis/scheduling/v1/helpers.go). */
export const SYSTEM_PRIORITY_CLASSES: Readonly<Record<string, { value: number; description: string }>> = {
  'system-node-critical': {
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  'system-cluster-critical': {
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
};

function systemFault(name: string, object: KubeObject): string | undefined {
  const known = SYSTEM_PRIORITY_CLASSES[name];
  if (!known) return `${name} is not a known system priority class`;
  if ((object['value'] ?? 0) !== known.value) return `value of ${name} PriorityClass must be ${known.value}`;
  if (object['globalDefault']) return `globalDefault of ${name} PriorityClass must be false`;
  return undefined;
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const name = object.metadata.name ?? '';
  if (name.startsWith('system-')) {
    const fault = systemFault(name, object);
    if (fault)
      errors.push(
        forbidden(
          'metadata.name',
          `priority class names with 'system-' prefix are reserved for system use only. error: ${fault}`,
        ),
      );
  } else if ((object['value'] ?? 0) > HIGHEST_FOR_USERS)
    errors.push(
      forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_FOR_USERS}`),
    );
  const policy = object['preemptionPolicy'];
  if (policy !== undefined && !POLICIES.includes(policy))
    errors.push(notSupported('preemptionPolicy', policy, POLICIES));
  return errors;
}

/** pkg/registry/scheduling/priorityclass/strategy.go. */
export const priorityclasses: Strategy = {
  defaults(object) {
    object['preemptionPolicy'] ??= 'PreemptLowerPriority';
  },
  prepareForCreate(object) {
    object.metadata.generation = 1;
  },
  validate,
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if ((object['value'] ?? 0) !== (old['value'] ?? 0))
      errors.push(forbidden('value', 'may not be changed in an update.'));
    return [...errors, ...immutable(object['preemptionPolicy'], old['preemptionPolicy'], 'preemptionPolicy')];
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    object['value'] ?? 0,
    object['globalDefault'] ?? false,
    age(object, now),
    object['preemptionPolicy'] ?? '',
  ],
};
