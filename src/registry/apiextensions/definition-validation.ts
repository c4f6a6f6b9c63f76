import { deepEqual } from '../../meta/deep-equal.ts';
import { child, type FieldError, index, invalid, key, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { IMMUTABLE } from '../../meta/object-meta-validation.ts';
import { pruneDefaults } from '../custom-resources/default-values.ts';
import { structural, structuralFault } from '../custom-resources/structural.ts';
import { APPROVAL_ANNOTATION, approvalState, isProtectedGroup } from './api-approval.ts';
import { caBundleFault } from './ca-bundle.ts';
import { isConditionTrue } from './conditions.ts';
import { type InternalSpec, internalSpec, schemaHas, schemasOf } from './internal-spec.ts';
import { hasLooseMapKeys, hasNonAtomicSets } from './list-validation.ts';
import { OPENAPI_TYPES } from './openapi-validation.ts';
import { namesErrors, type SpecOptions, specErrors } from './spec-validation.ts';
import { structuralErrors } from './structural-validation.ts';
import { MAX_SELECTABLE_FIELDS } from './version-validation.ts';

/** Faults of CustomResourceDefinitions (pkg/apis/apiextensions/validation). Those of metadata are found elsewhere. */

const STRICT: SpecOptions = {
  openApiSchema: true,
  validTypes: true,
  structural: true,
  prunedDefaults: true,
  atomicSets: true,
  mapKeys: true,
  knownReviewVersion: true,
  anyBundle: true,
  unchangedSchemas: new Set(),
  manySelectable: new Set(),
};

export function createErrors(definition: KubeObject): FieldError[] {
  const spec = internalSpec(definition['spec'] ?? {});
  return [
    ...nameErrors(definition, spec),
    ...specErrors(spec, STRICT, 'spec'),
    ...statusErrors(definition),
    ...storedVersionsErrors(definition, spec),
    ...approvalErrors(definition, undefined),
    ...preserveErrors(spec, undefined),
  ];
}

function nameErrors({ metadata }: KubeObject, spec: InternalSpec): FieldError[] {
  const wanted = `${spec.names['plural'] ?? ''}.${spec.group}`;
  return (['generateName', 'name'] as const).flatMap((field) => {
    const name = metadata[field] ?? '';
    if (name === '' || name === wanted) return [];
    return [invalid(child('metadata', field), name, 'must be spec.names.plural+"."+spec.group')];
  });
}

export function updateErrors(definition: KubeObject, old: KubeObject): FieldError[] {
  const spec = internalSpec(definition['spec'] ?? {});
  const before = internalSpec(old['spec'] ?? {});
  const errors = specErrors(spec, optionsAfter(old, spec, before), 'spec');
  const immutable = (value: unknown, was: unknown, path: string): void => {
    if (value !== was) errors.push(invalid(path, value ?? '', IMMUTABLE));
  };
  if (isConditionTrue(old, 'Established')) {
    immutable(spec.scope, before.scope, 'spec.scope');
    immutable(spec.names['kind'], before.names['kind'], 'spec.names.kind');
  }
  immutable(spec.group, before.group, 'spec.group');
  immutable(spec.names['plural'], before.names['plural'], 'spec.names.plural');
  errors.push(
    ...statusErrors(definition),
    ...storedVersionsErrors(definition, spec),
    ...approvalErrors(definition, old),
    ...preserveErrors(spec, before),
  );
  return errors;
}

/** Faults of the status, at an update of it. */
export const statusErrors = (definition: KubeObject): FieldError[] =>
  namesErrors(definition['status']?.acceptedNames ?? {}, 'status.acceptedNames');

/** What was wrong before the rule was made may stay wrong. */
function optionsAfter(old: KubeObject, spec: InternalSpec, before: InternalSpec): SpecOptions {
  const schemas = schemasOf(before);
  const was = (odd: (schema: Fields) => boolean): boolean => schemas.some(odd);
  const reviewVersions = before.conversion?.reviewVersions ?? [];
  const bundle: string = before.conversion?.clientConfig?.['caBundle'] ?? '';
  return {
    openApiSchema:
      Boolean(before.validation?.['openAPIV3Schema']) ||
      before.versions.every((one) => one.schema?.['openAPIV3Schema']),
    validTypes: !was((schema) => schemaHas(schema, hasUnknownType)),
    structural: !was(isUnstructured),
    prunedDefaults: !was(hasUnprunedDefaults),
    atomicSets: !was(hasNonAtomicSets),
    mapKeys: !was(hasLooseMapKeys),
    knownReviewVersion:
      reviewVersions.length === 0 ||
      reviewVersions.some((version) => version === 'v1' || version === 'v1beta1'),
    anyBundle: !isConditionTrue(old, 'Established') || (bundle !== '' && caBundleFault(bundle) !== undefined),
    unchangedSchemas: unchangedSchemas(spec, before),
    manySelectable: manySelectable(spec, before),
  };
}

const hasUnknownType = (node: Fields): boolean =>
  Boolean(node['type']) && !OPENAPI_TYPES.includes(node['type']);

const isUnstructured = (schema: Fields): boolean =>
  structuralFault(schema) !== undefined || structuralErrors(schema, '').length > 0;

const hasUnprunedDefaults = (schema: Fields): boolean =>
  !isUnstructured(schema) && pruneDefaults(structural(schema));

const schemaOf = (spec: InternalSpec, name: string): unknown =>
  spec.validation ?? spec.versions.find((version) => version.name === name)?.schema;

function unchangedSchemas(spec: InternalSpec, before: InternalSpec): Set<string> {
  const known = before.versions.map(({ name }) => name);
  const same = spec.versions.filter(
    ({ name }) => known.includes(name) && deepEqual(schemaOf(spec, name), schemaOf(before, name)),
  );
  return new Set(same.map(({ name }) => name));
}

function manySelectable(spec: InternalSpec, before: InternalSpec): Set<string> {
  const names = new Set<string>();
  const note = (name: string, fields: readonly Fields[], was: readonly Fields[] | undefined): void => {
    if (was && was.length > MAX_SELECTABLE_FIELDS && deepEqual(fields, was)) names.add(name);
  };
  note('', spec.selectableFields, before.selectableFields);
  for (const { name, selectableFields } of spec.versions)
    note(name, selectableFields, before.versions.find((version) => version.name === name)?.selectableFields);
  return names;
}

function storedVersionsErrors(definition: KubeObject, { versions }: InternalSpec): FieldError[] {
  const path = 'status.storedVersions';
  const stored: string[] = definition['status']?.storedVersions ?? [];
  if (stored.length === 0) return [invalid(path, null, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  for (const { name, storage } of versions)
    if (storage && !stored.includes(name))
      errors.push(invalid(path, stored, `must have the storage version ${name}`));
  for (const [i, name] of stored.entries()) {
    if (stored.lastIndexOf(name) > i || versions.some((version) => version.name === name)) continue;
    errors.push(
      invalid(
        index(path, i),
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    );
  }
  return errors;
}

function approvalErrors(definition: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (!isProtectedGroup(definition['spec']?.group ?? '')) return [];
  const { annotations } = definition.metadata;
  const { state, reason } = approvalState(annotations);
  if (old && approvalState(old.metadata.annotations).state === state) return [];
  const path = key(child('metadata', 'annotations'), APPROVAL_ANNOTATION);
  if (state === 'missing') return [required(path, reason)];
  return state === 'invalid' ? [invalid(path, annotations?.[APPROVAL_ANNOTATION] ?? '', reason)] : [];
}

function preserveErrors(spec: InternalSpec, before: InternalSpec | undefined): FieldError[] {
  if (before?.preserveUnknownFields || !spec.preserveUnknownFields) return [];
  return [
    invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ),
  ];
}
