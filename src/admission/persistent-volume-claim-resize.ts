import { storageClassOf } from '../controllers/quota/usage.ts';
import type { KubeObject } from '../meta/object.ts';
import { quantityOf } from '../registry/core/pod/resources.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** Lets claims grow only where their StorageClass can make them (plugin/pkg/admission/storage/persistentvolume/resize). */
export class PersistentVolumeClaimResize implements AdmissionPlugin {
  readonly name = 'PersistentVolumeClaimResize';
  readonly resources: readonly string[] = ['persistentvolumeclaims'];
  readonly #classes: Lister;

  constructor(classes: Lister) {
    this.#classes = classes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const { subresource, object, oldObject } = attributes;
    if (subresource !== '' || !object || !oldObject) return ACCEPTED;
    if (size(object).compare(size(oldObject)) <= 0) return ACCEPTED;
    if (oldObject['status']?.phase !== 'Bound') return forbid(attributes, 'CLAIM_NOT_BOUND');
    const name = storageClassOf(object);
    const grows = name !== '' && name === storageClassOf(oldObject) && this.#classes.get('', name);
    return grows && grows['allowVolumeExpansion'] === true
      ? ACCEPTED
      : forbid(attributes, 'CLAIM_NOT_RESIZABLE');
  }
}

const size = (claim: KubeObject) => quantityOf(claim['spec']?.resources?.requests?.storage);
