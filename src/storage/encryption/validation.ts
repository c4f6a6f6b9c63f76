import { parseDuration } from '../../meta/duration.ts';
import { child, type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import type {
  EncryptionConfiguration,
  Key,
  KmsConfiguration,
  ProviderConfiguration,
} from './configuration.ts';

const aesKeySizes = [16, 24, 32];
const secretboxKeySizes = [32];

/** `secrets`, or `deployments.apps` (schema.ParseGroupResource). */
export function parseGroupResource(text: string): { group: string; resource: string } {
  const dot = text.indexOf('.');
  return dot < 0
    ? { group: '', resource: text }
    : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

/**
 * What is wrong with a configuration (apiserver pkg/apis/apiserver/validation/validation_encryption.go). `reload`: the file
 * is followed, so that names of key services must be unique.
 */
export function validateEncryptionConfiguration(
  config: EncryptionConfiguration,
  reload: boolean,
): FieldError[] {
  const root = 'resources';
  if (config.resources.length === 0) return [required(root, `at least one ${root} is required`)];
  const errors: FieldError[] = [];
  const kmsNames = new Set<string>();
  for (const [i, { resources, providers }] of config.resources.entries()) {
    const r = child(index(root, i), 'resources');
    const p = child(index(root, i), 'providers');
    if (resources.length === 0) errors.push(required(r, `at least one ${r} is required`));
    errors.push(...validateOverlap(resources, r));
    for (const [j, name] of resources.entries()) errors.push(...validateName(name, index(r, j)));
    if (providers.length === 0) errors.push(required(p, `at least one ${p} is required`));
    for (const [j, provider] of providers.entries()) {
      const path = index(p, j);
      errors.push(...validateProvider(provider, path));
      if (provider.kms) {
        errors.push(...validateKms(provider.kms, child(path, 'kms'), kmsNames, reload));
        kmsNames.add(provider.kms.name);
      } else if (provider.aesgcm) {
        errors.push(...validateKeys(provider.aesgcm.keys, child(path, 'aesgcm.keys'), aesKeySizes));
      } else if (provider.aescbc) {
        errors.push(...validateKeys(provider.aescbc.keys, child(path, 'aescbc.keys'), aesKeySizes));
      } else if (provider.secretbox) {
        errors.push(
          ...validateKeys(provider.secretbox.keys, child(path, 'secretbox.keys'), secretboxKeySizes),
        );
      }
    }
  }
  return errors;
}

function validateOverlap(resources: readonly string[], path: string): FieldError[] {
  const parsed = resources.map(parseGroupResource);
  let overlap = false;
  let duplicate = false;
  for (const [i, one] of parsed.entries()) {
    for (const [j, other] of parsed.entries()) {
      if (i === j) continue;
      const same = one.group === other.group && one.resource === other.resource;
      if (same && !duplicate) {
        duplicate = true;
        continue;
      }
      const all = one.group === '*' && one.resource === '*';
      const masked = one.group === other.group && (one.resource === '*' || other.resource === '*');
      overlap ||= all || masked;
    }
  }
  const errors: FieldError[] = [];
  if (duplicate)
    errors.push(invalid(path, resources, 'the same resource cannot be specified multiple times'));
  if (overlap) {
    const detail =
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    errors.push(invalid(path, resources, detail));
  }
  return errors;
}

const withoutApi = new Set(['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']);

function validateName(name: string, path: string): FieldError[] {
  const { group, resource } = parseGroupResource(name);
  const fault = (detail: string): FieldError[] => [invalid(path, name, detail)];
  if (name.toLowerCase() !== name) return fault('resource name should not contain capital letters');
  if (name === '*') {
    return fault("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  }
  if (withoutApi.has(name)) return fault('resources which do not have REST API/s cannot be encrypted');
  if (group === 'events.k8s.io') {
    return fault(
      "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    );
  }
  if (group === 'extensions') {
    return fault("'extensions' group has been removed and cannot be used for encryption");
  }
  if (group === '*' && resource !== '*')
    return fault('encrypting the same resource across groups is not supported');
  return [];
}

function validateProvider(provider: ProviderConfiguration, path: string): FieldError[] {
  const found = Object.keys(provider).length;
  if (found === 1) return [];
  // Never with what it holds: that would be keys.
  const shown = Object.keys(provider);
  return [
    invalid(
      path,
      shown,
      found === 0
        ? 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
        : 'more than one provider specified in a single element, should split into different list elements',
    ),
  ];
}

function validateKeys(keys: readonly Key[], path: string, sizes: readonly number[]): FieldError[] {
  if (keys.length === 0) return [required(path, 'at least one keys is required')];
  return keys.flatMap((key, i) => {
    const errors: FieldError[] = [];
    const secretPath = child(index(path, i), 'secret');
    if (key.name === '')
      errors.push(required(child(index(path, i), 'name'), 'name is a mandatory field for a key'));
    if (key.secret === '') return [...errors, required(secretPath, 'secret is a mandatory field for a key')];
    const secret = decodeBase64(key.secret);
    if (!secret) return [...errors, invalid(secretPath, 'REDACTED', 'secrets must be base64 encoded')];
    if (!sizes.includes(secret.length)) {
      const detail = `secret is not of the expected length, got ${secret.length}, expected one of [${sizes.join(' ')}]`;
      errors.push(invalid(secretPath, 'REDACTED', detail));
    }
    return errors;
  });
}

/** Standard base64 with padding, line breaks passed over, as Go's StdEncoding takes it; undefined for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, 'base64');
}

function validateKms(
  kms: KmsConfiguration,
  path: string,
  names: ReadonlySet<string>,
  reload: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion, name, endpoint, timeout, cachesize } = kms;
  const namePath = child(path, 'name');
  if (name === '') errors.push(required(namePath, 'name is a mandatory field for a provider'));
  if (apiVersion !== 'v1' && name.includes(':')) {
    errors.push(invalid(namePath, name, `invalid KMS provider name ${name}, must not contain ':'`));
  }
  if ((reload || apiVersion !== 'v1') && names.has(name)) {
    errors.push(invalid(namePath, name, `duplicate KMS provider name ${name}, names must be unique`));
  }
  const parsed = parseDuration(timeout);
  if (typeof parsed !== 'bigint' || parsed <= 0n) {
    errors.push(invalid(child(path, 'timeout'), timeout, 'timeout should be a positive value'));
  }
  errors.push(...validateEndpoint(endpoint, child(path, 'endpoint')));
  if (apiVersion !== 'v1' && cachesize !== undefined) {
    errors.push(invalid(child(path, 'cachesize'), cachesize, 'cachesize is not supported in v2'));
  }
  if (apiVersion === 'v1' && cachesize === 0) {
    const detail = 'cachesize should be a positive value, or negative to disable';
    errors.push(invalid(child(path, 'cachesize'), cachesize, detail));
  }
  if (apiVersion !== 'v1' && apiVersion !== 'v2') {
    const detail = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported';
    errors.push(invalid(child(path, 'apiVersion'), apiVersion, detail));
  }
  return errors;
}

function validateEndpoint(endpoint: string, path: string): FieldError[] {
  if (endpoint === '') return [invalid(path, '', 'endpoint is a mandatory field for a kms')];
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  if (scheme === 'unix') return [];
  return [
    invalid(path, endpoint, `unsupported scheme ${quote(scheme)} for KMS provider, only unix is supported`),
  ];
}
