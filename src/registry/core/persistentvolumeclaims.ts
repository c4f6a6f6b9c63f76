import { cloneJson } from '../../meta/clone.ts';
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
import { quote } from '../../meta/go-quote.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { qualifiedNameFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { unifiedDiff } from '../../meta/unified-diff.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { type ClaimOptions, claimSpecErrors, shownClaimSpec } from './claim-spec.ts';
import { isNativeResource, quantityErrors, quantityOf } from './pod/resources.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort();

/** Volumes' and claims' access modes, short, in their own order (GetAccessModesAsString). */
export function shortAccessModes(modes: readonly string[] | undefined): string {
  const short = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
  return Object.entries(short)
    .flatMap(([mode, text]) => (modes?.includes(mode) ? [text] : []))
    .join(',');
}

/** Both ways of naming a data source; the older one takes claims and snapshots alone. */
function settleDataSource(spec: Fields, old: Fields | undefined): void {
  if (spec['dataSourceRef']?.namespace && !old?.['dataSourceRef']) delete spec['dataSourceRef'];
  if (!old?.['dataSource'] && !old?.['dataSourceRef'] && !spec['dataSourceRef']) {
    const { kind, apiGroup = '' } = spec['dataSource'] ?? {};
    const claim = kind === 'PersistentVolumeClaim' && apiGroup === '';
    const snapshot = kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
    if (!claim && !snapshot) delete spec['dataSource'];
  }
  normalizeDataSource(spec);
}

function normalizeDataSource(spec: Fields): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec['dataSourceRef'] = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...reference } = dataSourceRef;
    spec['dataSource'] = reference;
  }
}

function optionsFor(old: KubeObject): ClaimOptions {
  const spec: Fields = old['spec'] ?? {};
  return {
    allowInvalidDataSourceGroup:
      spec['dataSource']?.apiGroup !== undefined || spec['dataSourceRef']?.apiGroup !== undefined,
    allowInvalidSelectorValues: !!spec['selector'] && labelSelectorErrors(spec['selector'], '').length > 0,
  };
}

/** Quantities by their value: two ways of writing one are the same. */
function canonical(spec: Fields): Fields {
  const out = cloneJson(spec);
  for (const side of ['limits', 'requests']) {
    const list: Record<string, string> = out['resources']?.[side] ?? {};
    for (const name of Object.keys(list)) list[name] = quantityOf(list[name]).toString();
  }
  return out;
}

function validateUpdate(object: KubeObject, before: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const old: Fields = before['spec'] ?? {};
  const errors = claimSpecErrors(spec, 'spec', optionsFor(before));
  const now = canonical(spec);
  const was = canonical(old);
  if (!was['volumeName']) was['volumeName'] = now['volumeName'];
  const annotation = before.metadata.annotations?.[BETA_CLASS];
  const annotationNow = object.metadata.annotations?.[BETA_CLASS];
  const { storageClassName: name } = spec;
  const fresh = old['storageClassName'] === undefined && name !== undefined;
  if (
    annotation !== undefined &&
    fresh &&
    name === annotation &&
    (annotationNow ?? annotation) === annotation
  )
    delete now['storageClassName'];
  else {
    if ((annotationNow ?? '') !== (annotation ?? ''))
      errors.push(invalid(`metadata.annotations.${BETA_CLASS}`, annotationNow ?? '', 'field is immutable'));
    if (fresh && (annotation === undefined || name === annotation)) delete now['storageClassName'];
  }
  const bound = object['status']?.phase === 'Bound';
  if (bound && now['resources']?.requests)
    now['resources'].requests.storage = was['resources']?.requests?.storage;
  if (bound) now['volumeAttributesClassName'] = was['volumeAttributesClassName'];
  if (!deepEqual(now, was))
    errors.push(
      forbidden(
        'spec',
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${unifiedDiff(shownClaimSpec(was), shownClaimSpec(now))}`,
      ),
    );
  const size = quantityOf(spec['resources']?.requests?.storage);
  if (
    size.compare(quantityOf(old['resources']?.requests?.storage)) < 0 &&
    size.compare(quantityOf(before['status']?.capacity?.storage)) <= 0
  )
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  errors.push(...immutable(spec['volumeMode'] ?? null, old['volumeMode'] ?? null, 'volumeMode'));
  const attributes: string | undefined = spec['volumeAttributesClassName'];
  if (
    attributes !== old['volumeAttributesClassName'] &&
    before['status']?.currentVolumeAttributesClassName !== undefined &&
    !attributes
  )
    errors.push(
      forbidden(
        'spec.volumeAttributesClassName',
        `update to ${attributes === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`,
      ),
    );
  return errors;
}

function resourceKeyErrors(name: string, path: string): FieldError[] {
  const errors = qualifiedNameFaults(name).map((fault) => invalid(path, name, fault));
  if (errors.length || !isNativeResource(name) || name === 'storage') return errors;
  return [notSupported(path, name, ['storage'])];
}

function validateStatus(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const status: Fields = object['status'] ?? {};
  if (!object.metadata.resourceVersion) errors.push(required('resourceVersion'));
  if (!object['spec']?.accessModes?.length) errors.push(required('Spec.accessModes'));
  const basic = (list: Record<string, string>, name: string, path: string) => {
    const quantity = quantityOf(list[name]);
    return quantity.sign < 0
      ? [invalid(path, Number(quantity.value()), 'must be a valid resource quantity')]
      : [];
  };
  const capacity: Record<string, string> = status['capacity'] ?? {};
  for (const name of Object.keys(capacity).sort())
    errors.push(...basic(capacity, name, key('status.capacity', name)));
  const states: Record<string, string> = status['allocatedResourceStatuses'] ?? {};
  for (const name of Object.keys(states).sort()) {
    errors.push(...resourceKeyErrors(name, 'status.allocatedResourceStatuses'));
    if (!RESIZE_STATES.includes(states[name]!))
      errors.push(notSupported('status.allocatedResourceStatuses', name, RESIZE_STATES));
  }
  const allocated: Record<string, string> = status['allocatedResources'] ?? {};
  for (const name of Object.keys(allocated).sort()) {
    const faults = resourceKeyErrors(name, 'status.allocatedResources');
    const path = key('status.allocatedResources', name);
    if (!faults.length) faults.push(...basic(allocated, name, path));
    if (!faults.length) faults.push(...quantityErrors('storage', quantityOf(allocated[name]), path));
    errors.push(...faults);
  }
  return errors;
}

/** pkg/registry/core/persistentvolumeclaim/strategy.go. */
export const persistentvolumeclaims: Strategy = {
  defaults(object) {
    object['spec'] ??= {};
    object['spec'].volumeMode ??= 'Filesystem';
    object['status'] ??= {};
    object['status'].phase ||= 'Pending';
  },
  prepareForCreate(object) {
    object['status'] = { phase: 'Pending' };
    settleDataSource(object['spec'], undefined);
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
    settleDataSource(object['spec'], old['spec']);
    normalizeDataSource(old['spec'] ?? {});
  },
  validate: (object) => claimSpecErrors(object['spec'] ?? {}, 'spec'),
  validateUpdate,
  warnings(object) {
    const warnings: string[] = [];
    if (object.metadata.annotations?.[BETA_CLASS] !== undefined)
      warnings.push(
        `${key('metadata.annotations', BETA_CLASS)}: deprecated since v1.8; use "storageClassName" attribute instead`,
      );
    for (const side of ['requests', 'limits']) {
      const quantity = quantityOf(object['spec']?.resources?.[side]?.storage);
      if (quantity.integer() === undefined)
        warnings.push(
          `${key(child('spec.resources', side), 'storage')}: fractional byte value ${quote(quantity.toString())} is invalid, must be an integer`,
        );
    }
    return warnings;
  },
  deleteReturnsObject: true,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate: validateStatus,
  },
  row(object, now) {
    const spec: Fields = object['spec'] ?? {};
    const status: Fields = object['status'] ?? {};
    const bound = !!spec['volumeName'];
    return [
      object.metadata.name ?? '',
      object.metadata.deletionTimestamp ? 'Terminating' : (status['phase'] ?? ''),
      spec['volumeName'] ?? '',
      bound ? quantityOf(status['capacity']?.storage).toString() : '',
      bound ? shortAccessModes(status['accessModes']) : '',
      object.metadata.annotations?.[BETA_CLASS] ?? spec['storageClassName'] ?? '',
      spec['volumeAttributesClassName'] ?? '<unset>',
      age(object, now),
      spec['volumeMode'] ?? '<unset>',
    ];
  },
};
