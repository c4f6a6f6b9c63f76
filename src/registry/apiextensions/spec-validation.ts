import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';
import { clientErrors } from '../admissionregistration/webhook-validation.ts';
import { caBundleFault } from './ca-bundle.ts';
import { shownVersions } from './internal-json.ts';
import { type InternalSpec, schemaHas, schemasOf } from './internal-spec.ts';
import { type SchemaOptions, validationErrors } from './schema-validation.ts';
import { columnsErrors, selectableErrors, subresourcesErrors, versionErrors } from './version-validation.ts';

/** Faults of a definition's spec (pkg/apis/apiextensions/validation, validateCustomResourceDefinitionSpec). */

const SCOPES = ['Cluster', 'Namespaced'];
const STRATEGIES = ['None', 'Webhook'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export interface SpecOptions extends Omit<SchemaOptions, 'lenientCosts'> {
  openApiSchema: boolean;
  knownReviewVersion: boolean;
  /** The bundle may be none: nothing is served yet, or it was none before. */
  anyBundle: boolean;
  unchangedSchemas: ReadonlySet<string>;
  /** Versions that may have as many selectable fields as they have; empty: what all versions have. */
  manySelectable: ReadonlySet<string>;
}

const EXTENSIONS = ['x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string'];

function hasExtensions(schema: Fields): boolean {
  return schemaHas(
    schema,
    (node) =>
      EXTENSIONS.some((name) => node[name] === true) ||
      (node['x-kubernetes-preserve-unknown-fields'] ?? undefined) !== undefined ||
      (node['x-kubernetes-list-type'] ?? undefined) !== undefined ||
      (node['x-kubernetes-list-map-keys'] ?? []).length > 0 ||
      (node['x-kubernetes-validations'] ?? []).length > 0,
  );
}

const hasDefaults = (schema: Fields): boolean =>
  schemaHas(schema, (node) => (node['default'] ?? undefined) !== undefined);

const hasStatus = (subresources: Fields | undefined): boolean =>
  (subresources?.['status'] ?? undefined) !== undefined;

export function specErrors(spec: InternalSpec, given: SpecOptions, path: string): FieldError[] {
  const at = (name: string): string => child(path, name);
  const schemas = schemasOf(spec);
  const withDefaults = schemas.some(hasDefaults);
  const options: SpecOptions = {
    ...given,
    structural:
      given.structural || !spec.preserveUnknownFields || withDefaults || schemas.some(hasExtensions),
  };
  const errors = groupErrors(spec.group, at('group'));
  errors.push(...oneOf(spec.scope, SCOPES, at('scope')), ...missingSchemas(spec, options, at('versions')));
  if (withDefaults && spec.preserveUnknownFields)
    errors.push(
      invalid(at('preserveUnknownFields'), true, 'must be false in order to use defaults in the schema'),
    );
  errors.push(...allVersionsErrors(spec, options, path));
  for (const name of ['plural', 'singular', 'kind', 'listKind'])
    if (!spec.names[name]) errors.push(required(child(at('names'), name)));
  errors.push(...namesErrors(spec.names, at('names')));
  const anyStatus =
    hasStatus(spec.subresources) || spec.versions.some((version) => hasStatus(version.subresources));
  const schemaOptions = { ...options, lenientCosts: options.unchangedSchemas.has(spec.version) };
  errors.push(...validationErrors(spec.validation, anyStatus, schemaOptions, at('validation')));
  errors.push(...subresourcesErrors(spec.subresources, at('subresources')));
  errors.push(...columnsErrors(spec.columns, at('additionalPrinterColumns')));
  errors.push(
    ...commonSelectableErrors(spec, options, path),
    ...conversionErrors(spec, options, at('conversion')),
  );
  return errors;
}

function groupErrors(group: string, path: string): FieldError[] {
  if (group === '') return [required(path)];
  const faults = dns1123SubdomainFaults(group);
  if (faults.length) return [invalid(path, group, faults.join(','))];
  return group.includes('.') ? [] : [invalid(path, group, 'should be a domain with at least one dot')];
}

function oneOf(value: string, allowed: readonly string[], path: string): FieldError[] {
  if (value === '') return [required(path)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

function missingSchemas(spec: InternalSpec, options: SpecOptions, path: string): FieldError[] {
  if (spec.validation?.['openAPIV3Schema']) return [];
  if (!options.openApiSchema && spec.preserveUnknownFields) return [];
  return spec.versions.flatMap((version, i) => {
    if (version.schema?.['openAPIV3Schema']) return [];
    const at = child(child(index(path, i), 'schema'), 'openAPIV3Schema');
    if (options.openApiSchema) return [required(at)];
    return version.served ? [required(at, 'because otherwise all fields are pruned')] : [];
  });
}

function allVersionsErrors(spec: InternalSpec, options: SpecOptions, path: string): FieldError[] {
  const { versions } = spec;
  const at = (name: string): string => child(path, name);
  const errors: FieldError[] = [];
  const perVersion = versions.some((version) => version.subresources);
  for (const [i, version] of versions.entries()) {
    const faults = dns1035LabelFaults(version.name);
    const where = index(at('versions'), i);
    if (faults.length) errors.push(invalid(child(where, 'name'), version.name, faults.join(',')));
    const first = versions.find((other) => other.name === version.name)!;
    const status = hasStatus(perVersion ? first.subresources : spec.subresources);
    const schemaOptions = { ...options, lenientCosts: options.unchangedSchemas.has(version.name) };
    errors.push(
      ...versionErrors(version, status, schemaOptions, options.manySelectable.has(version.name), where),
    );
  }
  const identical = (field: 'schema' | 'subresources'): boolean =>
    versions.length > 0 && versions.every((one) => one[field] && deepEqual(one[field], versions[0]![field]));
  // Where all versions have the same, that stands above them: none of these can be, but for there being one version twice.
  for (const [field, words] of [
    [
      'schema',
      'per-version schemas may not all be set to identical values (top-level validation should be used instead)',
    ],
    [
      'subresources',
      'per-version subresources may not all be set to identical values (top-level subresources should be used instead)',
    ],
  ] as const)
    if (identical(field))
      errors.push(invalid(at('versions'), shownVersions(spec.hasVersions ? versions : undefined), words));
  if (new Set(versions.map((version) => version.name)).size < versions.length)
    errors.push(
      invalid(
        at('versions'),
        shownVersions(spec.hasVersions ? versions : undefined),
        'must contain unique version names',
      ),
    );
  if (versions.filter((version) => version.storage).length !== 1)
    errors.push(
      invalid(
        at('versions'),
        shownVersions(spec.hasVersions ? versions : undefined),
        'must have exactly one version marked as storage version',
      ),
    );
  if (spec.version !== '') {
    const faults = dns1035LabelFaults(spec.version);
    if (faults.length) errors.push(invalid(at('version'), spec.version, faults.join(',')));
  }
  return errors;
}

/** Faults of spec.names and of status.acceptedNames. */
export function namesErrors(names: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  for (const name of ['plural', 'singular', 'kind', 'listKind']) {
    const value: string = names[name] ?? '';
    if (value === '') continue;
    const mixed = name === 'kind' || name === 'listKind';
    const faults = dns1035LabelFaults(mixed ? value.toLowerCase() : value);
    if (faults.length === 0) continue;
    const words = mixed ? 'may have mixed case, but should otherwise match: ' : '';
    errors.push(invalid(at(name), value, `${words}${faults.join(',')}`));
  }
  const each = (name: 'shortNames' | 'categories'): void => {
    for (const [i, value] of ((names[name] ?? []) as string[]).entries()) {
      const faults = dns1035LabelFaults(value);
      if (faults.length) errors.push(invalid(index(at(name), i), value, faults.join(',')));
    }
  };
  each('shortNames');
  if (names['kind'] && names['kind'] === names['listKind'])
    errors.push(invalid(at('listKind'), names['listKind'], 'kind and listKind may not be the same'));
  each('categories');
  return errors;
}

function commonSelectableErrors(spec: InternalSpec, options: SpecOptions, path: string): FieldError[] {
  if (spec.selectableFields.length === 0) return [];
  const schema: Fields | undefined = spec.validation?.['openAPIV3Schema'];
  if (!schema)
    return [
      invalid(child(path, 'selectableFields'), '', 'may only be set when validations.schema is included'),
    ];
  return selectableErrors(spec.selectableFields, schema, path, options.manySelectable.has(''));
}

function conversionErrors(spec: InternalSpec, options: SpecOptions, path: string): FieldError[] {
  const { conversion } = spec;
  if (!conversion) return [];
  const { strategy, clientConfig, reviewVersions } = conversion;
  const at = (name: string): string => child(path, name);
  const errors: FieldError[] = [];
  if (strategy !== 'None' && spec.preserveUnknownFields)
    errors.push(invalid(at('strategy'), strategy, 'must be None if spec.preserveUnknownFields is true'));
  errors.push(...oneOf(strategy, STRATEGIES, at('strategy')));
  if (strategy !== 'Webhook') {
    const words = 'should not be set when strategy is not set to Webhook';
    if (clientConfig) errors.push(forbidden(at('webhookClientConfig'), words));
    if (reviewVersions.length) errors.push(forbidden(at('conversionReviewVersions'), words));
    return errors;
  }
  const client = at('webhookClientConfig');
  if (!clientConfig) errors.push(required(client, 'required when strategy is set to Webhook'));
  else {
    errors.push(...clientErrors(clientConfig, client));
    const bundle: string = clientConfig['caBundle'] ?? '';
    const fault = options.anyBundle ? undefined : caBundleFault(bundle);
    if (fault !== undefined) errors.push(invalid(child(client, 'caBundle'), bundle, fault));
  }
  errors.push(
    ...reviewVersionErrors(reviewVersions, options.knownReviewVersion, at('conversionReviewVersions')),
  );
  return errors;
}

function reviewVersionErrors(versions: readonly string[], known: boolean, path: string): FieldError[] {
  if (versions.length === 0) return [required(path)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(index(path, i), version, 'duplicate version')]
      : dns1035LabelFaults(version).map((fault) => invalid(index(path, i), version, fault)),
  );
  if (known && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  return errors;
}
