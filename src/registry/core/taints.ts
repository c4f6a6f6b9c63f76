import { child, type FieldError, index, invalid, notSupported, required } from '../../meta/field-error.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../meta/names.ts';

export interface Taint {
  key?: string;
  value?: string;
  effect?: string;
  timeAdded?: string;
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** A taint as kube-apiserver prints it in messages: the internal type, which has no JSON names. */
const shown = (taint: Taint) => ({
  Key: taint.key ?? '',
  Value: taint.value ?? '',
  Effect: taint.effect ?? '',
  TimeAdded: taint.timeAdded ?? null,
});

/** validateNodeTaints (pkg/apis/core/validation/validation.go). */
export function taintFaults(taints: readonly Taint[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const at = index(path, i);
    const name = taint.key ?? '';
    for (const fault of qualifiedNameFaults(name)) errors.push(invalid(child(at, 'key'), name, fault));
    const valueFaults = labelValueFaults(taint.value ?? '');
    if (valueFaults.length) errors.push(invalid(child(at, 'value'), taint.value, valueFaults.join(';')));
    if (!taint.effect) errors.push(required(child(at, 'effect')));
    else if (!EFFECTS.includes(taint.effect))
      errors.push(notSupported(child(at, 'effect'), taint.effect, EFFECTS));
    const pair = `${name} ${taint.effect ?? ''}`;
    if (seen.has(pair))
      errors.push({
        type: 'FieldValueDuplicate',
        field: at,
        value: shown(taint),
        detail: 'taints must be unique by key and effect pair',
      });
    seen.add(pair);
  });
  return errors;
}
