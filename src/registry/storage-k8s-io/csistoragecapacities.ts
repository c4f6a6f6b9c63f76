import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import type { KubeObject } from '../../meta/object.ts';
import { quantityOf } from '../core/pod/resources.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import { nodeSelectorWarnings } from '../node-labels.ts';
import type { Strategy } from '../strategy.ts';

function validate(object: KubeObject, lenient = false): FieldError[] {
  const errors: FieldError[] = [];
  if (object['nodeTopology'])
    errors.push(...labelSelectorErrors(object['nodeTopology'], 'nodeTopology', lenient));
  errors.push(...dns1123Subdomain(object['storageClassName'] ?? '', 'storageClassName'));
  if (object['capacity'] !== undefined) {
    const quantity = quantityOf(object['capacity']);
    if (quantity.sign < 0)
      errors.push(invalid('capacity', quantity.toString(), 'must be greater than or equal to 0'));
  }
  return errors;
}

/** pkg/registry/storage/csistoragecapacity/strategy.go. */
export const csistoragecapacities: Strategy = {
  validate: (object) => validate(object),
  validateUpdate(object, old) {
    const lenient = !!old['nodeTopology'] && labelSelectorErrors(old['nodeTopology'], '').length > 0;
    const errors = validate(object, lenient);
    if (!deepEqual(object['nodeTopology'], old['nodeTopology']))
      errors.push(invalid('nodeTopology', object['nodeTopology'] ?? null, 'field is immutable'));
    if (object['storageClassName'] !== old['storageClassName'])
      errors.push(invalid('storageClassName', object['storageClassName'] ?? '', 'field is immutable'));
    return errors;
  },
  warnings: (object) => nodeSelectorWarnings(object['nodeTopology'], 'nodeTopology'),
  allowUnconditionalUpdate: false,
};
