import { type FieldError, index, invalid } from '../../meta/field-error.ts';
import { nameIsDnsLabel, qualifiedNameFaults } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Strategy, UpdateStrategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

export const NAME_LABEL = 'kubernetes.io/metadata.name';
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function finalizerFaults(name: string, path: string): FieldError[] {
  const errors = qualifiedNameFaults(name).map((fault) => invalid(path, name, fault));
  if (!name.includes('/') && !STANDARD_FINALIZERS.has(name))
    errors.push(invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified'));
  return errors;
}

const finalizersOf = (object: KubeObject): string[] => object['spec']?.finalizers ?? [];

function setFinalizers(object: KubeObject, finalizers: readonly string[]): void {
  object['spec'] = { ...object['spec'] };
  if (finalizers.length) object['spec'].finalizers = [...finalizers];
  else delete object['spec'].finalizers;
}

function validate(object: KubeObject): FieldError[] {
  return finalizersOf(object).flatMap((name) => finalizerFaults(name, 'spec.finalizers'));
}

/**
 * The strategy of `PUT namespaces/NAME/finalize`: only here are spec.finalizers taken from the client. Once none are left,
 * and metadata.finalizers neither, a namespace that is being deleted goes (pkg/registry/core/namespace/storage).
 */
const finalize: UpdateStrategy = {
  prepareForUpdate(object, old) {
    setFinalizers(object, finalizersOf(object));
    object['status'] = old['status'];
  },
  validateUpdate(object) {
    return finalizersOf(object).flatMap((name, i) => finalizerFaults(name, index('spec.finalizers', i)));
  },
};

/** pkg/registry/core/namespace/strategy.go; the label is kept by defaulting, whatever a client writes. */
export const namespaces: Strategy = {
  defaults(object) {
    const name = object.metadata.name;
    if (name) {
      object.metadata.labels ??= {};
      object.metadata.labels[NAME_LABEL] = name;
    }
    object['status'] ??= {};
    if (!object['status'].phase) object['status'].phase = 'Active';
  },
  prepareForCreate(object) {
    if (object.metadata.name) {
      object.metadata.labels ??= {};
      object.metadata.labels[NAME_LABEL] = object.metadata.name;
    }
    object['status'] = { phase: 'Active' };
    const finalizers = finalizersOf(object);
    if (!finalizers.includes('kubernetes')) setFinalizers(object, [...finalizers, 'kubernetes']);
  },
  prepareForUpdate(object, old) {
    setFinalizers(object, finalizersOf(old));
    object['status'] = old['status'];
  },
  validate,
  validateUpdate: validate,
  validateName: nameIsDnsLabel,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate(object) {
      const phase = object['status']?.phase ?? '';
      const deleting = object.metadata.deletionTimestamp !== undefined;
      const due = deleting ? 'Terminating' : 'Active';
      if (phase === due) return [];
      const when = deleting ? '`deletionTimestamp` is not empty' : '`deletionTimestamp` is empty';
      return [invalid('status.Phase', phase, `may only be '${due}' if ${when}`)];
    },
  },
  subresources: { finalize },
  deletion: { begin: (...args) => terminateNamespace(...args), mayGo: (object) => namespaceMayGo(object) },
  deleteReturnsObject: true,
  selectableFields: { 'status.phase': (object) => object['status']?.phase ?? '' },
  row: (object, now) => [object.metadata.name ?? '', object['status']?.phase ?? '', age(object, now)],
};

/** Whether a namespace goes with the write that left it like this. */
export function namespaceMayGo(object: KubeObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    finalizersOf(object).length === 0 &&
    (object.metadata.finalizers ?? []).length === 0
  );
}

/**
 * The first step of a namespace's deletion: deletionTimestamp, the phase, and the finalizers that a propagation policy asks
 * for. Changes the object in place. `now` as RFC 3339. Once it has happened, DELETE answers the object as it is while
 * spec.finalizers has entries.
 */
export function terminateNamespace(
  object: KubeObject,
  now: string,
  options: { orphanDependents?: boolean; propagationPolicy?: string } = {},
): void {
  object.metadata.deletionTimestamp ??= now;
  object['status'] = { ...object['status'], phase: 'Terminating' };
  const { orphanDependents: orphan, propagationPolicy: policy } = options;
  const had = object.metadata.finalizers ?? [];
  const wanted = (name: string, byOrphan: boolean | undefined, byPolicy: string) =>
    byOrphan ?? (policy === undefined ? had.includes(name) : policy === byPolicy);
  const finalizers = had.filter((f) => f !== 'orphan' && f !== 'foregroundDeletion');
  if (wanted('orphan', orphan, 'Orphan')) finalizers.push('orphan');
  if (wanted('foregroundDeletion', orphan === undefined ? undefined : !orphan, 'Foreground'))
    finalizers.push('foregroundDeletion');
  if (finalizers.length) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
}
