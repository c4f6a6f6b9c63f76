import { child, type FieldError, invalid, notSupported } from '../../meta/field-error.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { percentFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { conditionsErrors } from '../conditions.ts';
import { goSelector } from '../core/pod/go-value.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** Not below nothing, nor above all. */
function amountErrors(value: number | string, path: string): FieldError[] {
  if (typeof value === 'number') return nonNegative(value, path);
  const faults = percentFaults(value);
  if (faults.length) return faults.map((fault) => invalid(path, value, fault));
  return Number(value.slice(0, -1)) > 100 ? [invalid(path, value, 'must not be greater than 100%')] : [];
}

/** The spec with its Go names, as messages show it. */
const shown = (spec: Fields) => ({
  MinAvailable: spec['minAvailable'] ?? null,
  Selector: goSelector(spec['selector']),
  MaxUnavailable: spec['maxUnavailable'] ?? null,
  UnhealthyPodEvictionPolicy: spec['unhealthyPodEvictionPolicy'] ?? null,
});

function validate(object: KubeObject, lenient = false): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const errors: FieldError[] = [];
  const { minAvailable: min, maxUnavailable: max, unhealthyPodEvictionPolicy: policy } = spec;
  if (min !== undefined && max !== undefined)
    errors.push(invalid('spec', shown(spec), 'minAvailable and maxUnavailable cannot be both set'));
  if (min !== undefined) errors.push(...amountErrors(min, 'spec.minAvailable'));
  if (max !== undefined) errors.push(...amountErrors(max, 'spec.maxUnavailable'));
  if (spec['selector']) errors.push(...labelSelectorErrors(spec['selector'], 'spec.selector', lenient));
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES));
  return errors;
}

const EMPTY_STATUS = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };

/** pkg/registry/policy/poddisruptionbudget/strategy.go. */
export const poddisruptionbudgets: Strategy = {
  prepareForCreate(object) {
    object['status'] = { ...EMPTY_STATUS };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate: (object) => validate(object),
  validateUpdate(object, old) {
    const selector = old['spec']?.selector;
    return validate(object, !!selector && labelSelectorErrors(selector, '').length > 0);
  },
  generation: true,
  allowUnconditionalUpdate: false,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate(object) {
      const status: Fields = object['status'] ?? {};
      return [
        ...conditionsErrors(status['conditions'], 'status.conditions'),
        ...['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'].flatMap((field) =>
          nonNegative(status[field] ?? 0, child('status', field)),
        ),
      ];
    },
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    String(object['spec']?.minAvailable ?? 'N/A'),
    String(object['spec']?.maxUnavailable ?? 'N/A'),
    object['status']?.disruptionsAllowed ?? 0,
    age(object, now),
  ],
};
