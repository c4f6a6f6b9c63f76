import type { Fields, GroupVersionKind, KubeObject } from '../../meta/object.ts';
import { groupVersion } from '../../meta/object.ts';
import { FieldManager } from '../../schema/apply/field-manager.ts';
import { customKind } from '../../schema/apply/owned-kinds.ts';
import type { OwnedKind } from '../../schema/apply/versions.ts';
import type { ManagedFieldsWriter } from '../managed-fields.ts';
import type { KindScheme } from '../registry.ts';
import { decodeCustom, redecodeCustom } from './coercion.ts';
import type { DefinitionVersion } from './definition-version.ts';

/** How bodies and patches of one version of a custom resource are read. */
export function customScheme(version: DefinitionVersion, managedFields: ManagedFieldsWriter): KindScheme {
  return {
    decode: (body, mediaType, options) => decodeCustom(body, mediaType, options, version),
    redecode: (value, strict) => redecodeCustom(value, strict, version),
    managedFields,
  };
}

/** Who owns what in the custom resources of a definition, whatever their version. Made when the first write comes. */
export class CustomOwners {
  readonly #definition: KubeObject;
  readonly #convert: (object: Fields, apiVersion: string) => Fields;
  #kind: OwnedKind | undefined;

  /** `convert` gives the object in another version of the definition, or as near to it as can be had at once. */
  constructor(definition: KubeObject, convert: (object: Fields, apiVersion: string) => Fields) {
    this.#definition = definition;
    this.#convert = convert;
  }

  /** For writes through one version. */
  of(version: GroupVersionKind): ManagedFieldsWriter {
    let manager: FieldManager | undefined;
    const get = (): FieldManager => {
      this.#kind ??= customKind(this.#definition, this.#convert);
      manager ??= new FieldManager(this.#kind, groupVersion(version));
      return manager;
    };
    return {
      create: (object, name, now) => get().create(object, name, now),
      update: (live, object, name, subresource, now) => get().update(live, object, name, subresource, now),
      keepTimes: (object, existing) => get().keepTimes(object, existing),
      apply: (live, patch, options) => get().apply(live, patch, options),
    };
  }
}
