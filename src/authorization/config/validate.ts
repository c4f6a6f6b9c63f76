import { isAbsolute } from 'node:path';
import { formatDuration } from '../../meta/duration.ts';
import {
  aggregateText,
  child,
  duplicate,
  errorText,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../meta/field-error.ts';
import { dns1123SubdomainFaults } from '../../meta/names.ts';
import type { Files } from '../../webhook/files.ts';
import { compileMatchCondition } from '../webhook/match-conditions.ts';
import { AUTHORIZER_TYPES, type AuthorizationConfiguration, type WebhookConfiguration } from './types.ts';

const MAX_TIMEOUT_MS = 30_000;
const MAX_CONDITIONS = 64;

/**
 * Throws an Error with all that is wrong with a configuration, in kube-apiserver's words. `requiredTypes` are those the
 * server was started with, which a new configuration may not drop.
 */
export function checkAuthorizationConfiguration(
  config: AuthorizationConfiguration,
  files: Files,
  requiredTypes: ReadonlySet<string>,
): void {
  const errors = validate(config, files);
  if (errors.length) throw new Error(aggregateText(errors.map(errorText)));
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const { type, name } of config.authorizers) {
    if (type === 'Webhook') continue;
    seen.add(type);
    const expected = type.toLowerCase();
    if (name !== expected) faults.push(`expected name ${expected} for authorizer ${type} instead of ${name}`);
  }
  const missing = [...requiredTypes].filter((type) => !seen.has(type)).sort();
  if (missing.length) faults.push(`missing required types: [${missing.join(' ')}]`);
  if (faults.length) throw new Error(aggregateText(faults));
}

/** apiserver pkg/apis/apiserver/validation, ValidateAuthorizationConfiguration. */
function validate(config: AuthorizationConfiguration, files: Files): FieldError[] {
  const errors: FieldError[] = [];
  if (config.authorizers.length === 0)
    errors.push(required('authorizers', 'at least one authorization mode must be defined'));
  const types = new Set<string>();
  const names = new Set<string>();
  config.authorizers.forEach(({ type, name, webhook }, i) => {
    const path = index('authorizers', i);
    const refused = validateType(type, child(path, 'type'), types);
    if (refused) {
      errors.push(refused);
      return;
    }
    types.add(type);
    errors.push(...validateName(name, child(path, 'name'), names));
    names.add(name);
    if (type !== 'Webhook') {
      if (webhook)
        errors.push(invalid(child(path, 'webhook'), 'non-null', 'may only be specified when type=Webhook'));
    } else if (webhook) errors.push(...validateWebhook(webhook, path, files));
    else errors.push(required(child(path, 'webhook'), 'required when type=Webhook'));
  });
  return errors;
}

function validateType(type: string, path: string, seen: ReadonlySet<string>): FieldError | undefined {
  if (type === '') return required(path);
  if (!(AUTHORIZER_TYPES as readonly string[]).includes(type))
    return notSupported(path, type, AUTHORIZER_TYPES);
  return seen.has(type) && type !== 'Webhook' ? duplicate(path, type) : undefined;
}

function validateName(name: string, path: string, seen: ReadonlySet<string>): FieldError[] {
  if (name === '') return [required(path)];
  if (seen.has(name)) return [duplicate(path, name)];
  const faults = dns1123SubdomainFaults(name);
  return faults.length ? [invalid(path, name, `authorizer name is invalid: ${faults.join(', ')}`)] : [];
}

/** The fields of a webhook stand in messages as if they were the authorizer's own. */
function validateWebhook(webhook: WebhookConfiguration, path: string, files: Files): FieldError[] {
  const errors: FieldError[] = [];
  const { timeoutMs, authorizedTtlMs, unauthorizedTtlMs } = webhook;
  if (timeoutMs === 0) errors.push(required(child(path, 'timeout')));
  else if (timeoutMs > MAX_TIMEOUT_MS || timeoutMs < 0)
    errors.push(invalid(child(path, 'timeout'), durationText(timeoutMs), 'must be > 0s and <= 30s'));
  const ttls: [string, number][] = [
    ['authorizedTTL', authorizedTtlMs],
    ['unauthorizedTTL', unauthorizedTtlMs],
  ];
  for (const [name, ms] of ttls)
    if (ms < 0) errors.push(invalid(child(path, name), durationText(ms), 'must be > 0s'));
  errors.push(
    ...oneOf(webhook.subjectAccessReviewVersion, child(path, 'subjectAccessReviewVersion'), [
      'v1',
      'v1beta1',
    ]),
    ...validateConditionVersion(webhook, child(path, 'matchConditionSubjectAccessReviewVersion')),
    ...oneOf(webhook.failurePolicy, child(path, 'failurePolicy'), ['NoOpinion', 'Deny']),
    ...validateConnection(webhook.connectionInfo, child(path, 'connectionInfo'), files),
    ...validateConditions(webhook.matchConditions, child(path, 'matchConditions')),
  );
  return errors;
}

function oneOf(value: string, path: string, supported: readonly string[]): FieldError[] {
  if (value === '') return [required(path)];
  return supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

function validateConditionVersion(webhook: WebhookConfiguration, path: string): FieldError[] {
  const version = webhook.matchConditionSubjectAccessReviewVersion;
  if (version !== '') return oneOf(version, path, ['v1']);
  return webhook.matchConditions.length ? [required(path, 'required if match conditions are specified')] : [];
}

function validateConnection(
  info: WebhookConfiguration['connectionInfo'],
  path: string,
  files: Files,
): FieldError[] {
  const { type, kubeConfigFile } = info;
  const filePath = child(path, 'kubeConfigFile');
  switch (type) {
    case '':
      return [required(child(path, 'type'))];
    case 'InClusterConfig':
      return kubeConfigFile === undefined
        ? []
        : [invalid(filePath, kubeConfigFile, 'can only be set when type=KubeConfigFile')];
    case 'KubeConfigFile':
      return validateFile(kubeConfigFile ?? '', filePath, files);
    default: {
      // The internal type's fields bear no JSON names, so Go shows them as they are.
      const shown = { Type: type, KubeConfigFile: kubeConfigFile ?? null };
      return [notSupported(child(path, 'type'), shown, ['InClusterConfig', 'KubeConfigFile'])];
    }
  }
}

function validateFile(file: string, path: string, files: Files): FieldError[] {
  if (file === '') return [required(path)];
  if (!isAbsolute(file)) return [invalid(path, file, 'must be an absolute path')];
  try {
    return files.stat(file).isFile ? [] : [invalid(path, file, 'must be a regular file')];
  } catch (error) {
    return [invalid(path, file, `error loading file: ${(error as Error).message}`)];
  }
}

function validateConditions(conditions: WebhookConfiguration['matchConditions'], path: string): FieldError[] {
  if (conditions.length > MAX_CONDITIONS) return [tooMany(path, conditions.length, MAX_CONDITIONS)];
  const seen = new Set<string>();
  return conditions.flatMap(({ expression }, i): FieldError[] => {
    const at = child(index(path, i), 'expression');
    if (expression.trim() === '') return [required(at)];
    if (seen.has(expression)) return [duplicate(at, expression)];
    seen.add(expression);
    const compiled = compileMatchCondition(expression);
    return 'error' in compiled ? [invalid(at, expression, compiled.error)] : [];
  });
}

const durationText = (ms: number): string => formatDuration(BigInt(Math.round(ms * 1e6)));
