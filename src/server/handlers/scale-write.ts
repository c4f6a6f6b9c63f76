import { cloneJson } from '../../meta/clone.ts';
import { type GroupResource, groupVersion, type KubeObject } from '../../meta/object.ts';
import type { KindScheme, ServedResource } from '../../registry/registry.ts';
import { applyScale, SCALE, type ScaleMapping, scaleOf } from '../../registry/scale.ts';
import { withManagedFields } from '../../schema/apply/object-owners.ts';
import {
  parentManagedFields,
  type ReplicasPaths,
  replicasPath,
  scaleManagedFields,
} from '../../schema/apply/scale.ts';
import { builtInScheme, managedFieldsOf } from '../kind-support.ts';

let kind: KindScheme | undefined;

/** How autoscaling/v1 Scales are decoded, patched and owned. */
export function scaleScheme(): KindScheme {
  kind ??= builtInScheme(SCALE, managedFieldsOf(SCALE), () => {});
  return kind;
}

/**
 * A write of an object by its scale subresource: the Scale that the client changes, with those as its owners who own the
 * object's replicas, and the object made of what becomes of it (scaleUpdatedObjectInfo, managedfields/scalehandler.go).
 */
export class ScaleWrite {
  readonly #resource: GroupResource;
  readonly #mapping: ScaleMapping;
  readonly #apiVersion: string;
  readonly #paths: ReplicasPaths;

  constructor(served: ServedResource, mapping: ScaleMapping) {
    const { descriptor } = served;
    this.#resource = { group: descriptor.group, resource: descriptor.plural };
    this.#mapping = mapping;
    this.#apiVersion = groupVersion(descriptor);
    const path = replicasPath(mapping.specReplicasPath.join('.'));
    this.#paths = new Map(versionsOf(descriptor.group, this.#apiVersion).map((version) => [version, path]));
  }

  /** The Scale of an object as it is stored. */
  before(existing: KubeObject): KubeObject {
    const scale = scaleOf(this.#resource, existing, this.#mapping);
    return withManagedFields(
      scale,
      scaleManagedFields(existing.metadata.managedFields, this.#known(existing)),
    );
  }

  /** The object after its Scale was written; throws what applyScale does. */
  after(existing: KubeObject, scale: KubeObject): KubeObject {
    const object = cloneJson(existing);
    applyScale(this.#resource, object, scale, this.#mapping);
    const owners = parentManagedFields(
      existing.metadata.managedFields,
      scale.metadata.managedFields,
      this.#apiVersion,
      this.#known(existing),
    );
    return withManagedFields(object, owners);
  }

  /** Custom resources may have owners in any version of theirs; they keep their replicas where this one does. */
  #known(existing: KubeObject): ReplicasPaths {
    if (!this.#mapping.untyped) return this.#paths;
    const paths = new Map(this.#paths);
    const path = this.#paths.get(this.#apiVersion);
    for (const { apiVersion } of existing.metadata.managedFields ?? [])
      if (apiVersion && !paths.has(apiVersion)) paths.set(apiVersion, path);
    return paths;
  }
}

/** The versions in which owners of a built-in kind's replicas may be noted. */
const versionsOf = (group: string, own: string): string[] =>
  group === 'apps' ? ['apps/v1beta1', 'apps/v1beta2', own] : [own];
