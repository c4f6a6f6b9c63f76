import { child, type FieldError, forbidden, index, invalid, required } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../meta/names.ts';
import type { UserInfo } from '../../meta/user.ts';
import { pathAttributes, resourceAttributes } from '../attributes.ts';
import type { AuthorizationAttributes, SelectorAttributes, SelectorRequirement } from '../authorizer.ts';
import { fieldSelectorAttributes, labelSelectorAttributes } from '../selectors.ts';

/** The parts of authorization.k8s.io/v1 that all access reviews share, as JSON carries them. */
export interface ReviewSpec {
  user?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  resourceAttributes?: ResourceSpec;
  nonResourceAttributes?: { path?: string; verb?: string };
}

export interface ResourceSpec {
  verb?: string;
  namespace?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SelectorSpec;
  labelSelector?: SelectorSpec;
}

export interface SelectorSpec {
  rawSelector?: string;
  requirements?: { key?: string; operator?: string; values?: string[] }[];
}

const RESOURCE = 'spec.resourceAttributes';

/** Whether what is asked about is well-formed (pkg/apis/authorization/validation). `self`: the caller is who is asked about. */
export function validateReviewSpec(spec: ReviewSpec, self: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource && path) {
    const words = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalid('spec.nonResourceAttributes', goPathAttributes(path), words));
  }
  if (!resource && !path) {
    const words = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalid(RESOURCE, null, words));
  }
  if (!self && !spec.user && !spec.groups?.length)
    errors.push(invalid('spec.user', '', 'at least one of user or group must be specified'));
  if (resource?.fieldSelector)
    errors.push(...validateSelector(resource.fieldSelector, `${RESOURCE}.fieldSelector`, false));
  if (resource?.labelSelector)
    errors.push(...validateSelector(resource.labelSelector, `${RESOURCE}.labelSelector`, true));
  return errors;
}

/** The internal type's fields bear no JSON names, so Go shows them as they are. */
export function goPathAttributes(path: { path?: string; verb?: string }): unknown {
  return { Path: path.path ?? '', Verb: path.verb ?? '' };
}

function validateSelector(selector: SelectorSpec, path: string, ofLabels: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length)
    errors.push(
      invalid(child(path, 'rawSelector'), rawSelector, 'may not specified at the same time as requirements'),
    );
  if (rawSelector === '' && requirements.length === 0) {
    const words = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(required(child(path, 'requirements'), words));
  }
  requirements.forEach((requirement, i) => {
    const at = index(child(path, 'requirements'), i);
    if (!ofLabels && !requirement.key) errors.push(required(child(at, 'key'), 'must be specified'));
    errors.push(...validateValues(requirement, child(at, 'values')));
    if (ofLabels) errors.push(...validateLabelTerm(requirement, at));
  });
  return errors;
}

function validateValues(
  { operator, values = [] }: { operator?: string; values?: string[] },
  path: string,
): FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    return [required(path, "must be specified when `operator` is 'In' or 'NotIn'")];
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    return [forbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  return [];
}

function validateLabelTerm(
  { key = '', values = [] }: { key?: string; values?: string[] },
  path: string,
): FieldError[] {
  return [
    ...qualifiedNameFaults(key).map((words) => invalid(child(path, 'key'), key, words)),
    ...values.flatMap((value, i) =>
      labelValueFaults(value).map((words) => invalid(index(child(path, 'values'), i), value, words)),
    ),
  ];
}

/** The question a review puts to the authorizers. */
export function reviewAttributes(user: UserInfo, spec: ReviewSpec): AuthorizationAttributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (!resource) return pathAttributes(user, path?.verb ?? '', path?.path ?? '');
  const { verb = '', namespace, group, version, resource: plural, subresource, name } = resource;
  return resourceAttributes(user, {
    verb,
    namespace,
    group,
    version,
    resource: plural,
    subresource,
    name,
    fieldSelector:
      resource.fieldSelector && selectorOf(resource.fieldSelector, fieldSelectorAttributes, fieldTerm),
    labelSelector:
      resource.labelSelector && selectorOf(resource.labelSelector, labelSelectorAttributes, labelTerm),
  });
}

type Term = { key?: string; operator?: string; values?: string[] };

/** Terms that are not understood are left out: they could only narrow what is asked for. */
function selectorOf(
  { rawSelector = '', requirements = [] }: SelectorSpec,
  parse: (raw: string) => SelectorAttributes,
  read: (term: Term) => SelectorRequirement | string,
): SelectorAttributes | undefined {
  if (requirements.length === 0) return rawSelector === '' ? undefined : parse(rawSelector);
  const terms = requirements.map(read);
  const errors = terms.filter((term) => typeof term === 'string');
  return {
    requirements: terms.filter((term) => typeof term !== 'string'),
    ...(errors.length ? { error: errors.join(', ') } : {}),
  };
}

function fieldTerm({ key = '', operator = '', values = [] }: Term): SelectorRequirement | string {
  if (values.length > 1) return 'fieldSelectors do not yet support multiple values';
  if (operator === 'Exists' || operator === 'DoesNotExist')
    return `fieldSelectors do not yet support ${operator}`;
  if (operator !== 'In' && operator !== 'NotIn')
    return `${quote(operator)} is not a valid field selector operator`;
  if (values.length !== 1) return `fieldSelectors ${operator === 'In' ? 'in' : 'not in'} must have one value`;
  return { key, operator, values };
}

function labelTerm({ key = '', operator = '', values = [] }: Term): SelectorRequirement | string {
  if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
    return `${quote(operator)} is not a valid label selector operator`;
  if (qualifiedNameFaults(key).length || values.some((value) => labelValueFaults(value).length))
    return `${quote(key)} is not a valid label selector term`;
  return { key, operator, values };
}

/** What a review's status says of errors: the authorizers', and selectors that were not understood. */
export function evaluationError(error: string | undefined, attributes: AuthorizationAttributes): string {
  const words = error === undefined ? [] : [error];
  for (const kind of ['fieldSelector', 'labelSelector'] as const) {
    const selector = attributes[kind];
    if (selector?.error === undefined) continue;
    const partly = selector.requirements.length ? 'partially ' : '';
    words.push(`${RESOURCE}.${kind} ${partly}ignored due to parse error`);
  }
  return words.join('; ');
}
