import { cloneJson } from '../meta/clone.ts';
import type { KubeObject } from '../meta/object.ts';
import type { ManagedFieldsWriter } from '../registry/managed-fields.ts';
import type { ResourceDescriptor } from '../schema/resources.ts';

/** What the schema gives every kind: normal form and managed fields. */
export interface KindSupport {
  normalize(descriptor: ResourceDescriptor): (object: KubeObject) => void;
  managedFields(descriptor: ResourceDescriptor): ManagedFieldsWriter;
}

// Stand-in until the schema's own are in place.
export function kindSupport(): KindSupport {
  const writer: ManagedFieldsWriter = {
    create: (object) => object,
    update: (_live, object) => object,
    keepTimes: () => {},
    apply: (_live, patch) => cloneJson(patch),
  };
  return { normalize: () => () => {}, managedFields: () => writer };
}
