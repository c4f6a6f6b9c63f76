import { type FieldError, invalid, notSupported } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { conflictError, invalidError } from '../meta/status.ts';

/** meta.k8s.io/v1 DeleteOptions as a delete obeys them. */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

/** Faults of DeleteOptions (apimachinery pkg/apis/meta/v1/validation). */
export function validateDeleteOptions(options: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (options.orphanDependents !== undefined && options.propagationPolicy !== undefined) {
    errors.push(
      invalid(
        'propagationPolicy',
        options.propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  const policy = options.propagationPolicy;
  if (policy !== undefined && policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
    errors.push(notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  errors.push(...validateDryRun(options.dryRun));
  return errors;
}

/** `dryRun` may be absent or hold `All`, nothing else. */
export function validateDryRun(dryRun: readonly string[] | undefined): FieldError[] {
  if (!dryRun?.length || dryRun.every((value) => value === 'All')) return [];
  return [notSupported('dryRun', dryRun, ['All'])];
}

/** Throws what stands in the way of a delete before anything of the object is looked at but its identity. */
export function checkDelete(
  object: KubeObject,
  options: DeleteOptions,
  gk: { group: string; kind: string },
): void {
  const errors = validateDeleteOptions(options);
  if (errors.length) throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const { uid, resourceVersion } = options.preconditions ?? {};
  const meta = object.metadata;
  const gr = { group: gk.group, resource: gk.kind };
  if (uid !== undefined && uid !== meta.uid) {
    throw conflictError(
      gr,
      meta.name!,
      `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    throw conflictError(
      gr,
      meta.name!,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`,
    );
  }
}

/** The preconditions of a deletion in two steps, which kube-apiserver words in another way. */
export function checkTwoStepDelete(
  object: KubeObject,
  options: DeleteOptions,
  gr: { group: string; resource: string },
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const meta = object.metadata;
  const refuse = (what: string, asked: string, found: string | undefined) =>
    conflictError(
      gr,
      meta.name!,
      `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${found}`,
    );
  if (uid !== undefined && uid !== meta.uid) throw refuse('UID', uid, meta.uid);
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, meta.resourceVersion);
  }
}
