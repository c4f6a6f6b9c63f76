import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  OMITTED,
  required,
  tooLong,
  tooMany,
} from '../../meta/field-error.ts';
import { quoteList } from '../../meta/go-quote.ts';
import { dns1123SubdomainFaults, regexFault } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { podTemplateErrors } from '../core/pod/template.ts';
import { nonNegative, qualifiedName } from '../field-validation.ts';
import { parseIndexes } from './indexes.ts';

/** The spec of Jobs, and of the templates of Jobs in CronJobs (pkg/apis/batch/validation/validation.go). */

const MAX_PARALLELISM_INDEXED = 100_000;
const MANY_COMPLETIONS = 100_000;
const MAX_WITH_MANY = 10_000;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_MANAGED_BY = 63;
const MAX_INDEXES_BYTES = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed'];

/** Shapes with Go names for messages that show a success policy as a whole. */
const shownSuccessPolicy = (policy: Fields): unknown => ({
  Rules: policy['rules']?.length
    ? policy['rules'].map((rule: Fields) => ({
        SucceededIndexes: rule['succeededIndexes'] ?? null,
        SucceededCount: rule['succeededCount'] ?? null,
      }))
    : null,
});

/** A path below a domain, as names of controllers are: `example.com/my-controller` (validation.IsDomainPrefixedPath). */
function domainPrefixedPathErrors(value: string, path: string): FieldError[] {
  if (value === '') return [required(path)];
  const slash = value.indexOf('/');
  const host = value.slice(0, Math.max(slash, 0));
  const rest = value.slice(slash + 1);
  if (slash <= 0 || rest === '')
    return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dns1123SubdomainFaults(host).map((fault) => invalid(path, host, fault));
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest))
    errors.push(invalid(path, rest, regexFault('Invalid path', "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+")));
  return errors;
}

/** Faults of everything but the selector, which CronJobs' templates have not. */
export function jobSpecErrors(spec: Fields, path: string, options: PodValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string) => child(path, name);
  for (const name of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ])
    add(errors, nonNegative(spec[name] ?? 0, at(name)));
  if (spec['maxFailedIndexes'] !== undefined && spec['backoffLimitPerIndex'] === undefined)
    errors.push(required(at('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  const manager: string | undefined = spec['managedBy'];
  if (manager !== undefined) {
    add(errors, domainPrefixedPathErrors(manager, at('managedBy')));
    if (Buffer.byteLength(manager) > MAX_MANAGED_BY) errors.push(tooLong(at('managedBy'), MAX_MANAGED_BY));
  }
  add(errors, completionModeErrors(spec, path));
  if (spec['podFailurePolicy']) add(errors, podFailurePolicyErrors(spec, at('podFailurePolicy')));
  if (spec['successPolicy']) {
    if (spec['completionMode'] !== 'Indexed')
      errors.push(
        invalid(
          at('successPolicy'),
          shownSuccessPolicy(spec['successPolicy']),
          'requires indexed completion mode',
        ),
      );
    else add(errors, successPolicyErrors(spec, at('successPolicy')));
  }
  const replacement: string | undefined = spec['podReplacementPolicy'];
  const replacements = spec['podFailurePolicy'] ? ['Failed'] : REPLACEMENTS;
  if (replacement !== undefined && !replacements.includes(replacement))
    errors.push(notSupported(at('podReplacementPolicy'), replacement, replacements));
  add(errors, podTemplateErrors(spec['template'] ?? {}, at('template'), options));
  add(errors, restartPolicyErrors(spec, at('template.spec.restartPolicy')));
  return errors;
}

function restartPolicyErrors(spec: Fields, path: string): FieldError[] {
  const policy: string = spec['template']?.spec?.restartPolicy ?? '';
  if (policy === 'Always' || policy === '') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(path, policy, ['OnFailure', 'Never'])];
  if (spec['podFailurePolicy'] && policy !== 'Never')
    return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
  return [];
}

function completionModeErrors(spec: Fields, path: string): FieldError[] {
  const { completionMode, completions, parallelism, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  const at = (name: string) => child(path, name);
  if (completionMode !== undefined && completionMode !== 'NonIndexed' && completionMode !== 'Indexed')
    errors.push(notSupported(at('completionMode'), completionMode, ['NonIndexed', 'Indexed']));
  if (completionMode === undefined || completionMode === 'NonIndexed') {
    if (backoffLimitPerIndex !== undefined)
      errors.push(
        invalid(at('backoffLimitPerIndex'), backoffLimitPerIndex, 'requires indexed completion mode'),
      );
    if (maxFailedIndexes !== undefined)
      errors.push(invalid(at('maxFailedIndexes'), maxFailedIndexes, 'requires indexed completion mode'));
  }
  if (completionMode !== 'Indexed') return errors;
  if (completions === undefined) errors.push(required(at('completions'), 'when completion mode is Indexed'));
  if (parallelism > MAX_PARALLELISM_INDEXED)
    errors.push(
      invalid(
        at('parallelism'),
        parallelism,
        `must be less than or equal to ${MAX_PARALLELISM_INDEXED} when completion mode is Indexed`,
      ),
    );
  if (maxFailedIndexes > completions)
    errors.push(
      invalid(at('maxFailedIndexes'), maxFailedIndexes, 'must be less than or equal to completions'),
    );
  if (maxFailedIndexes > MANY_COMPLETIONS)
    errors.push(
      invalid(at('maxFailedIndexes'), maxFailedIndexes, `must be less than or equal to ${MANY_COMPLETIONS}`),
    );
  if (completions > MANY_COMPLETIONS && backoffLimitPerIndex !== undefined) {
    const words = `must be less than or equal to ${MAX_WITH_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
    if (maxFailedIndexes === undefined)
      errors.push(
        required(at('maxFailedIndexes'), `must be specified when completions is above ${MANY_COMPLETIONS}`),
      );
    if (parallelism > MAX_WITH_MANY) errors.push(invalid(at('parallelism'), parallelism, words));
    if (maxFailedIndexes > MAX_WITH_MANY)
      errors.push(invalid(at('maxFailedIndexes'), maxFailedIndexes, words));
  }
  return errors;
}

function podFailurePolicyErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const rules: Fields[] = spec['podFailurePolicy'].rules ?? [];
  const rulesPath = child(path, 'rules');
  if (rules.length > MAX_RULES) errors.push(tooMany(rulesPath, rules.length, MAX_RULES));
  const pod: Fields = spec['template']?.spec ?? {};
  const names = new Set<string>(
    [...(pod['containers'] ?? []), ...(pod['initContainers'] ?? [])].map((c: Fields) => c['name']),
  );
  rules.forEach((rule, i) => {
    const at = index(rulesPath, i);
    const action: string = rule['action'] ?? '';
    if (action === '') errors.push(required(child(at, 'action'), `valid values: ${quoteList(ACTIONS)}`));
    else if (action === 'FailIndex') {
      if (spec['backoffLimitPerIndex'] === undefined)
        errors.push(invalid(child(at, 'action'), action, 'requires the backoffLimitPerIndex to be set'));
    } else if (!ACTIONS.includes(action)) errors.push(notSupported(child(at, 'action'), action, ACTIONS));
    const codes: Fields | undefined = rule['onExitCodes'];
    const conditions: Fields[] = rule['onPodConditions'] ?? [];
    if (codes) add(errors, exitCodesErrors(codes, child(at, 'onExitCodes'), names));
    if (conditions.length) add(errors, podConditionsErrors(conditions, child(at, 'onPodConditions')));
    if (codes && conditions.length)
      errors.push(invalid(at, OMITTED, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    if (!codes && !conditions.length)
      errors.push(invalid(at, OMITTED, 'specifying one of OnExitCodes and OnPodConditions is required'));
  });
  return errors;
}

function podConditionsErrors(patterns: Fields[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (patterns.length > MAX_RULES) errors.push(tooMany(path, patterns.length, MAX_RULES));
  patterns.forEach((pattern, i) => {
    const at = index(path, i);
    add(errors, qualifiedName(pattern['type'] ?? '', child(at, 'type')));
    const status: string = pattern['status'] ?? '';
    if (status === '') errors.push(required(child(at, 'status'), `valid values: ${quoteList(STATUSES)}`));
    else if (!STATUSES.includes(status)) errors.push(notSupported(child(at, 'status'), status, STATUSES));
  });
  return errors;
}

function exitCodesErrors(requirement: Fields, path: string, containers: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const operator: string = requirement['operator'] ?? '';
  const values: number[] = requirement['values'] ?? [];
  const name: string | undefined = requirement['containerName'];
  if (operator === '')
    errors.push(required(child(path, 'operator'), `valid values: ${quoteList(OPERATORS)}`));
  else if (!OPERATORS.includes(operator))
    errors.push(notSupported(child(path, 'operator'), operator, OPERATORS));
  if (name !== undefined && !containers.has(name))
    errors.push(
      invalid(
        child(path, 'containerName'),
        name,
        'must be one of the container or initContainer names in the pod template',
      ),
    );
  const at = child(path, 'values');
  if (values.length === 0)
    errors.push(invalid(at, requirement['values'] ?? null, 'at least one value is required'));
  else if (values.length > MAX_EXIT_CODES) errors.push(tooMany(at, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  values.forEach((value, i) => {
    if (operator === 'In' && value === 0)
      errors.push(invalid(index(at, i), value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(index(at, i), value));
    seen.add(value);
  });
  if (values.some((value, i) => i > 0 && values[i - 1]! > value))
    errors.push(invalid(at, values, 'must be ordered'));
  return errors;
}

function successPolicyErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const rules: Fields[] = spec['successPolicy'].rules ?? [];
  const rulesPath = child(path, 'rules');
  const completions: number = spec['completions'] ?? 0;
  if (rules.length === 0)
    errors.push(
      required(rulesPath, 'at least one rules must be specified when the successPolicy is specified'),
    );
  if (rules.length > MAX_RULES) errors.push(tooMany(rulesPath, rules.length, MAX_RULES));
  rules.forEach((rule, i) => {
    const at = index(rulesPath, i);
    const indexes: string | undefined = rule['succeededIndexes'];
    const count: number | undefined = rule['succeededCount'];
    if (count === undefined && indexes === undefined)
      errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
    let total = 0;
    if (indexes !== undefined) {
      const field = child(at, 'succeededIndexes');
      if (Buffer.byteLength(indexes) > MAX_INDEXES_BYTES) errors.push(tooLong(field, MAX_INDEXES_BYTES));
      const parsed = parseIndexes(indexes, completions);
      if ('error' in parsed)
        errors.push(invalid(field, indexes, `error parsing succeededIndexes: ${parsed.error}`));
      else total = parsed.total;
    }
    if (count === undefined) return;
    const field = child(at, 'succeededCount');
    add(errors, nonNegative(count, field));
    if (count > completions)
      errors.push(
        invalid(
          field,
          count,
          `must be less than or equal to ${completions} (the number of specified completions)`,
        ),
      );
    if (indexes !== undefined && count > total)
      errors.push(
        invalid(
          field,
          count,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      );
  });
  return errors;
}
