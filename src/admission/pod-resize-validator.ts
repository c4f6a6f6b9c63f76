import { podTotals } from '../controllers/quota/pod-totals.ts';
import type { KubeObject } from '../meta/object.ts';
import { quantityOf } from '../registry/core/pod/resources.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** Refuses resizes of pods that their node cannot ever carry out (plugin/pkg/admission/podresize). */
export class PodResizeValidator implements AdmissionPlugin {
  readonly name = 'PodResizeValidator';
  readonly resources: readonly string[] = ['pods'];
  readonly #nodes: Lister;

  constructor(nodes: Lister) {
    this.#nodes = nodes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const { object: pod, oldObject, subresource } = attributes;
    const name: string = pod?.['spec']?.nodeName ?? '';
    if (subresource !== 'resize' || !pod || name === '') return ACCEPTED;
    if (oldObject?.metadata.generation === pod.metadata.generation) return ACCEPTED;
    const node = this.#nodes.get('', name);
    if (!node) return forbid(attributes, 'NODE_MISSING', { node: name });
    const os = node.metadata.labels?.['kubernetes.io/os'];
    if (os !== undefined && os !== 'linux')
      return because(forbid(attributes, 'RESIZE_PLATFORM', { node: name, os }), 'UnsupportedPlatform');
    const lacking = shortages(pod, node);
    if (lacking.length === 0) return ACCEPTED;
    return because(forbid(attributes, 'RESIZE_CAPACITY', { node: name, lacking }), 'NodeCapacity');
  }
}

function because(verdict: PluginVerdict, reason: string): PluginVerdict {
  if (verdict.outcome === 'denied') verdict.error.status.details!.causes = [{ reason }];
  return verdict;
}

function shortages(pod: KubeObject, node: KubeObject): string[] {
  const requests = podTotals(pod, 'requests', { overhead: true, hugePages: true });
  const out: string[] = [];
  for (const name of ['cpu', 'memory']) {
    const requested = requests.get(name);
    const allocatable = quantityOf(node['status']?.allocatable?.[name]);
    if (!requested || requested.compare(allocatable) <= 0) continue;
    const [asked, has] =
      name === 'cpu'
        ? [requested.milliValue(), allocatable.milliValue()]
        : [requested.value(), allocatable.value()];
    out.push(`${name}, requested: ${asked}, allocatable: ${has}`);
  }
  return out;
}
