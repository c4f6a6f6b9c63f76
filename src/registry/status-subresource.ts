import { cloneJson } from '../meta/clone.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import type { KubeObject } from '../meta/object.ts';

/** A write of the object itself leaves its status as it was; in place. */
export function keepStatus(object: KubeObject, old: KubeObject): void {
  if (old.status === undefined) delete object.status;
  else object.status = cloneJson(old.status);
}

/** A write of the status leaves all the rest as it was, metadata aside; in place. */
export function keepAllButStatus(object: KubeObject, old: KubeObject): void {
  for (const key of Object.keys(object))
    if (key !== 'metadata' && key !== 'status' && !(key in old)) delete object[key];
  for (const key of Object.keys(old))
    if (key !== 'metadata' && key !== 'status') object[key] = cloneJson(old[key]);
}

/** Whether a write is one that `metadata.generation` counts. */
export function specChanged(object: KubeObject, old: KubeObject): boolean {
  const keys = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const key of keys) {
    if (key === 'metadata' || key === 'status' || key === 'kind' || key === 'apiVersion') continue;
    if (!deepEqual(object[key], old[key])) return true;
  }
  return false;
}
