import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  type FieldError,
  forbidden,
  invalid,
  key,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { labelSelectorErrors, labelsErrors } from '../../meta/label-selector.ts';
import { dns1123LabelFaults } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';
import { annotationsErrors } from '../../meta/object-meta-validation.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import { type GoShape, goMap, goSelector, goStruct } from './pod/go-value.ts';
import { quantityErrors, quantityOf } from './pod/resources.ts';

/** The spec of PersistentVolumeClaims and of templates of them (pkg/apis/core/validation/validation.go). */

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];

export interface ClaimOptions {
  allowInvalidSelectorValues?: boolean;
  allowInvalidDataSourceGroup?: boolean;
}

/** Known modes, ReadWriteOncePod alone. */
export function accessModeErrors(modes: readonly string[], path: string): FieldError[] {
  const errors = modes
    .filter((mode) => !ACCESS_MODES.includes(mode))
    .map((mode) => notSupported(path, mode, ACCESS_MODES));
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod'))
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

function sourceErrors(source: Fields, options: ClaimOptions, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!source['name']) errors.push(required(child(path, 'name')));
  if (!source['kind']) errors.push(required(child(path, 'kind')));
  const group: string = source['apiGroup'] ?? '';
  if (group === '' && source['kind'] !== 'PersistentVolumeClaim')
    errors.push(
      invalid(
        path,
        source['kind'] ?? '',
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      ),
    );
  if (group !== '' && !options.allowInvalidDataSourceGroup)
    errors.push(...dns1123Subdomain(group, child(path, 'apiGroup')));
  const namespace: string = source['namespace'] ?? '';
  if (namespace !== '')
    for (const fault of dns1123LabelFaults(namespace))
      errors.push(invalid(child(path, 'namespace'), namespace, fault));
  return errors;
}

/** ValidatePersistentVolumeClaimSpec. */
export function claimSpecErrors(spec: Fields, path: string, options: ClaimOptions = {}): FieldError[] {
  const errors: FieldError[] = [];
  const modes: string[] = spec['accessModes'] ?? [];
  if (modes.length === 0)
    errors.push(required(child(path, 'accessModes'), 'at least 1 access mode is required'));
  if (spec['selector'])
    errors.push(
      ...labelSelectorErrors(
        spec['selector'],
        child(path, 'selector'),
        options.allowInvalidSelectorValues ?? false,
      ),
    );
  errors.push(...accessModeErrors(modes, child(path, 'accessModes')));
  const storage = spec['resources']?.requests?.storage;
  const storagePath = key(child(path, 'resources'), 'storage');
  if (storage === undefined) errors.push(required(storagePath));
  else {
    const quantity = quantityOf(storage);
    if (quantity.sign <= 0)
      errors.push(invalid(storagePath, quantity.toString(), 'must be greater than zero'));
    else errors.push(...quantityErrors('storage', quantity, storagePath));
  }
  const className = (field: string) => {
    if (spec[field]) errors.push(...dns1123Subdomain(spec[field], child(path, field)));
  };
  className('storageClassName');
  const mode = spec['volumeMode'];
  if (mode !== undefined && !VOLUME_MODES.includes(mode))
    errors.push(notSupported(child(path, 'volumeMode'), mode, VOLUME_MODES));
  const { dataSource, dataSourceRef } = spec;
  if (dataSource)
    errors.push(...sourceErrors({ ...dataSource, namespace: '' }, options, child(path, 'dataSource')));
  if (dataSourceRef) errors.push(...sourceErrors(dataSourceRef, options, child(path, 'dataSourceRef')));
  // kube-apiserver gives the path itself as the value, which prints as an empty structure.
  if (dataSource && dataSourceRef?.namespace)
    errors.push(invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  else if (
    dataSource &&
    dataSourceRef &&
    !['apiGroup', 'kind', 'name'].every((field) => deepEqual(dataSource[field], dataSourceRef[field]))
  )
    errors.push(invalid(path, {}, 'must match dataSourceRef'));
  className('volumeAttributesClassName');
  return errors;
}

/** The template of an ephemeral volume's claim: of its metadata only labels and annotations count. */
export function claimTemplateErrors(template: Fields, path: string): FieldError[] {
  const at = child(path, 'volumeClaimTemplate');
  const metadata: Fields = template['metadata'] ?? {};
  const errors = [
    ...annotationsErrors(metadata['annotations'] ?? {}, child(at, 'metadata.annotations')),
    ...labelsErrors(metadata['labels'] ?? {}, child(at, 'metadata.labels')),
  ];
  for (const field of Object.keys(metadata))
    if (field !== 'labels' && field !== 'annotations' && metadata[field] !== null)
      errors.push(forbidden(child(child(at, 'metadata'), field), 'cannot be set'));
  return [...errors, ...claimSpecErrors(template['spec'] ?? {}, child(at, 'spec'))];
}

const REFERENCE: GoShape = [
  ['APIGroup', 'apiGroup', null],
  ['Kind', 'kind', ''],
  ['Name', 'name', ''],
];

/** A claim's spec with its Go names, as a diff in a message shows it. */
export function shownClaimSpec(spec: Fields): unknown {
  return {
    AccessModes: spec['accessModes'] ?? null,
    Selector: goSelector(spec['selector']),
    Resources: {
      Limits: goMap(spec['resources']?.limits),
      Requests: goMap(spec['resources']?.requests),
    },
    VolumeName: spec['volumeName'] ?? '',
    StorageClassName: spec['storageClassName'] ?? null,
    VolumeMode: spec['volumeMode'] ?? null,
    DataSource: goStruct(spec['dataSource'], REFERENCE),
    DataSourceRef: goStruct(spec['dataSourceRef'], [...REFERENCE, ['Namespace', 'namespace', null]]),
    VolumeAttributesClassName: spec['volumeAttributesClassName'] ?? null,
  };
}
