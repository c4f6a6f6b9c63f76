import type { Fields } from '../meta/object.ts';
import type { Lister } from '../registry/lister.ts';
import { defaultClass } from './default-class.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const IS_DEFAULT = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Gives claims that name no StorageClass the default one (plugin/pkg/admission/storage/storageclass/setdefault). */
export class DefaultStorageClass implements AdmissionPlugin {
  readonly name = 'DefaultStorageClass';
  readonly resources: readonly string[] = ['persistentvolumeclaims'];
  readonly #classes: Lister;

  constructor(classes: Lister) {
    this.#classes = classes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    if (subresource !== '' || !object) return ACCEPTED;
    const named =
      object.metadata.annotations?.[BETA_STORAGE_CLASS] !== undefined ||
      object['spec']?.storageClassName !== undefined;
    if (named) return ACCEPTED;
    const found = defaultClass(this.#classes, IS_DEFAULT);
    if (!found) return ACCEPTED;
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    spec['storageClassName'] = found.metadata.name;
    return changed('STORAGE_CLASS_SET', { name: found.metadata.name });
  }
}
