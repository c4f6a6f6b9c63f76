import type { Fields } from '../../../meta/object.ts';
import { part } from './part.ts';
import { defaultPodResources } from './pod-resources.ts';

/** What kube-apiserver fills into pod specs (pkg/apis/core/v1/defaults.go, zz_generated.defaults.go). */

const FILE_MODE = 0o644;
const EMPTY: readonly Fields[] = [];
const FILE_VOLUMES = ['secret', 'configMap', 'downwardAPI', 'projected'];

/** An image without tag and digest is `latest`, and is pulled anew each time. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const reference = image ?? '';
  // What does not parse as a reference has no tag to speak of (util/parsers.ParseImageName).
  if (!/^[A-Za-z0-9[][A-Za-z0-9._:/@+[\]-]*$/.test(reference)) return 'IfNotPresent';
  const at = reference.indexOf('@');
  const named = at < 0 ? reference : reference.slice(0, at);
  const last = named.slice(named.lastIndexOf('/') + 1);
  const colon = last.lastIndexOf(':');
  if (colon >= 0) return last.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
  return at < 0 ? 'Always' : 'IfNotPresent';
}

/** Defaults of a pod spec, wherever it stands. Those of a Pod alone are in defaultPod. */
export function defaultPodSpec(spec: Fields): void {
  // `serviceAccount` is the old name of the field; clients see both (Convert_v1_PodSpec_To_core_PodSpec and back).
  if (!spec['serviceAccountName'] && spec['serviceAccount'])
    spec['serviceAccountName'] = spec['serviceAccount'];
  if (spec['serviceAccountName']) spec['serviceAccount'] = spec['serviceAccountName'];
  spec['dnsPolicy'] ||= 'ClusterFirst';
  spec['restartPolicy'] ||= 'Always';
  spec['securityContext'] ??= {};
  spec['terminationGracePeriodSeconds'] ??= 30;
  spec['schedulerName'] ||= 'default-scheduler';
  for (const volume of spec['volumes'] ?? EMPTY) defaultVolume(volume);
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of spec[list] ?? EMPTY) defaultContainer(container);
  }
}

/** What only Pods get, not templates: requests follow limits, ports of the host are filled in (SetDefaults_Pod). */
export function defaultPod(spec: Fields): void {
  for (const list of ['containers', 'initContainers']) {
    for (const container of spec[list] ?? EMPTY) {
      const limits: Fields | undefined = container.resources?.limits;
      if (!limits) continue;
      const requests: Fields = container.resources.requests ?? {};
      let added = false;
      for (const name of Object.keys(limits)) {
        if (requests[name] !== undefined) continue;
        requests[name] = limits[name];
        added = true;
      }
      if (added) container.resources.requests = requests;
    }
    if (!spec['hostNetwork']) continue;
    for (const container of spec[list] ?? EMPTY)
      for (const port of container.ports ?? EMPTY) port.hostPort ||= port.containerPort;
  }
  defaultPodResources(spec);
  spec['enableServiceLinks'] ??= true;
  if (spec['terminationGracePeriodSeconds'] < 0) spec['terminationGracePeriodSeconds'] = 1;
}

function defaultFieldRef(ref: Fields | undefined): void {
  if (ref) ref['apiVersion'] ||= 'v1';
}

function defaultVolume(volume: Fields): void {
  let sources = 0;
  for (const name in volume)
    if (name !== 'name' && volume[name] !== undefined && volume[name] !== null) sources++;
  if (sources === 0) volume['emptyDir'] = {};
  for (const kind of FILE_VOLUMES) if (volume[kind]) volume[kind].defaultMode ??= FILE_MODE;
  for (const file of volume['downwardAPI']?.items ?? EMPTY) defaultFieldRef(file.fieldRef);
  if (volume['hostPath']) volume['hostPath'].type ??= '';
  for (const source of volume['projected']?.sources ?? EMPTY) {
    for (const file of source.downwardAPI?.items ?? EMPTY) defaultFieldRef(file.fieldRef);
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
  }
  const image: Fields | undefined = volume['image'];
  if (image) image['pullPolicy'] ||= defaultPullPolicy(image['reference']);
  const claim: Fields | undefined = volume['ephemeral']?.volumeClaimTemplate;
  if (claim) {
    claim['spec'] ??= {};
    claim['spec'].volumeMode ??= 'Filesystem';
  }
  defaultVendorVolume(volume);
}

function defaultVendorVolume(volume: Fields): void {
  if (volume['iscsi']) volume['iscsi'].iscsiInterface ||= 'default';
  const rbd: Fields | undefined = volume['rbd'];
  if (rbd) {
    rbd['pool'] ||= 'rbd';
    rbd['user'] ||= 'admin';
    rbd['keyring'] ||= '/etc/ceph/keyring';
  }
  const azure: Fields | undefined = volume['azureDisk'];
  if (azure) {
    azure['cachingMode'] ??= 'ReadWrite';
    azure['fsType'] ??= 'ext4';
    azure['readOnly'] ??= false;
    azure['kind'] ??= 'Shared';
  }
  const scaleIo: Fields | undefined = volume['scaleIO'];
  if (scaleIo) {
    scaleIo['storageMode'] ||= 'ThinProvisioned';
    scaleIo['fsType'] ||= 'xfs';
  }
}

function defaultContainer(container: Fields): void {
  container['imagePullPolicy'] ||= defaultPullPolicy(container['image']);
  container['terminationMessagePath'] ||= '/dev/termination-log';
  container['terminationMessagePolicy'] ||= 'File';
  container['resources'] ??= {};
  for (const port of container['ports'] ?? EMPTY) port['protocol'] ||= 'TCP';
  for (const variable of container['env'] ?? EMPTY) {
    const from: Fields | undefined = variable['valueFrom'];
    if (!from) continue;
    defaultFieldRef(from['fieldRef']);
    if (from['fileKeyRef']) from['fileKeyRef'].optional ??= false;
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe: Fields | undefined = container[name];
    if (!probe) continue;
    probe['timeoutSeconds'] ||= 1;
    probe['periodSeconds'] ||= 10;
    probe['successThreshold'] ||= 1;
    probe['failureThreshold'] ||= 3;
    defaultHttpGet(probe['httpGet']);
    if (probe['grpc']) probe['grpc'].service ??= '';
  }
  const lifecycle: Fields | undefined = container['lifecycle'];
  if (lifecycle) {
    defaultHttpGet(lifecycle['postStart']?.httpGet);
    defaultHttpGet(lifecycle['preStop']?.httpGet);
  }
}

function defaultHttpGet(http: Fields | undefined): void {
  if (!http) return;
  http['path'] ||= '/';
  http['scheme'] ||= 'HTTP';
}

/** The pod template of a workload: present, with its metadata and its spec's defaults. */
export function defaultTemplate(owner: Fields, field = 'template'): void {
  const template: Fields = part(owner, field);
  template['metadata'] ??= {};
  template['spec'] ??= {};
  defaultPodSpec(template['spec']);
}
