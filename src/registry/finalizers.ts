import { rfc3339 } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import type { DeleteOptions } from './delete-options.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

/**
 * The finalizers an object has to carry while the garbage collector does what a delete asked for, or undefined
 * where they are right already (apiserver pkg/registry/generic/registry/store.go, deletionFinalizersForGarbageCollection).
 */
export function collectorFinalizers(
  object: KubeObject,
  options: DeleteOptions,
  byDefault: 'Orphan' | 'Background',
): string[] | undefined {
  const old = object.metadata.finalizers ?? [];
  const orphan = wants(ORPHAN, 'Orphan', options.orphanDependents, old, options, byDefault === 'Orphan');
  const foreground = wants(
    FOREGROUND,
    'Foreground',
    options.orphanDependents === undefined ? undefined : false,
    old,
    options,
    false,
  );
  const next = old.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  if (orphan) next.push(ORPHAN);
  if (foreground) next.push(FOREGROUND);
  const same = next.length === new Set(old).size && next.every((f) => old.includes(f));
  return same ? undefined : next;
}

function wants(
  finalizer: string,
  policy: string,
  flag: boolean | undefined,
  finalizers: readonly string[],
  options: DeleteOptions,
  otherwise: boolean,
): boolean {
  if (flag !== undefined) return flag;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === policy;
  const first = finalizers.find((f) => f === ORPHAN || f === FOREGROUND);
  return first === undefined ? otherwise : first === finalizer;
}

/** Notes on the object that it is being deleted, from now and without grace (store.go, markAsDeleting). */
export function markAsDeleting(object: KubeObject, now: number): void {
  const meta = object.metadata;
  if (!meta.deletionTimestamp && (meta.generation ?? 0) > 0) meta.generation = meta.generation! + 1;
  if (!meta.deletionTimestamp || Date.parse(meta.deletionTimestamp) > now)
    meta.deletionTimestamp = rfc3339(now);
  meta.deletionGracePeriodSeconds = 0;
}

/** Whether an update that emptied the finalizers of an object being deleted ends it. */
export function endsDeletion(object: KubeObject, existing: KubeObject): boolean {
  if (object.metadata.finalizers?.length) return false;
  return Boolean(existing.metadata.deletionTimestamp) && !existing.metadata.deletionGracePeriodSeconds;
}
