import type { Fields } from '../meta/object.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** Taints new nodes, so that nothing is scheduled on them before they are ready (plugin/pkg/admission/nodetaint). */
export class TaintNodesByCondition implements AdmissionPlugin {
  readonly name = 'TaintNodesByCondition';
  readonly resources: readonly string[] = ['nodes'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    if (subresource !== '' || !object) return ACCEPTED;
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    const taints: Fields[] = spec['taints'] ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect))
      return ACCEPTED;
    spec['taints'] = [...taints, { ...NOT_READY }];
    return changed('NODE_TAINTED', { taint: NOT_READY.key });
  }
}
