import type { KubeObject } from '../meta/object.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** Copies where a node stands to the pods bound to it; of a Binding, the registry takes it on (plugin/pkg/admission/podtopologylabels). */
export class PodTopologyLabels implements AdmissionPlugin {
  readonly name = 'PodTopologyLabels';
  readonly resources: readonly string[] = ['pods'];
  readonly #nodes: Lister;

  constructor(nodes: Lister) {
    this.#nodes = nodes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    if (!object) return ACCEPTED;
    const node = nodeOf(object, subresource);
    const labels = node ? this.#nodes.get('', node)?.metadata.labels : undefined;
    const copied = LABELS.filter((name) => labels?.[name] !== undefined);
    if (copied.length === 0) return ACCEPTED;
    object.metadata.labels = {
      ...object.metadata.labels,
      ...Object.fromEntries(copied.map((name) => [name, labels![name]!])),
    };
    return changed('TOPOLOGY_LABELS_COPIED', { node, labels: copied });
  }
}

function nodeOf(object: KubeObject, subresource: string): string | undefined {
  if (subresource === '') return object['spec']?.nodeName;
  const { target } = object;
  return subresource === 'binding' && target?.kind === 'Node' ? target.name : undefined;
}
