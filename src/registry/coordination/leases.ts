import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  if (duration != null && duration <= 0)
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  if (transitions != null && transitions < 0)
    errors.push(invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  return errors;
}

/** pkg/registry/coordination/lease/strategy.go; coordinated leader election is off, as it is by default. */
export const leases: Strategy = {
  prepareForCreate(object) {
    delete object['spec']?.strategy;
    delete object['spec']?.preferredHolder;
  },
  prepareForUpdate(object, old) {
    if (old['spec']?.strategy === undefined) delete object['spec']?.strategy;
    if (old['spec']?.preferredHolder === undefined) delete object['spec']?.preferredHolder;
  },
  validate,
  validateUpdate: validate,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  row: (object, now) => [object.metadata.name ?? '', object['spec']?.holderIdentity ?? '', age(object, now)],
};
