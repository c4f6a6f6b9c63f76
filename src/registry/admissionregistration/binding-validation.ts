import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { pathSegmentFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import { matchResourcesErrors, mutatingOperationsErrors } from './rules.ts';

/** Faults of bindings of admission policies (pkg/apis/admissionregistration/validation/validation.go). */

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const EXCLUSIVE = 'name and selector are mutually exclusive';
const BOTH =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';

function actionsErrors(actions: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  actions.forEach((action, i) => {
    if (!ACTIONS.includes(action)) errors.push(notSupported(index(path, i), action, ACTIONS));
    if (actions.indexOf(action) < i) errors.push(duplicate(index(path, i), action));
  });
  if (actions.includes('Deny') && actions.includes('Warn')) errors.push(invalid(path, actions, BOTH));
  if (actions.length === 0) errors.push(required(path, 'at least one validation action is required'));
  return errors;
}

function paramRefErrors(ref: Fields | undefined, path: string): FieldError[] {
  if (!ref) return [];
  const name: string = ref['name'] ?? '';
  const { selector } = ref as { selector?: Fields };
  const errors: FieldError[] = [];
  if (name !== '') {
    for (const fault of pathSegmentFaults(name)) errors.push(invalid(child(path, 'name'), name, fault));
    if (selector) errors.push(forbidden(child(path, 'name'), EXCLUSIVE));
  }
  if (selector) {
    errors.push(...labelSelectorErrors(selector, child(path, 'selector')));
    if (name !== '') errors.push(forbidden(child(path, 'selector'), EXCLUSIVE));
  }
  if (name === '' && !selector) errors.push(required(path, 'one of name or selector must be specified'));
  const action: string = ref['parameterNotFoundAction'] ?? '';
  const at = child(path, 'parameterNotFoundAction');
  if (action === '') errors.push(required(at));
  else if (action !== 'Deny' && action !== 'Allow') errors.push(notSupported(at, action, ['Deny', 'Allow']));
  return errors;
}

/** Faults of a binding, the same at every write. */
export function bindingErrors(object: KubeObject, mutating: boolean): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const name: string = spec['policyName'] ?? '';
  return [
    ...(name === '' ? [required('spec.policyName')] : dns1123Subdomain(name, 'spec.policyName')),
    ...paramRefErrors(spec['paramRef'], 'spec.paramRef'),
    ...matchResourcesErrors(spec['matchResources'], 'spec.matchResources'),
    ...(mutating
      ? mutatingOperationsErrors(spec['matchResources'], 'spec.matchResources')
      : actionsErrors(spec['validationActions'] ?? [], 'spec.validationActions')),
  ];
}
