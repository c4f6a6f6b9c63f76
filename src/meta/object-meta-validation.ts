import { child, type FieldError, forbidden, invalid, required, tooLong } from './field-error.ts';
import { quote } from './go-quote.ts';
import { labelsErrors } from './label-selector.ts';
import { dns1123LabelFaults, nameIsDnsSubdomain, pathSegmentFaults, qualifiedNameFaults } from './names.ts';
import { type ObjectMeta, type OwnerReference, parseGroupVersion } from './object.ts';

/** Faults of metadata (apimachinery pkg/api/validation/objectmeta.go). */

const MAX_ANNOTATION_BYTES = 256 * 1024;
export const IMMUTABLE = 'field is immutable';

/** Faults of a name; `prefix` where it is a generateName. */
export type NameRule = (name: string, prefix: boolean) => string[];

export function validateObjectMeta(
  meta: ObjectMeta,
  namespaced: boolean,
  nameRule: NameRule = nameIsDnsSubdomain,
  path = 'metadata',
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const fault of nameRule(meta.generateName, true))
      errors.push(invalid(child(path, 'generateName'), meta.generateName, fault));
  }
  if (!meta.name) errors.push(required(child(path, 'name'), 'name or generateName is required'));
  else
    for (const fault of nameRule(meta.name, false))
      errors.push(invalid(child(path, 'name'), meta.name, fault));
  if (!namespaced) {
    if (meta.namespace) errors.push(forbidden(child(path, 'namespace'), 'not allowed on this type'));
  } else if (!meta.namespace) errors.push(required(child(path, 'namespace')));
  else
    for (const fault of dns1123LabelFaults(meta.namespace))
      errors.push(invalid(child(path, 'namespace'), meta.namespace, fault));
  if ((meta.generation ?? 0) < 0) {
    errors.push(invalid(child(path, 'generation'), meta.generation, 'must be greater than or equal to 0'));
  }
  const { labels, annotations, ownerReferences, finalizers } = meta;
  if (labels) errors.push(...labelsErrors(labels, child(path, 'labels')));
  if (annotations) errors.push(...annotationsErrors(annotations, child(path, 'annotations')));
  if (ownerReferences) errors.push(...ownerReferencesErrors(ownerReferences, child(path, 'ownerReferences')));
  if (finalizers) errors.push(...finalizersErrors(finalizers, child(path, 'finalizers')));
  return errors;
}

/** Metadata whose name only has to be a path segment: what the generic store asks of every update. */
export const validateAnyObjectMeta = (meta: ObjectMeta, namespaced: boolean): FieldError[] =>
  validateObjectMeta(meta, namespaced, pathSegmentFaults);

export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const before = new Set(old.finalizers);
    const extra = [...new Set(meta.finalizers)].filter((f) => !before.has(f)).sort();
    if (extra.length) {
      const shown = `[]string{${extra.map(quote).join(', ')}}`;
      errors.push(
        forbidden(
          child(path, 'finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`,
        ),
      );
    }
  }
  if (!meta.resourceVersion)
    errors.push(invalid(child(path, 'resourceVersion'), '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid(child(path, 'generation'), meta.generation ?? 0, 'must not be decremented'));
  }
  const fixed = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  for (const field of fixed) {
    if ((meta[field] ?? null) !== (old[field] ?? null))
      errors.push(invalid(child(path, field), meta[field] ?? null, IMMUTABLE));
  }
  return [
    ...errors,
    ...labelsErrors(meta.labels, child(path, 'labels')),
    ...annotationsErrors(meta.annotations, child(path, 'annotations')),
    ...ownerReferencesErrors(meta.ownerReferences, child(path, 'ownerReferences')),
  ];
}

export { labelsErrors };

export function annotationsErrors(
  annotations: Record<string, string> | undefined | null,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [name, value] of Object.entries(annotations ?? {})) {
    for (const fault of qualifiedNameFaults(name.toLowerCase())) errors.push(invalid(path, name, fault));
    size += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATION_BYTES) errors.push(tooLong(path, MAX_ANNOTATION_BYTES));
  return errors;
}

export function ownerReferencesErrors(
  references: readonly OwnerReference[] | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  for (const reference of references ?? []) {
    const gv = parseGroupVersion(reference.apiVersion ?? '');
    if (!gv?.version)
      errors.push(
        invalid(child(path, 'apiVersion'), reference.apiVersion ?? '', 'version must not be empty'),
      );
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!reference[field])
        errors.push(invalid(child(path, field), reference[field] ?? '', 'must not be empty'));
    }
    if (gv?.group === '' && gv.version === 'v1' && reference.kind === 'Event') {
      errors.push(invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller === '') controller = name;
    else {
      errors.push(
        invalid(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      );
    }
  }
  return errors;
}

export function finalizersErrors(finalizers: readonly string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of finalizers ?? [])
    for (const fault of qualifiedNameFaults(name)) errors.push(invalid(path, name, fault));
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return errors;
}

const STANDARD_FINALIZERS: readonly string[] = ['kubernetes', 'orphan', 'foregroundDeletion'];
/** Groups whose kinds do without the rule that finalizers of old must be known ones. */
const OTHER_FINALIZERS: readonly string[] = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
];

/**
 * What kinds in the server's own tree ask of finalizers beside `finalizersErrors`: without a slash they must be ones
 * that Kubernetes knows (pkg/apis/core/validation, ValidateObjectMeta and ValidateObjectMetaUpdate). `group` is the
 * kind's; custom resources are not asked.
 */
export function standardFinalizersErrors(
  finalizers: readonly string[] | undefined | null,
  group: string,
  path = 'metadata.finalizers',
): FieldError[] {
  if (OTHER_FINALIZERS.includes(group)) return [];
  const unknown = 'name is neither a standard finalizer name nor is it fully qualified';
  return (finalizers ?? []).flatMap((name, i) =>
    name.includes('/') || STANDARD_FINALIZERS.includes(name) ? [] : [invalid(`${path}[${i}]`, name, unknown)],
  );
}
