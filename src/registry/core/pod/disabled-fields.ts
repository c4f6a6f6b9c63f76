import type { Fields } from '../../../meta/object.ts';

/**
 * Fields behind feature gates that v1.36 leaves off are dropped from what a client sends, as if unknown
 * (pkg/api/pod/util.go, dropDisabledFields). None of them can be in a stored object.
 */
export function dropDisabledPodFields(spec: Fields | undefined): void {
  if (!spec) return;
  // GenericWorkload
  delete spec['schedulingGroup'];
  for (const volume of spec['volumes'] ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      // ClusterTrustBundleProjection, PodCertificateRequest
      delete source.clusterTrustBundle;
      delete source.podCertificate;
    }
  }
  for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
    // ContainerStopSignals
    for (const container of spec[list] ?? []) {
      if (container.lifecycle?.stopSignal === undefined) continue;
      delete container.lifecycle.stopSignal;
      if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
    }
  }
}

/** The same for status: DRANodeAllocatableResources and ImageVolumeWithDigest. */
export function dropDisabledPodStatusFields(status: Fields | undefined): void {
  if (!status) return;
  delete status['nodeAllocatableResourceClaimStatuses'];
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    for (const container of status[list] ?? [])
      for (const mount of container.volumeMounts ?? []) delete mount.volumeStatus;
  }
}
