import type { Fields } from '../../../meta/object.ts';
import { type Check, type Control, nameOf, plural, quoted, sorted } from '../control.ts';
import { hostPathVolumes } from './host-path-volumes.ts';

const ALLOWED = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const NAMED = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

const check: Check = (spec) => {
  const volumes: Fields[] = spec['volumes'] ?? [];
  const bad = volumes.filter((volume) => !ALLOWED.some((type) => volume[type]));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => NAMED.find((type) => volume[type]) ?? 'unknown'));
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(nameOf))} ${plural('uses', 'use', bad.length)} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`,
  };
};

export const restrictedVolumes: Control = {
  id: 'restrictedVolumes',
  level: 'restricted',
  versions: [{ since: 0, check, instead: [hostPathVolumes.id] }],
};
