import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { isExtendedResource } from '../core/resource-names.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { configurationErrors, listErrors, selectorsErrors } from './device-claim.ts';

const MOST = 32;

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const extended: string | undefined = spec['extendedResourceName'];
  const errors = [
    ...selectorsErrors(spec['selectors'], 'spec.selectors'),
    ...listErrors(spec['config'] as Fields[] | undefined, MOST, 'spec.config', configurationErrors),
  ];
  if (extended !== undefined && !isExtendedResource(extended))
    errors.push(invalid('spec.extendedResourceName', extended, 'must be a valid extended resource name'));
  return errors;
}

/** pkg/registry/resource/deviceclass/strategy.go. */
export const deviceclasses: Strategy = {
  validate,
  validateUpdate: validate,
  generation: true,
  deleteReturnsObject: true,
  row: (object, now) => [object.metadata.name ?? '', age(object, now)],
};
