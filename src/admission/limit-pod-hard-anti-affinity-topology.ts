import type { Fields } from '../meta/object.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/** Refuses pods that must keep away from others by anything but the host (plugin/pkg/admission/antiaffinity). */
export class LimitPodHardAntiAffinityTopology implements AdmissionPlugin {
  readonly name = 'LimitPodHardAntiAffinityTopology';
  readonly resources: readonly string[] = ['pods'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    if (attributes.subresource !== '') return ACCEPTED;
    const terms: Fields[] =
      attributes.object?.['spec']?.affinity?.podAntiAffinity
        ?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const { topologyKey = '' } of terms)
      if (topologyKey !== HOSTNAME)
        return forbid(attributes, 'ANTI_AFFINITY_TOPOLOGY', { topologyKey, allowed: HOSTNAME });
    return ACCEPTED;
  }
}
