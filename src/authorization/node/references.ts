import type { Fields, KubeObject } from '../../meta/object.ts';

/** What a node may read because of a pod on it, by type and name in the pod's namespace. */
export type Reference = {
  type: 'secret' | 'configmap' | 'pvc' | 'serviceaccount' | 'resourceclaim';
  name: string;
};

const MIRROR = 'kubernetes.io/config.mirror';

/** Objects a pod refers to (pkg/api/v1/pod/util.go, VisitPodSecretNames and VisitPodConfigmapNames). */
export function podReferences(pod: KubeObject): Reference[] {
  // Mirror pods are the kubelet's own account of static pods and must not open anything to it.
  if (pod.metadata.annotations?.[MIRROR] !== undefined) return [];
  const spec: Fields = pod['spec'] ?? {};
  const found: Reference[] = [];
  const add = (type: Reference['type'], name: unknown): void => {
    if (typeof name === 'string' && name !== '') found.push({ type, name });
  };
  add('serviceaccount', spec['serviceAccountName']);
  for (const secret of spec['imagePullSecrets'] ?? []) add('secret', secret.name);
  for (const container of [
    ...(spec['initContainers'] ?? []),
    ...(spec['containers'] ?? []),
    ...(spec['ephemeralContainers'] ?? []),
  ]) {
    for (const source of container.envFrom ?? []) {
      add('secret', source.secretRef?.name);
      add('configmap', source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('secret', variable.valueFrom?.secretKeyRef?.name);
      add('configmap', variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec['volumes'] ?? []) {
    for (const name of volumeSecrets(volume)) add('secret', name);
    add('configmap', volume.configMap?.name);
    for (const source of volume.projected?.sources ?? []) {
      add('secret', source.secret?.name);
      add('configmap', source.configMap?.name);
    }
    if (volume.persistentVolumeClaim) add('pvc', volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral) add('pvc', `${pod.metadata.name}-${volume.name}`);
  }
  for (const claim of spec['resourceClaims'] ?? [])
    add('resourceclaim', claim.resourceClaimName ?? generatedClaim(pod, claim.name));
  add('resourceclaim', pod['status']?.extendedResourceClaimStatus?.resourceClaimName);
  return found;
}

function volumeSecrets(volume: Fields): unknown[] {
  const byRef = ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'];
  return [
    volume['azureFile']?.secretName,
    volume['secret']?.secretName,
    volume['csi']?.nodePublishSecretRef?.name,
    ...byRef.map((source) => volume[source]?.secretRef?.name),
  ];
}

/** The claim made of a template for a pod, once the pod's status names it. */
function generatedClaim(pod: KubeObject, name: string): unknown {
  const statuses: { name: string; resourceClaimName?: string }[] = pod['status']?.resourceClaimStatuses ?? [];
  return statuses.find((status) => status.name === name)?.resourceClaimName;
}

/** Secrets a kubelet needs for a volume (pkg/api/v1/persistentvolume/util.go); those for controllers alone are left out. */
export function volumeSecretReferences(volume: KubeObject): { namespace: string; name: string }[] {
  const spec: Fields = volume['spec'] ?? {};
  const claimNamespace: string = spec['claimRef']?.namespace ?? '';
  const found: { namespace: string; name: string }[] = [];
  const add = (ref: { namespace?: string; name?: string } | undefined, fallback: string): void => {
    if (ref?.name) found.push({ namespace: ref.namespace || fallback, name: ref.name });
  };
  const azure = spec['azureFile'];
  if (azure) add({ namespace: azure.secretNamespace, name: azure.secretName }, claimNamespace);
  for (const source of ['cephfs', 'flexVolume', 'rbd', 'scaleIO', 'iscsi'])
    add(spec[source]?.secretRef, claimNamespace);
  for (const source of ['cinder', 'storageos']) add(spec[source]?.secretRef, '');
  const csi = spec['csi'];
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef])
    add(ref, '');
  return found;
}
