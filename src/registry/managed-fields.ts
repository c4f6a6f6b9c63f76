import type { KubeObject } from '../meta/object.ts';

/** Who owns which field of an object, as the generic store keeps it up (metadata.managedFields). */
export interface ManagedFieldsWriter {
  /** The object with `manager` owning all of it. */
  create(object: KubeObject, manager: string, now: number): KubeObject;
  /** The object with `manager` owning what it changed. */
  update(live: KubeObject, object: KubeObject, manager: string, subresource: string, now: number): KubeObject;
  /** Where nothing but times in managedFields differs from `existing`, puts the old ones back. */
  keepTimes(object: KubeObject, existing: KubeObject): void;
  /** Server-side apply. Throws the StatusError of a conflict or of a patch that does not fit the kind. */
  apply(
    live: KubeObject | undefined,
    patch: KubeObject,
    options: { manager: string; force: boolean; subresource: string; now: number },
  ): KubeObject;
}
