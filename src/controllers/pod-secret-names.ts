import type { Fields } from '../meta/object.ts';

/** The names of all Secrets that a pod's spec refers to (pkg/api/v1/pod/util.go VisitPodSecretNames). */
export function podSecretNames(spec: Fields): Set<string> {
  const names = new Set<string>();
  const add = (name: unknown): void => {
    if (typeof name === 'string') names.add(name);
  };
  for (const reference of spec.imagePullSecrets ?? []) add(reference.name ?? '');
  for (const container of containersOf(spec)) {
    for (const source of container.envFrom ?? []) if (source.secretRef) add(source.secretRef.name ?? '');
    for (const variable of container.env ?? []) {
      if (variable.valueFrom?.secretKeyRef) add(variable.valueFrom.secretKeyRef.name ?? '');
    }
  }
  for (const volume of spec.volumes ?? []) {
    add(volume.azureFile?.secretName || undefined);
    for (const kind of ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos']) {
      if (volume[kind]?.secretRef) add(volume[kind].secretRef.name ?? '');
    }
    for (const source of volume.projected?.sources ?? []) if (source.secret) add(source.secret.name ?? '');
    if (volume.secret) add(volume.secret.secretName ?? '');
    if (volume.csi?.nodePublishSecretRef) add(volume.csi.nodePublishSecretRef.name ?? '');
  }
  return names;
}

function containersOf(spec: Fields): Fields[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}
