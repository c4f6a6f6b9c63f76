import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notFound,
  notSupported,
  required,
} from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../meta/names.ts';
import type { Fields } from '../../../meta/object.ts';
import { claimTemplateErrors } from '../claim-spec.ts';
import { add } from './faults.ts';
import { LEGACY_SOURCES, legacySourceErrors } from './legacy-volumes.ts';
import type { PodValidationOptions } from './options.ts';
import { descendingPathErrors, fileModeErrors, noBackstepsErrors } from './paths.ts';
import { downwardFilesErrors, keyToPathErrors, projectedErrors } from './projected-volumes.ts';
import { quantityOf } from './resources.ts';
import { visitContainers } from './visit.ts';

/** spec.volumes (ValidateVolumes in validation.go). The sources of single storage vendors are in legacy-volumes.ts. */

/** Kubernetes' own order, in which the second source of a volume is the one refused. */
const SOURCES = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
];

/** Fields whose messages bear another name than the object does. */
const SECOND_NAMES: Record<string, string> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** When to pull an image: of a container, or of an image volume. */
export function pullPolicyErrors(policy: string | undefined, path: string): FieldError[] {
  if (!policy) return [required(path)];
  return PULL_POLICIES.includes(policy) ? [] : [notSupported(path, policy, PULL_POLICIES)];
}

/** Faults of the volumes; the flawless ones are put into `known` by name. `podName` is empty in a template. */
export function volumesErrors(
  volumes: Fields[] | undefined,
  podName: string,
  path: string,
  options: PodValidationOptions,
  known: Map<string, Fields>,
): FieldError[] {
  const errors: FieldError[] = [];
  const made = new Set<string>();
  if (podName !== '')
    for (const volume of volumes ?? [])
      if (volume['ephemeral']) made.add(`${podName}-${volume['name'] ?? ''}`);
  volumes?.forEach((volume, i) => {
    const at = index(path, i);
    const name: string = volume['name'] ?? '';
    const own = sourceErrors(volume, name, podName, at, options);
    if (name === '') own.push(required(child(at, 'name')));
    else for (const fault of dns1123LabelFaults(name)) own.push(invalid(child(at, 'name'), name, fault));
    if (known.has(name)) own.push(duplicate(child(at, 'name'), name));
    if (own.length === 0) known.set(name, volume);
    else add(errors, own);
    const claim: string | undefined = volume['persistentVolumeClaim']?.claimName;
    if (claim !== undefined && made.has(claim))
      errors.push(
        invalid(
          `${at}.persistentVolumeClaim.claimName`,
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  });
  return errors;
}

function sourceErrors(
  volume: Fields,
  name: string,
  podName: string,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const kind of SOURCES) {
    const source: Fields | undefined = volume[kind];
    if (!source) continue;
    if (count > 0)
      errors.push(
        forbidden(child(path, SECOND_NAMES[kind] ?? kind), 'may not specify more than 1 volume type'),
      );
    else add(errors, oneSourceErrors(kind, source, name, podName, path, options));
    count++;
    if (
      kind === 'iscsi' &&
      source['initiatorName'] !== undefined &&
      Buffer.byteLength(`${name}:${source['targetPortal'] ?? ''}`) > 64
    )
      errors.push(
        invalid(
          child(path, 'name'),
          name,
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      );
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

function oneSourceErrors(
  kind: string,
  source: Fields,
  name: string,
  podName: string,
  path: string,
  options: PodValidationOptions,
): FieldError[] {
  const at = child(path, kind);
  switch (kind) {
    case 'emptyDir':
      return source['sizeLimit'] !== undefined && quantityOf(source['sizeLimit']).sign < 0
        ? [forbidden(child(at, 'sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
        : [];
    case 'hostPath':
      return hostPathErrors(source, at);
    case 'gitRepo':
      return [
        ...(source['repository'] ? [] : [required(child(at, 'repository'))]),
        ...descendingPathErrors(source['directory'] ?? '', child(at, 'directory')),
      ];
    case 'secret':
      return filesErrors(source, 'secretName', at);
    case 'configMap':
      return filesErrors(source, 'name', at);
    case 'nfs':
      return nfsErrors(source, at);
    case 'persistentVolumeClaim':
      return source['claimName'] ? [] : [required(child(at, 'claimName'))];
    case 'downwardAPI':
      return [
        ...fileModeErrors(source['defaultMode'], child(at, 'defaultMode')),
        ...downwardFilesErrors(source['items'], at),
      ];
    case 'projected':
      return projectedErrors(source, at, options);
    case 'csi':
      return csiErrors(source, at);
    case 'ephemeral':
      return ephemeralErrors(source, name, podName, path);
    case 'image':
      return [
        ...(options.resourceIsPod && !source['reference'] ? [required(child(at, 'reference'))] : []),
        ...pullPolicyErrors(source['pullPolicy'], child(at, 'pullPolicy')),
      ];
    default:
      return legacySourceErrors(kind, source, child(path, LEGACY_SOURCES[kind] ?? kind));
  }
}

function hostPathErrors(source: Fields, path: string): FieldError[] {
  if (!source['path']) return [required(child(path, 'path'))];
  const errors = noBackstepsErrors(source['path'], child(path, 'path'));
  const type: string | undefined = source['type'];
  if (type !== undefined && !HOST_PATH_TYPES.includes(type))
    errors.push(notSupported(child(path, 'type'), type, HOST_PATH_TYPES));
  return errors;
}

/** A secret or config map as files. */
function filesErrors(source: Fields, nameField: string, path: string): FieldError[] {
  const errors: FieldError[] = source[nameField] ? [] : [required(child(path, nameField))];
  add(errors, fileModeErrors(source['defaultMode'], child(path, 'defaultMode')));
  source['items']?.forEach((item: Fields, i: number) => {
    add(errors, keyToPathErrors(item, index(child(path, 'items'), i)));
  });
  return errors;
}

function nfsErrors(source: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const directory: string = source['path'] ?? '';
  if (!source['server']) errors.push(required(child(path, 'server')));
  if (directory === '') errors.push(required(child(path, 'path')));
  if (!directory.startsWith('/'))
    errors.push(invalid(child(path, 'path'), directory, 'must be an absolute path'));
  return errors;
}

/** The name of a CSI driver: a DNS subdomain of 63 characters at most, in any case. */
export function csiDriverNameErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > 63)
    errors.push({ type: 'FieldValueTooLong', field: path, detail: 'may not be more than 63 bytes' });
  for (const fault of dns1123SubdomainFaults(name.toLowerCase())) errors.push(invalid(path, name, fault));
  return errors;
}

function csiErrors(source: Fields, path: string): FieldError[] {
  const errors = csiDriverNameErrors(source['driver'] ?? '', child(path, 'driver'));
  const secret: Fields | undefined = source['nodePublishSecretRef'];
  if (secret) {
    if (!secret['name']) errors.push(required(child(path, 'nodePublishSecretRef.name')));
    else
      for (const fault of dns1123SubdomainFaults(secret['name']))
        errors.push(invalid(child(path, 'name'), secret['name'], fault));
  }
  return errors;
}

function ephemeralErrors(source: Fields, name: string, podName: string, path: string): FieldError[] {
  const at = child(path, 'ephemeral');
  const template: Fields | undefined = source['volumeClaimTemplate'];
  const errors = template ? claimTemplateErrors(template, at) : [required(child(at, 'volumeClaimTemplate'))];
  if (podName !== '' && name !== '') {
    const claim = `${podName}-${name}`;
    for (const fault of dns1123SubdomainFaults(claim))
      errors.push(invalid(child(path, 'name'), name, `PVC name ${quote(claim)}: ${fault}`));
  }
  return errors;
}

/** A variable drawn from a file needs the emptyDir the file is in. */
export function fileKeyRefVolumesErrors(spec: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Map<string, Fields>((spec['volumes'] ?? []).map((v: Fields) => [v['name'], v]));
  visitContainers(spec, path, (container, at) => {
    container['env']?.forEach((variable: Fields, i: number) => {
      const ref: Fields | undefined = variable['valueFrom']?.fileKeyRef;
      if (!ref) return;
      const field = `${index(child(at, 'env'), i)}.valueFrom.fileKeyRef.volumeName`;
      const name: string = ref['volumeName'] ?? '';
      const volume = volumes.get(name);
      if (!volume) errors.push(notFound(field, name));
      else if (!volume['emptyDir'])
        errors.push(invalid(field, name, 'referenced volume must be of type emptyDir'));
    });
  });
  return errors;
}
