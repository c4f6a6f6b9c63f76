import type { KubeObject } from '../meta/object.ts';

const KEPT = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** A write of status leaves the metadata that clients own as it was (metav1.ResetObjectMetaForStatus); in place. */
export function keepMetadata(object: KubeObject, old: KubeObject): void {
  for (const field of KEPT) {
    if (old.metadata[field] === undefined) delete object.metadata[field];
    else Object.assign(object.metadata, { [field]: old.metadata[field] });
  }
}
