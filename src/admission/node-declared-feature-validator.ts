import { deepEqual } from '../meta/deep-equal.ts';
import type { Fields, KubeObject } from '../meta/object.ts';
import { restartsAlways } from '../registry/core/pod/visit.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** Refuses changes of pods that take a feature their node does not say it has (plugin/pkg/admission/nodedeclaredfeatures). */
export class NodeDeclaredFeatureValidator implements AdmissionPlugin {
  readonly name = 'NodeDeclaredFeatureValidator';
  readonly resources: readonly string[] = ['pods'];
  readonly #nodes: Lister;

  constructor(nodes: Lister) {
    this.#nodes = nodes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const { object: pod, oldObject: old, subresource } = attributes;
    if (subresource !== '' && subresource !== 'resize') return ACCEPTED;
    const name: string = pod?.['spec']?.nodeName ?? '';
    if (!pod || !old || name === '' || old.metadata.generation === pod.metadata.generation) return ACCEPTED;
    const needed = featuresNeeded(old, pod);
    if (needed.length === 0) return ACCEPTED;
    const node = this.#nodes.get('', name);
    if (!node) return forbid(attributes, 'NODE_MISSING', { node: name });
    const declared: string[] = node['status']?.declaredFeatures ?? [];
    const missing = needed.filter((feature) => !declared.includes(feature));
    return missing.length ? forbid(attributes, 'NODE_FEATURE_MISSING', { node: name, missing }) : ACCEPTED;
  }
}

/** By name; features that only scheduling asks for are left out (component-helpers nodedeclaredfeatures/features). */
function featuresNeeded(old: KubeObject, pod: KubeObject): string[] {
  const needed: string[] = [];
  if (!deepEqual(old['spec']?.resources, pod['spec']?.resources))
    needed.push('InPlacePodLevelResourcesVerticalScaling');
  const now: Fields[] = pod['spec']?.initContainers ?? [];
  const before: Fields[] = old['spec']?.initContainers ?? [];
  if (
    before.some(
      (container, i) =>
        !restartsAlways(container) && !deepEqual(container['resources'], now[i]?.['resources']),
    )
  )
    needed.push('InPlacePodVerticalScalingInitContainers');
  return needed;
}
