import { deepEqual } from '../../meta/deep-equal.ts';
import { child, type FieldError, forbidden, invalid, required, tooLong } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { volumeSpecErrors } from '../core/persistentvolumes.ts';
import { csiDriverNameErrors } from '../core/pod/volumes.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import { keepMetadata } from '../status-metadata.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const MAX_METADATA = 256 * 1024;

function sourceErrors(source: Fields): FieldError[] {
  const path = 'spec.source';
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source;
  const both = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inline === undefined && name === undefined) return [required(path, both)];
  if (inline !== undefined && name !== undefined) return [forbidden(path, both)];
  if (inline !== undefined) return volumeSpecErrors(inline, true, child(path, 'inlineVolumeSpec'));
  return name === ''
    ? [required(child(path, 'persistentVolumeName'), 'must specify non empty persistentVolumeName')]
    : [];
}

function volumeErrorErrors(error: Fields | undefined, path: string): FieldError[] {
  if (!error) return [];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(error['message'] ?? '') > 1024)
    errors.push(tooLong(child(path, 'message'), MAX_METADATA));
  const code: number | undefined = error['errorCode'];
  if (code !== undefined && code < 0)
    errors.push(invalid(child(path, 'errorCode'), code, 'must be between 0 and 2147483647, inclusive'));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const status: Fields = object['status'] ?? {};
  const source: Fields = spec['source'] ?? {};
  const errors = [
    ...csiDriverNameErrors(spec['attacher'] ?? '', 'spec.attacher'),
    ...sourceErrors(source),
    ...dns1123Subdomain(spec['nodeName'] ?? '', 'spec.nodeName'),
  ];
  let size = 0;
  for (const [name, value] of Object.entries(status['attachmentMetadata'] ?? {}))
    size += Buffer.byteLength(name) + Buffer.byteLength(String(value));
  if (size > MAX_METADATA) errors.push(tooLong('status.attachmentMetadata', MAX_METADATA));
  errors.push(...volumeErrorErrors(status['attachError'], 'status.attachError'));
  errors.push(...volumeErrorErrors(status['detachError'], 'status.detachError'));
  const volume: string | undefined = source['persistentVolumeName'];
  if (volume !== undefined) errors.push(...dns1123Subdomain(volume, 'spec.source.persistentVolumeName'));
  return errors;
}

/** The spec with its Go names, as messages show it. */
const shown = (spec: Fields) => ({
  Attacher: spec['attacher'] ?? '',
  Source: {
    PersistentVolumeName: spec['source']?.persistentVolumeName ?? null,
    InlineVolumeSpec: spec['source']?.inlineVolumeSpec ?? null,
  },
  NodeName: spec['nodeName'] ?? '',
});

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = validate(object);
  if (!deepEqual(object['spec'], old['spec']))
    errors.push(invalid('spec', shown(object['spec'] ?? {}), 'field is immutable'));
  return errors;
}

/** pkg/registry/storage/volumeattachment/strategy.go. */
export const volumeattachments: Strategy = {
  prepareForCreate(object) {
    object['status'] = { attached: false };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate,
  validateUpdate,
  allowUnconditionalUpdate: false,
  deleteReturnsObject: true,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
      keepMetadata(object, old);
    },
    validateUpdate,
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    object['spec']?.attacher ?? '',
    object['spec']?.source?.persistentVolumeName ?? '',
    object['spec']?.nodeName ?? '',
    object['status']?.attached ?? false,
    age(object, now),
  ],
};
