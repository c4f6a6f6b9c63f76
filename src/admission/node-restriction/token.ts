import { resourceAttributes } from '../../authorization/attributes.ts';
import { aggregateText } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { notFoundError } from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import type { Authorize } from '../authorize.ts';
import { ACCEPTED, type AdmissionAttributes, type PluginVerdict } from '../plugin.ts';
import { forbid, refuse } from '../refusal.ts';

export interface NodeTokenParts {
  pods: Lister;
  claims: Lister;
  volumes: Lister;
  drivers: Lister;
  authorization: Authorize;
}

/** A kubelet gets tokens of ServiceAccounts for the pods on its node, and for the audiences that those need. */
export async function judgeTokenRequest(
  attributes: AdmissionAttributes,
  node: string,
  parts: NodeTokenParts,
): Promise<PluginVerdict> {
  const refused = (code: string, facts = {}): PluginVerdict => forbid(attributes, code, { node, ...facts });
  const { boundObjectRef, audiences = [] }: Fields = attributes.object?.['spec'] ?? {};
  const { apiVersion, kind, name, uid = '' }: Fields = boundObjectRef ?? {};
  if (apiVersion !== 'v1' || kind !== 'Pod' || !name) return refused('NODE_TOKEN_UNBOUND');
  if (uid === '') return refused('NODE_TOKEN_NO_UID');
  const pod = parts.pods.get(attributes.namespace, name);
  if (!pod)
    return refuse(
      'NODE_TOKEN_POD_MISSING',
      { pod: name },
      notFoundError({ group: '', resource: 'pod' }, name),
    );
  if (uid !== pod.metadata.uid) return refused('NODE_TOKEN_POD_UID', { uid });
  if (pod['spec']?.nodeName !== node) return refused('NODE_TOKEN_POD_ELSEWHERE');
  if (audiences.length > 1) return refused('NODE_TOKEN_AUDIENCES');
  const audience: string = audiences[0] ?? '';
  const found = namesAudience(pod, audience, parts);
  if (found === true) return ACCEPTED;
  if (found !== false) return refused('NODE_TOKEN_AUDIENCE_UNSURE', { audience, error: found.error });
  const outcome = await parts.authorization.authorize(
    resourceAttributes(attributes.user, {
      verb: 'request-serviceaccounts-token-audience',
      namespace: attributes.namespace,
      version: 'v1',
      resource: audience,
      name: attributes.name,
    }),
  );
  if (outcome.decision === 'allow') return ACCEPTED;
  const user = attributes.user.name;
  return refused('NODE_TOKEN_AUDIENCE', {
    audience,
    user,
    ...(outcome.error ? { error: outcome.error } : {}),
  });
}

/** In-tree volumes that CSI drivers have taken over (k8s.io/csi-translation-lib). */
const MIGRATED: Readonly<Record<string, string>> = {
  awsElasticBlockStore: 'ebs.csi.aws.com',
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  cinder: 'cinder.csi.openstack.org',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
  portworxVolume: 'pxd.portworx.com',
};

/** Whether a volume of the pod, or the CSI driver behind one, needs a token for the audience. */
function namesAudience(
  pod: KubeObject,
  audience: string,
  parts: NodeTokenParts,
): boolean | { error: string } {
  const errors: string[] = [];
  for (const volume of (pod['spec']?.volumes ?? []) as Fields[]) {
    const sources: Fields[] = volume['projected']?.sources ?? [];
    if (sources.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience))
      return true;
    const driver = driverOf(pod, volume, parts);
    if (typeof driver === 'object') errors.push(driver.error);
    if (!driver || typeof driver === 'object') continue;
    const found = parts.drivers.get('', driver);
    if (!found) errors.push(`csidriver.storage.k8s.io "${driver}" not found`);
    const asked: Fields[] = found?.['spec']?.tokenRequests ?? [];
    if (asked.some((request) => (request['audience'] ?? '') === audience)) return true;
  }
  return errors.length ? { error: aggregateText(errors) } : false;
}

function driverOf(
  pod: KubeObject,
  volume: Fields,
  parts: NodeTokenParts,
): string | { error: string } | undefined {
  const namespace = pod.metadata.namespace ?? '';
  if (volume['ephemeral']?.volumeClaimTemplate)
    return driverOfClaim(namespace, `${pod.metadata.name}-${volume['name']}`, parts);
  if (volume['persistentVolumeClaim'])
    return driverOfClaim(namespace, volume['persistentVolumeClaim'].claimName ?? '', parts);
  return volume['csi'] ? volume['csi'].driver : migrated(volume);
}

function driverOfClaim(
  namespace: string,
  name: string,
  parts: NodeTokenParts,
): string | { error: string } | undefined {
  const claim = parts.claims.get(namespace, name);
  if (!claim) return { error: `persistentvolumeclaim "${name}" not found` };
  const volumeName: string = claim['spec']?.volumeName ?? '';
  const volume = parts.volumes.get('', volumeName);
  if (!volume) return { error: `persistentvolume "${volumeName}" not found` };
  const spec: Fields = volume['spec'] ?? {};
  return spec['csi'] ? spec['csi'].driver : migrated(spec);
}

const migrated = (source: Fields): string | undefined =>
  MIGRATED[Object.keys(MIGRATED).find((kind) => source[kind]) ?? ''];
