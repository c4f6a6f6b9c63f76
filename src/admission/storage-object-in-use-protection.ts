import { qualified } from '../meta/object.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

/** Holds volumes, claims and their classes by a finalizer as long as they are in use (plugin/pkg/admission/storage/storageobjectinuseprotection). */
export class StorageObjectInUseProtection implements AdmissionPlugin {
  readonly name = 'StorageObjectInUseProtection';
  readonly resources: readonly string[] = Object.keys(FINALIZERS);

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit({ object, resource, subresource }: AdmissionAttributes): PluginVerdict {
    const finalizer = FINALIZERS[qualified(resource)];
    if (subresource !== '' || !object || !finalizer) return ACCEPTED;
    const there = object.metadata.finalizers ?? [];
    if (there.includes(finalizer)) return ACCEPTED;
    object.metadata.finalizers = [...there, finalizer];
    return changed('FINALIZER_ADDED', { finalizer });
  }
}
