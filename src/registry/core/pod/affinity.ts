import { child, type FieldError, forbidden, index, invalid, required } from '../../../meta/field-error.ts';
import { labelNameErrors, labelSelectorErrors } from '../../../meta/label-selector.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';
import type { PodValidationOptions } from './options.ts';
import { matchLabelKeysErrors } from './topology-spread.ts';

/** spec.affinity, and the node selectors that other kinds use too (validateAffinity, ValidateNodeSelector in validation.go). */

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

function nodeRequirementErrors(requirement: Fields, lenientValues: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values: string[] = requirement['values'] ?? [];
  const at = child(path, 'values');
  switch (requirement['operator']) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(
        invalid(child(path, 'operator'), requirement['operator'] ?? '', 'not a valid selector operator'),
      );
  }
  add(errors, labelNameErrors(requirement['key'] ?? '', child(path, 'key')));
  if (!lenientValues) {
    values.forEach((value, i) => {
      for (const fault of labelValueFaults(value)) errors.push(invalid(index(at, i), value, fault));
    });
  }
  return errors;
}

function nodeFieldRequirementErrors(requirement: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values: string[] = requirement['values'] ?? [];
  if (requirement['operator'] === 'In' || requirement['operator'] === 'NotIn') {
    if (values.length !== 1)
      errors.push(
        required(
          child(path, 'values'),
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      );
  } else
    errors.push(
      invalid(child(path, 'operator'), requirement['operator'] ?? '', 'not a valid selector operator'),
    );
  if (requirement['key'] !== 'metadata.name')
    errors.push(invalid(child(path, 'key'), requirement['key'] ?? '', 'not a valid field selector key'));
  else
    values.forEach((value, i) => {
      for (const fault of dns1123SubdomainFaults(value))
        errors.push(invalid(index(child(path, 'values'), i), value, fault));
    });
  return errors;
}

export function nodeSelectorTermErrors(term: Fields, lenientValues: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  term['matchExpressions']?.forEach((r: Fields, i: number) => {
    add(errors, nodeRequirementErrors(r, lenientValues, index(child(path, 'matchExpressions'), i)));
  });
  term['matchFields']?.forEach((r: Fields, i: number) => {
    add(errors, nodeFieldRequirementErrors(r, index(child(path, 'matchFields'), i)));
  });
  return errors;
}

/** A NodeSelector; `lenientValues` lets values pass that are no label values. */
export function nodeSelectorErrors(selector: Fields, lenientValues: boolean, path: string): FieldError[] {
  const at = child(path, 'nodeSelectorTerms');
  const terms: Fields[] = selector['nodeSelectorTerms'] ?? [];
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, i) => nodeSelectorTermErrors(term, lenientValues, index(at, i)));
}

const weightErrors = (weight: number | undefined, path: string): FieldError[] =>
  weight !== undefined && weight > 0 && weight <= 100
    ? []
    : [invalid(child(path, 'weight'), weight ?? 0, 'must be in the range 1-100')];

function podAffinityTermErrors(term: Fields, options: PodValidationOptions, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const lenient = options.allowInvalidLabelValueInSelector;
  add(errors, labelSelectorErrors(term['labelSelector'], child(path, 'labelSelector'), lenient));
  add(errors, labelSelectorErrors(term['namespaceSelector'], child(path, 'namespaceSelector'), lenient));
  for (const name of term['namespaces'] ?? []) {
    for (const fault of dns1123LabelFaults(name)) errors.push(invalid(child(path, 'namespace'), name, fault));
  }
  add(
    errors,
    matchLabelKeysErrors(term['matchLabelKeys'], term['mismatchLabelKeys'], term['labelSelector'], path),
  );
  const topologyKey: string = term['topologyKey'] ?? '';
  if (topologyKey === '') errors.push(required(child(path, 'topologyKey'), 'can not be empty'));
  add(errors, labelNameErrors(topologyKey, child(path, 'topologyKey')));
  return errors;
}

function podAffinityErrors(
  affinity: Fields | undefined,
  options: PodValidationOptions,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  affinity?.[REQUIRED]?.forEach((term: Fields, i: number) => {
    add(errors, podAffinityTermErrors(term, options, index(child(path, REQUIRED), i)));
  });
  affinity?.[PREFERRED]?.forEach((weighted: Fields, i: number) => {
    const at = index(child(path, PREFERRED), i);
    add(errors, weightErrors(weighted['weight'], at));
    add(
      errors,
      podAffinityTermErrors(weighted['podAffinityTerm'] ?? {}, options, child(at, 'podAffinityTerm')),
    );
  });
  return errors;
}

export function affinityErrors(
  affinity: Fields | undefined,
  options: PodValidationOptions,
  path: string,
): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  const node: Fields | undefined = affinity['nodeAffinity'];
  const nodePath = child(path, 'nodeAffinity');
  if (node?.[REQUIRED])
    add(
      errors,
      nodeSelectorErrors(
        node[REQUIRED],
        options.allowInvalidLabelValueInNodeAffinity,
        child(nodePath, REQUIRED),
      ),
    );
  node?.[PREFERRED]?.forEach((term: Fields, i: number) => {
    const at = index(child(nodePath, PREFERRED), i);
    add(errors, weightErrors(term['weight'], at));
    add(errors, nodeSelectorTermErrors(term['preference'] ?? {}, true, child(at, 'preference')));
  });
  add(errors, podAffinityErrors(affinity['podAffinity'], options, child(path, 'podAffinity')));
  add(errors, podAffinityErrors(affinity['podAntiAffinity'], options, child(path, 'podAntiAffinity')));
  return errors;
}
