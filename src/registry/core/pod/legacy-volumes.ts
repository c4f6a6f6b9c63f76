import { child, type FieldError, invalid, key, notSupported, required } from '../../../meta/field-error.ts';
import { dns1123LabelFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';

/** Volume sources of single storage systems, most of them served by CSI drivers today (validation.go, validate…VolumeSource). */

/** Where messages name a source otherwise than the object does. */
export const LEGACY_SOURCES: Record<string, string> = { gcePersistentDisk: 'persistentDisk' };

/** Sources that ask for no more than that some of their fields are filled in. */
const REQUIRED_FIELDS: Record<string, readonly string[]> = {
  glusterfs: ['endpoints', 'path'],
  cephfs: ['monitors'],
  rbd: ['monitors', 'image'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  awsElasticBlockStore: ['volumeID'],
  gcePersistentDisk: ['pdName'],
  cinder: ['volumeID'],
};

export function legacySourceErrors(kind: string, source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of REQUIRED_FIELDS[kind] ?? [])
    if (!source[name]?.length) errors.push(required(child(path, name)));
  switch (kind) {
    case 'awsElasticBlockStore':
    case 'gcePersistentDisk': {
      const partition: number = source['partition'] ?? 0;
      if (partition < 0 || partition > 255)
        errors.push(invalid(child(path, 'partition'), partition, 'must be between 1 and 255, inclusive'));
      break;
    }
    case 'cinder':
      add(errors, secretRefErrors(source, path));
      break;
    case 'iscsi':
      add(errors, iscsiErrors(source, path));
      break;
    case 'flocker':
      add(errors, flockerErrors(source, path));
      break;
    case 'quobyte':
      add(errors, quobyteErrors(source, path));
      break;
    case 'fc':
      add(errors, fibreChannelErrors(source, path));
      break;
    case 'flexVolume':
      add(errors, flexErrors(source, path));
      break;
    case 'azureDisk':
      add(errors, azureDiskErrors(source, path));
      break;
    case 'storageos':
      add(errors, storageOsErrors(source, path));
      break;
  }
  return errors;
}

const secretRefErrors = (source: Fields, path: string): FieldError[] =>
  source['secretRef'] && !source['secretRef'].name ? [required(child(path, 'secretRef.name'))] : [];

const IQN = /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/;
const EUI = /^eui.[A-Za-z0-9]{16}$/;
const NAA = /^naa.[A-Za-z0-9]{32}$/;

function initiatorFault(name: string): string | undefined {
  const pattern = name.startsWith('iqn')
    ? IQN
    : name.startsWith('eui')
      ? EUI
      : name.startsWith('naa')
        ? NAA
        : undefined;
  if (!pattern) return 'must be valid format starting with iqn, eui, or naa';
  return pattern.test(name) ? undefined : 'must be valid format';
}

function iscsiErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!source['targetPortal']) errors.push(required(child(path, 'targetPortal')));
  const iqn: string = source['iqn'] ?? '';
  if (iqn === '') errors.push(required(child(path, 'iqn')));
  else {
    const fault = initiatorFault(iqn);
    if (fault) errors.push(invalid(child(path, 'iqn'), iqn, fault));
  }
  const lun: number = source['lun'] ?? 0;
  if (lun < 0 || lun > 255)
    errors.push(invalid(child(path, 'lun'), lun, 'must be between 0 and 255, inclusive'));
  if ((source['chapAuthDiscovery'] || source['chapAuthSession']) && !source['secretRef'])
    errors.push(required(child(path, 'secretRef')));
  const initiator: string | undefined = source['initiatorName'];
  if (initiator !== undefined) {
    const fault = initiatorFault(initiator);
    if (fault) errors.push(invalid(child(path, 'initiatorname'), initiator, fault));
  }
  return errors;
}

function flockerErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const name: string = source['datasetName'] ?? '';
  if (!name && !source['datasetUUID'])
    errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (name && source['datasetUUID'])
    errors.push(invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (name.includes('/')) errors.push(invalid(child(path, 'datasetName'), name, "must not contain '/'"));
  return errors;
}

/** `host:port`, with an IPv6 host in brackets (net.SplitHostPort). */
const isHostPort = (text: string): boolean => /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(text);

function quobyteErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const registry: string = source['registry'] ?? '';
  const words = 'must be a host:port pair or multiple pairs separated by commas';
  if (registry === '') errors.push(required(child(path, 'registry'), words));
  else if ((source['tenant'] ?? '').length >= 65)
    errors.push(
      required(child(path, 'tenant'), 'must be a UUID and may not exceed a length of 64 characters'),
    );
  else
    for (const pair of registry.split(','))
      if (!isHostPort(pair)) errors.push(invalid(child(path, 'registry'), registry, words));
  if (!source['volume']) errors.push(required(child(path, 'volume')));
  return errors;
}

function fibreChannelErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const targets: string[] = source['targetWWNs'] ?? [];
  const ids: string[] = source['wwids'] ?? [];
  if (!targets.length && !ids.length)
    errors.push(required(child(path, 'targetWWNs'), 'must specify either targetWWNs or wwids, but not both'));
  if (targets.length && ids.length)
    errors.push(
      invalid(child(path, 'targetWWNs'), targets, 'targetWWNs and wwids can not be specified simultaneously'),
    );
  if (targets.length) {
    const lun: number | undefined = source['lun'];
    if (lun === undefined)
      errors.push(required(child(path, 'lun'), 'lun is required if targetWWNs is specified'));
    else if (lun < 0 || lun > 255)
      errors.push(invalid(child(path, 'lun'), lun, 'must be between 0 and 255, inclusive'));
  }
  return errors;
}

function flexErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = source['driver'] ? [] : [required(child(path, 'driver'))];
  for (const option of Object.keys(source['options'] ?? {}).sort()) {
    const domain = `.${option.split('/')[0]!.toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io'))
      errors.push(
        invalid(
          key(child(path, 'options'), option),
          option,
          'kubernetes.io and k8s.io namespaces are reserved',
        ),
      );
  }
  return errors;
}

function azureDiskErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const uri: string = source['diskURI'] ?? '';
  const kind: string | undefined = source['kind'];
  const caching: string | undefined = source['cachingMode'];
  const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
  const kinds = ['Dedicated', 'Managed', 'Shared'];
  if (!source['diskName']) errors.push(required(child(path, 'diskName')));
  if (uri === '') errors.push(required(child(path, 'diskURI')));
  if (caching !== undefined && !cachingModes.includes(caching))
    errors.push(notSupported(child(path, 'cachingMode'), caching, cachingModes));
  if (kind !== undefined && !kinds.includes(kind))
    errors.push(notSupported(child(path, 'kind'), kind, kinds));
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/'))
    errors.push(
      notSupported(child(path, 'diskURI'), uri, [
        '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
      ]),
    );
  if (kind !== undefined && kind !== 'Managed' && !uri.startsWith('https://'))
    errors.push(
      notSupported(child(path, 'diskURI'), uri, [
        'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
      ]),
    );
  return errors;
}

function storageOsErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!source['volumeName']) errors.push(required(child(path, 'volumeName')));
  for (const name of ['volumeName', 'volumeNamespace']) {
    if (source[name])
      for (const fault of dns1123LabelFaults(source[name]))
        errors.push(invalid(child(path, name), source[name], fault));
  }
  add(errors, secretRefErrors(source, path));
  return errors;
}
