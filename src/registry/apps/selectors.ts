import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import { goSelector } from '../core/pod/go-value.ts';

/** spec.selector stays what it was: a workload would lose its pods. */
export function immutableSelectorErrors(object: KubeObject, old: KubeObject): FieldError[] {
  const selector = object['spec'].selector;
  return deepEqual(selector, old['spec'].selector)
    ? []
    : [invalid('spec.selector', goSelector(selector), 'field is immutable')];
}
