import { posix } from 'node:path';
import { rfc3339 } from '../../meta/clock.ts';
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
import { labelSelectorHasInvalidValue } from '../../meta/label-selector.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { unifiedDiff } from '../../meta/unified-diff.ts';
import { dns1123Label, dns1123Subdomain, immutable } from '../field-validation.ts';
import { nodeSelectorWarnings } from '../node-labels.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { accessModeErrors, VOLUME_MODES } from './claim-spec.ts';
import { shortAccessModes } from './persistentvolumeclaims.ts';
import { nodeSelectorErrors } from './pod/affinity.ts';
import { legacySourceErrors } from './pod/legacy-volumes.ts';
import { noBackstepsErrors } from './pod/paths.ts';
import { quantityOf } from './pod/resources.ts';
import { csiDriverNameErrors } from './pod/volumes.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const BETA_MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
const POLICIES = ['Delete', 'Recycle', 'Retain'];
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
const INLINE = 'in the context of inline volumes';

/** In the order in which the second one is refused, with the name that messages give the field. */
const SOURCES: Readonly<Record<string, string>> = {
  hostPath: 'hostPath',
  gcePersistentDisk: 'persistentDisk',
  awsElasticBlockStore: 'awsElasticBlockStore',
  glusterfs: 'glusterfs',
  flocker: 'flocker',
  nfs: 'nfs',
  rbd: 'rbd',
  quobyte: 'quobyte',
  cephfs: 'cephfs',
  iscsi: 'iscsi',
  cinder: 'cinder',
  fc: 'fc',
  flexVolume: 'flexVolume',
  azureFile: 'azureFile',
  vsphereVolume: 'vsphereVolume',
  photonPersistentDisk: 'photonPersistentDisk',
  portworxVolume: 'portworxVolume',
  azureDisk: 'azureDisk',
  scaleIO: 'scaleIO',
  local: 'local',
  storageos: 'storageos',
  csi: 'csi',
};

const DEPRECATED_SOURCES: readonly [string, string, string][] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function secretErrors(secret: Fields | undefined, path: string): FieldError[] {
  if (!secret) return [];
  const { name, namespace } = secret;
  return [
    ...(name ? dns1123Subdomain(name, child(path, 'name')) : [required(child(path, 'name'))]),
    ...(namespace ? dns1123Label(namespace, child(path, 'namespace')) : [required(child(path, 'namespace'))]),
  ];
}

function sourceErrors(kind: string, source: Fields, path: string): FieldError[] {
  const pathErrors = () => {
    const at = child(path, 'path');
    return source['path'] ? noBackstepsErrors(source['path'], at) : [required(at)];
  };
  switch (kind) {
    case 'hostPath': {
      const errors = pathErrors();
      const type = source['type'];
      if (source['path'] && type !== undefined && !HOST_PATH_TYPES.includes(type))
        errors.push(notSupported(child(path, 'type'), type, HOST_PATH_TYPES));
      return errors;
    }
    case 'local':
      return pathErrors();
    case 'nfs': {
      const errors: FieldError[] = [];
      if (!source['server']) errors.push(required(child(path, 'server')));
      if (!source['path']) errors.push(required(child(path, 'path')));
      if (!String(source['path'] ?? '').startsWith('/'))
        errors.push(invalid(child(path, 'path'), source['path'] ?? '', 'must be an absolute path'));
      return errors;
    }
    case 'csi': {
      const errors = csiDriverNameErrors(source['driver'] ?? '', child(path, 'driver'));
      if (!source['volumeHandle']) errors.push(required(child(path, 'volumeHandle')));
      for (const field of [
        'controllerPublishSecretRef',
        'controllerExpandSecretRef',
        'nodePublishSecretRef',
        'nodeExpandSecretRef',
      ])
        errors.push(...secretErrors(source[field], child(path, field)));
      return errors;
    }
    case 'glusterfs': {
      const errors = legacySourceErrors(kind, source, path);
      const namespace = source['endpointsNamespace'];
      if (namespace !== undefined)
        errors.push(
          ...(namespace
            ? dns1123Label(namespace, child(path, 'endpointsNamespace'))
            : [
                invalid(
                  child(path, 'endpointsNamespace'),
                  '',
                  'if the endpointnamespace is set, it must be a valid namespace name',
                ),
              ]),
        );
      return errors;
    }
    default:
      return legacySourceErrors(kind, source, path);
  }
}

function capacityErrors(capacity: Record<string, string>, path: string): FieldError[] {
  const names = Object.keys(capacity).sort();
  const errors: FieldError[] = names.length ? [] : [required(path)];
  if (!('storage' in capacity) || names.length > 1)
    errors.push(notSupported(path, names.length ? capacity : null, ['storage']));
  for (const name of names) {
    const quantity = quantityOf(capacity[name]);
    const at = key(path, name);
    if (quantity.sign < 0)
      errors.push(invalid(at, Number(quantity.value()), 'must be a valid resource quantity'));
    if (quantity.sign <= 0) errors.push(invalid(at, quantity.toString(), 'must be greater than zero'));
  }
  return errors;
}

/** ValidatePersistentVolumeSpec; `inline` of a VolumeAttachment, where much may not be said. */
export function volumeSpecErrors(
  spec: Fields,
  inline: boolean,
  path: string,
  lenientAffinity = false,
): FieldError[] {
  const errors: FieldError[] = [];
  const capacity: Record<string, string> = spec['capacity'] ?? {};
  const notInline = (field: string, is: unknown) => {
    if (inline && is) errors.push(forbidden(child(path, field), `may not be specified ${INLINE}`));
  };
  notInline('claimRef', spec['claimRef']);
  notInline('capacity', Object.keys(capacity).length);
  if (inline && !spec['csi']) errors.push(required(child(path, 'csi'), `has to be specified ${INLINE}`));
  const modes: string[] = spec['accessModes'] ?? [];
  if (!modes.length) errors.push(required(child(path, 'accessModes')));
  errors.push(...accessModeErrors(modes, child(path, 'accessModes')));
  if (!inline) errors.push(...capacityErrors(capacity, child(path, 'capacity')));
  const policy: string = spec['persistentVolumeReclaimPolicy'] ?? '';
  const policyPath = child(path, 'persistentVolumeReclaimPolicy');
  if (inline && policy !== '' && policy !== 'Retain')
    errors.push(forbidden(policyPath, `may only be Retain ${INLINE}`));
  if (!inline && policy !== '' && !POLICIES.includes(policy))
    errors.push(notSupported(policyPath, policy, POLICIES));
  const affinity: Fields | undefined = spec['nodeAffinity'];
  notInline('nodeAffinity', affinity);
  if (affinity && !inline) {
    const at = child(child(path, 'nodeAffinity'), 'required');
    errors.push(
      ...(affinity['required']
        ? nodeSelectorErrors(affinity['required'], lenientAffinity, at)
        : [required(at, 'must specify required node constraints')]),
    );
  }
  let found = false;
  for (const [kind, name] of Object.entries(SOURCES)) {
    if (!spec[kind]) continue;
    if (found && kind !== 'flexVolume') {
      errors.push(
        forbidden(
          child(path, kind === 'cephfs' ? 'cephFS' : kind),
          'may not specify more than 1 volume type',
        ),
      );
      continue;
    }
    found = true;
    errors.push(...sourceErrors(kind, spec[kind], child(path, name)));
    if (kind === 'local' && (!affinity || inline))
      errors.push(required(child(path, 'nodeAffinity'), 'Local volume requires node affinity'));
  }
  if (!found) errors.push(required(path, 'must specify a volume type'));
  if (spec['hostPath'] && posix.resolve('/', spec['hostPath'].path ?? '') === '/' && policy === 'Recycle')
    errors.push(forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"));
  notInline('storageClassName', spec['storageClassName']);
  if (!inline && spec['storageClassName'])
    errors.push(...dns1123Subdomain(spec['storageClassName'], child(path, 'storageClassName')));
  const mode = spec['volumeMode'];
  if (mode !== undefined && inline && mode !== 'Filesystem')
    errors.push(
      forbidden(child(path, 'volumeMode'), `may not specify volumeMode other than Filesystem ${INLINE}`),
    );
  if (mode !== undefined && !inline && !VOLUME_MODES.includes(mode))
    errors.push(notSupported(child(path, 'volumeMode'), mode, VOLUME_MODES));
  const attributes: string | undefined = spec['volumeAttributesClassName'];
  if (attributes !== undefined) {
    const at = child(path, 'volumeAttributesClassName');
    errors.push(
      ...(attributes === ''
        ? [required(at, 'an empty string is disallowed')]
        : dns1123Subdomain(attributes, at)),
    );
    if (!spec['csi'])
      errors.push(required(child(path, 'csi'), 'has to be specified when using volumeAttributesClassName'));
  }
  return errors;
}

/** Mount options go with a few sources alone (pkg/volume/validation). */
function mountOptionErrors(object: KubeObject): FieldError[] {
  if (!object.metadata.annotations?.[BETA_MOUNT_OPTIONS]) return [];
  const takes = [
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'glusterfs',
    'nfs',
    'rbd',
    'quobyte',
    'iscsi',
    'cinder',
    'cephfs',
    'azureFile',
    'vsphereVolume',
    'azureDisk',
    'storageos',
  ];
  if (takes.some((kind) => object['spec']?.[kind])) return [];
  return [
    forbidden(
      `metadata.annotations.${BETA_MOUNT_OPTIONS}`,
      'may not specify mount options for this volume type',
    ),
  ];
}

function termsOf(object: KubeObject): Fields[] {
  return object['spec']?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const lenient =
    !!old &&
    termsOf(old).some((term) =>
      labelSelectorHasInvalidValue({ matchExpressions: term['matchExpressions'] ?? [] }),
    );
  return [...volumeSpecErrors(object['spec'] ?? {}, false, 'spec', lenient), ...mountOptionErrors(object)];
}

const sourcesOf = (spec: Fields): Fields =>
  Object.fromEntries(Object.keys(SOURCES).map((kind) => [kind, spec[kind] ?? null]));

/** Old labels of a node affinity may become the ones that followed them. */
function withoutBetaLabels(affinity: unknown): unknown {
  const renamed: Record<string, string> = {
    'beta.kubernetes.io/arch': 'kubernetes.io/arch',
    'beta.kubernetes.io/os': 'kubernetes.io/os',
    'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
    'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
    'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  };
  return JSON.parse(JSON.stringify(affinity ?? null), (name, value) =>
    name === 'key' && typeof value === 'string' ? (renamed[value] ?? value) : value,
  );
}

function validateUpdate(object: KubeObject, before: KubeObject): FieldError[] {
  const errors = validate(object, before);
  const spec: Fields = object['spec'] ?? {};
  const old: Fields = before['spec'] ?? {};
  const now = sourcesOf(spec);
  const was = sourcesOf(old);
  if (now['csi'] && was['csi'] && !was['csi'].controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = now['csi'];
    now['csi'] = csi;
  }
  if (!deepEqual(now, was))
    errors.push(
      forbidden(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation\n${unifiedDiff(was, now)}`,
      ),
    );
  errors.push(...immutable(spec['volumeMode'] ?? null, old['volumeMode'] ?? null, 'volumeMode'));
  if (
    old['nodeAffinity'] &&
    !deepEqual(withoutBetaLabels(spec['nodeAffinity']), withoutBetaLabels(old['nodeAffinity']))
  )
    errors.push(
      invalid(
        'nodeAffinity',
        spec['nodeAffinity'] ?? null,
        'field is immutable, except for updating from beta label to GA',
      ),
    );
  if (old['volumeAttributesClassName'] !== undefined && spec['volumeAttributesClassName'] === undefined)
    errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return errors;
}

/** pkg/registry/core/persistentvolume/strategy.go. */
export const persistentvolumes: Strategy = {
  defaults(object) {
    object['status'] ??= {};
    object['status'].phase ||= 'Pending';
    object['spec'] ??= {};
    object['spec'].persistentVolumeReclaimPolicy ||= 'Retain';
    object['spec'].volumeMode ??= 'Filesystem';
    if (object['spec'].hostPath) object['spec'].hostPath.type ??= '';
  },
  prepareForCreate(object, { now }) {
    object['status'] = { phase: 'Pending', lastPhaseTransitionTime: rfc3339(now) };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate: (object) => validate(object),
  validateUpdate,
  warnings(object) {
    const annotations = object.metadata.annotations ?? {};
    const spec: Fields = object['spec'] ?? {};
    const warnings: string[] = [];
    const annotation = (name: string, text: string) => {
      if (annotations[name] !== undefined) warnings.push(`${key('metadata.annotations', name)}: ${text}`);
    };
    annotation(BETA_CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead');
    annotation(BETA_MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead');
    if (spec['persistentVolumeReclaimPolicy'] === 'Recycle')
      warnings.push(
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      );
    termsOf(object).forEach((term, i) => {
      warnings.push(
        ...nodeSelectorWarnings(
          { matchExpressions: term['matchExpressions'] },
          `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`,
        ),
      );
    });
    for (const [kind, name, text] of DEPRECATED_SOURCES)
      if (spec[kind]) warnings.push(`spec.${name}: ${text}`);
    return warnings;
  },
  deleteReturnsObject: true,
  status: {
    prepareForUpdate(object, old, { now }) {
      object['spec'] = old['spec'];
      const status: Fields = object['status'] ?? {};
      const { phase, lastPhaseTransitionTime: at } = old['status'] ?? {};
      if (status['phase'] === phase) status['lastPhaseTransitionTime'] ??= at;
      else if (status['lastPhaseTransitionTime'] === undefined || status['lastPhaseTransitionTime'] === at)
        status['lastPhaseTransitionTime'] = rfc3339(now);
      if (status['lastPhaseTransitionTime'] === undefined) delete status['lastPhaseTransitionTime'];
      object['status'] = status;
    },
    validateUpdate: (object) => (object.metadata.resourceVersion ? [] : [required('resourceVersion')]),
  },
  row(object, now) {
    const spec: Fields = object['spec'] ?? {};
    const claim: Fields | undefined = spec['claimRef'];
    return [
      object.metadata.name ?? '',
      quantityOf(spec['capacity']?.storage).toString(),
      shortAccessModes(spec['accessModes']),
      spec['persistentVolumeReclaimPolicy'] ?? '',
      object.metadata.deletionTimestamp ? 'Terminating' : (object['status']?.phase ?? ''),
      claim ? `${claim['namespace'] ?? ''}/${claim['name'] ?? ''}` : '',
      object.metadata.annotations?.[BETA_CLASS] ?? spec['storageClassName'] ?? '',
      spec['volumeAttributesClassName'] ?? '<unset>',
      object['status']?.reason ?? '',
      age(object, now),
      spec['volumeMode'] ?? '<unset>',
    ];
  },
};
