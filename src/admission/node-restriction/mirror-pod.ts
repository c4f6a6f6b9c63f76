import { podSecretNames } from '../../controllers/pod-secret-names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { notFoundError } from '../../meta/status.ts';
import { containersOf } from '../../registry/core/pod/visit.ts';
import type { Lister } from '../../registry/lister.ts';
import { ACCEPTED, type AdmissionAttributes, type PluginVerdict } from '../plugin.ts';
import { forbid, refuse } from '../refusal.ts';

const MIRROR = 'kubernetes.io/config.mirror';

/** A kubelet creates mirror pods only: images of those it runs by itself, which nothing of the API takes part in. */
export function judgeMirrorPod(attributes: AdmissionAttributes, node: string, nodes: Lister): PluginVerdict {
  const pod = attributes.object!;
  const refused = (code: string, facts = {}): PluginVerdict => forbid(attributes, code, { node, ...facts });
  if (pod.metadata.annotations?.[MIRROR] === undefined) return refused('NODE_POD_NOT_MIRROR');
  if (pod['spec']?.nodeName !== node) return refused('NODE_POD_ELSEWHERE');
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length) return refused('NODE_POD_OWNERS');
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return refused('NODE_POD_OWNER');
  if (owner.controller !== true) return refused('NODE_POD_OWNER_NO_CONTROLLER');
  if (owner.blockOwnerDeletion === true) return refused('NODE_POD_OWNER_BLOCKS');
  const found = nodes.get('', node);
  if (!found) return refuse('NODE_MISSING', { node }, notFoundError({ group: '', resource: 'node' }, node));
  if (owner.uid !== found.metadata.uid)
    return refused('NODE_POD_OWNER_UID', { uid: owner.uid, expected: found.metadata.uid });
  const referenced = referencedObjects(pod);
  if (!referenced) return ACCEPTED;
  return 'unknown' in referenced
    ? refused('NODE_POD_VOLUME_UNKNOWN', { error: referenced.unknown })
    : refused('NODE_POD_REFERENCES', { objects: referenced.objects });
}

const HARMLESS = [
  'awsElasticBlockStore',
  'azureDisk',
  'cephfs',
  'cinder',
  'downwardAPI',
  'emptyDir',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'hostPath',
  'image',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];
const REFERRING: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via configmap volumes)',
  secret: 'secrets (via secret volumes)',
  csi: 'csidrivers (via CSI volumes)',
  glusterfs: 'endpoints (via glusterFS volumes)',
  persistentVolumeClaim: 'persistentvolumeclaims',
  ephemeral: 'persistentvolumeclaims (via ephemeral volumes)',
  azureFile: 'secrets (via azureFile volumes)',
};
const PROJECTED: Readonly<Record<string, string | undefined>> = {
  configMap: 'configmaps (via projected volumes)',
  secret: 'secrets (via projected volumes)',
  serviceAccountToken: 'serviceaccounts (via projected volumes)',
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
  downwardAPI: undefined,
};

/** The first objects of the API that a pod refers to (HasAPIObjectReference in pkg/api/pod/util.go). */
function referencedObjects(pod: KubeObject): { objects: string } | { unknown: string } | undefined {
  const spec: Fields = pod['spec'] ?? {};
  if (spec['serviceAccountName']) return { objects: 'serviceaccounts' };
  if (podSecretNames(spec).size) return { objects: 'secrets' };
  if (usesConfigMap(spec)) return { objects: 'configmaps' };
  if (spec['resourceClaims']?.length) return { objects: 'resourceclaims' };
  for (const volume of (spec['volumes'] ?? []) as Fields[]) {
    if (HARMLESS.some((kind) => volume[kind])) continue;
    const kind = Object.keys(REFERRING).find((own) => volume[own]);
    if (kind) return { objects: REFERRING[kind]! };
    if (!volume['projected']) return { unknown: `unknown volume type for volume  "${volume['name']}"` };
    for (const source of volume['projected'].sources ?? []) {
      const own = Object.keys(PROJECTED).find((name) => source[name]);
      if (!own) return { unknown: `unknown source for projected volume "${volume['name']}"` };
      if (PROJECTED[own]) return { objects: PROJECTED[own] };
    }
  }
  return undefined;
}

function usesConfigMap(spec: Fields): boolean {
  const inContainers = containersOf(spec).some(
    ({ env, envFrom }) =>
      (envFrom ?? []).some(({ configMapRef }: Fields) => configMapRef) ||
      (env ?? []).some(({ valueFrom }: Fields) => valueFrom?.configMapKeyRef),
  );
  const inVolumes = ({ configMap, projected }: Fields): boolean =>
    Boolean(configMap) || (projected?.sources ?? []).some((source: Fields) => source['configMap']);
  return inContainers || (spec['volumes'] ?? []).some(inVolumes);
}
