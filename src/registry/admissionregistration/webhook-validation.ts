import { parseUrl } from '../../cel/library/go-url.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { labelSelectorErrors, labelSelectorHasInvalidValue } from '../../meta/label-selector.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults, portNumberFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { type ExpressionScope, UNCHECKED } from '../admission-expressions.ts';
import { matchConditionsErrors } from './match-conditions.ts';
import { optionalOneOf, ruleErrors } from './rules.ts';

/** Faults of webhook configurations (pkg/apis/admissionregistration/validation, apiserver pkg/util/webhook/validation.go). */

const FAILURE_POLICIES = ['Fail', 'Ignore'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const HARMLESS = ['None', 'NoneOnDryRun'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const FORM = '; desired format: https://host[/path]';

/** What an update asks for depends on what the object held before. */
interface WebhookRules {
  harmless: boolean;
  knownReviewVersion: boolean;
  uniqueNames: boolean;
  lenientSelectors: boolean;
  conditions: boolean;
}
const STRICT: WebhookRules = {
  harmless: true,
  knownReviewVersion: true,
  uniqueNames: true,
  lenientSelectors: false,
  conditions: true,
};

const webhooksOf = (object: KubeObject): Fields[] => object['webhooks'] ?? [];

function rulesAfter(object: KubeObject, old: KubeObject): WebhookRules {
  const [now, before] = [webhooksOf(object), webhooksOf(old)];
  const names = before.map((hook) => hook['name'] ?? '');
  return {
    harmless: before.every((hook) => HARMLESS.includes(hook['sideEffects'])),
    knownReviewVersion: before.every((hook) => {
      const versions: string[] = hook['admissionReviewVersions'] ?? [];
      return versions.length === 0 || versions.some((version) => REVIEW_VERSIONS.includes(version));
    }),
    uniqueNames: new Set(names).size === names.length,
    lenientSelectors: before.some(
      (hook) =>
        labelSelectorHasInvalidValue(hook['namespaceSelector']) ||
        labelSelectorHasInvalidValue(hook['objectSelector']),
    ),
    conditions:
      now.length !== before.length ||
      before.some((hook, i) => !deepEqual(hook['matchConditions'], now[i]?.['matchConditions'])),
  };
}

function fullyQualifiedNameErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const faults = dns1123SubdomainFaults(name);
  if (faults.length) return [invalid(path, name, faults.join(','))];
  return name.split('.').length < 3
    ? [invalid(path, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function urlErrors(text: string, path: string): FieldError[] {
  const parsed = parseUrl(text, false);
  if ('problem' in parsed) return [required(path, `url must be a valid URL: ${parsed.problem}${FORM}`)];
  const { scheme, host, userinfo, fragment, rawQuery } = parsed.url;
  const errors: FieldError[] = [];
  if (scheme !== 'https') errors.push(invalid(path, scheme, `'https' is the only allowed URL scheme${FORM}`));
  if (host === '') errors.push(invalid(path, host, `host must be specified${FORM}`));
  if (userinfo !== '')
    errors.push(
      invalid(
        path,
        userinfo.slice(0, -1).replace(/:.*/s, ':***'),
        'user information is not permitted in the URL',
      ),
    );
  if (fragment !== '') errors.push(invalid(path, fragment, 'fragments are not permitted in the URL'));
  if (rawQuery !== '') errors.push(invalid(path, rawQuery, 'query parameters are not permitted in the URL'));
  return errors;
}

function servicePathErrors(text: string, path: string): FieldError[] {
  if (text === '/' || text === '') return [];
  if (text === '//') return [invalid(path, text, 'segment[0] may not be empty')];
  const errors = text.startsWith('/') ? [] : [invalid(path, text, "must start with a '/'")];
  const inner = text.slice(1);
  (inner.endsWith('/') ? inner.slice(0, -1) : inner).split('/').forEach((step, i) => {
    const faults =
      step === '' ? [' may not be empty'] : dns1123SubdomainFaults(step).map((fault) => `: ${fault}`);
    for (const fault of faults) errors.push(invalid(path, text, `segment[${i}]${fault}`));
  });
  return errors;
}

/** kube-apiserver takes name and namespace for each other here: which of the two fields is faulted is its mistake. */
function serviceErrors(service: Fields, path: string): FieldError[] {
  const port: number = service['port'] ?? 0;
  const faults = portNumberFaults(port);
  return [
    ...(service['namespace'] ? [] : [required(child(path, 'name'))]),
    ...(service['name'] ? [] : [required(child(path, 'namespace'))]),
    ...(faults.length ? [invalid(child(path, 'port'), port, `port is not valid: ${faults.join(', ')}`)] : []),
    ...servicePathErrors(service['path'] ?? '', child(path, 'path')),
  ];
}

export function clientErrors(client: Fields, path: string): FieldError[] {
  const { url, service } = client as { url?: string; service?: Fields };
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')];
  return service ? serviceErrors(service, child(path, 'service')) : urlErrors(url ?? '', child(path, 'url'));
}

function webhookErrors(
  hook: Fields,
  rules: WebhookRules,
  mutating: boolean,
  scope: ExpressionScope,
  path: string,
): FieldError[] {
  const at = (name: string) => child(path, name);
  const errors = fullyQualifiedNameErrors(hook['name'] ?? '', at('name'));
  ((hook['rules'] ?? []) as Fields[]).forEach((rule, i) => {
    errors.push(...ruleErrors(rule, index(at('rules'), i)));
  });
  errors.push(...optionalOneOf(hook['failurePolicy'], FAILURE_POLICIES, at('failurePolicy')));
  errors.push(...optionalOneOf(hook['matchPolicy'], MATCH_POLICIES, at('matchPolicy')));
  const effects = hook['sideEffects'];
  const allowed = rules.harmless ? HARMLESS : SIDE_EFFECTS;
  if (effects === undefined)
    errors.push(required(at('sideEffects'), `must specify one of ${allowed.join(', ')}`));
  else if (!allowed.includes(effects)) errors.push(notSupported(at('sideEffects'), effects, allowed));
  const timeout: number | undefined = hook['timeoutSeconds'];
  if (timeout !== undefined && (timeout > 30 || timeout < 1))
    errors.push(invalid(at('timeoutSeconds'), timeout, 'the timeout value must be between 1 and 30 seconds'));
  for (const name of ['namespaceSelector', 'objectSelector'])
    if (hook[name]) errors.push(...labelSelectorErrors(hook[name], at(name), rules.lenientSelectors));
  if (mutating)
    errors.push(
      ...optionalOneOf(hook['reinvocationPolicy'], REINVOCATION_POLICIES, at('reinvocationPolicy')),
    );
  errors.push(...clientErrors(hook['clientConfig'] ?? {}, at('clientConfig')));
  if (rules.conditions)
    errors.push(...matchConditionsErrors(hook['matchConditions'], scope, false, at('matchConditions')));
  return errors;
}

function reviewVersionsErrors(versions: readonly string[], known: boolean, path: string): FieldError[] {
  const names = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) return [required(path, `must specify one of ${names}`)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(index(path, i), version, 'duplicate version')]
      : dns1035LabelFaults(version).map((fault) => invalid(index(path, i), version, fault)),
  );
  if (known && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalid(path, versions, `must include at least one of ${names}`));
  return errors;
}

/** Faults of a webhook configuration; `old` at an update. */
export function webhookConfigurationErrors(
  object: KubeObject,
  old: KubeObject | undefined,
  mutating: boolean,
  scope: ExpressionScope = UNCHECKED,
): FieldError[] {
  const rules = old ? rulesAfter(object, old) : STRICT;
  const names = new Set<string>();
  return webhooksOf(object).flatMap((hook, i) => {
    const here = index('webhooks', i);
    const name: string = hook['name'] ?? '';
    const errors = [
      ...webhookErrors(hook, rules, mutating, scope, here),
      ...reviewVersionsErrors(
        hook['admissionReviewVersions'] ?? [],
        rules.knownReviewVersion,
        child(here, 'admissionReviewVersions'),
      ),
    ];
    if (rules.uniqueNames && names.has(name)) errors.push(duplicate(child(here, 'name'), name));
    if (name !== '') names.add(name);
    return errors;
  });
}
