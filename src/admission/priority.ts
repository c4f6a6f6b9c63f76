import type { Fields, KubeObject } from '../meta/object.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, forbid } from './refusal.ts';

/** Works out the priority of pods from their class, and keeps to one default class (plugin/pkg/admission/priority). */
export class Priority implements AdmissionPlugin {
  readonly name = 'Priority';
  readonly resources: readonly string[] = ['pods', 'priorityclasses.scheduling.k8s.io'];
  readonly #classes: Lister;

  constructor(classes: Lister) {
    this.#classes = classes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const { resource, subresource, operation, object, oldObject } = attributes;
    if (subresource !== '' || resource.resource !== 'pods' || !object) return ACCEPTED;
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    if (operation === 'UPDATE') {
      for (const field of ['priority', 'preemptionPolicy']) {
        const before = oldObject?.['spec']?.[field];
        if (before !== undefined) spec[field] ??= before;
      }
      return ACCEPTED;
    }
    const name: string = spec['priorityClassName'] || '';
    const found = name ? this.#classes.get('', name) : this.#default();
    if (name && !found) return forbid(attributes, 'PRIORITY_CLASS_MISSING', { name });
    const priority: number = found?.['value'] ?? 0;
    const policy: string | undefined = found ? found['preemptionPolicy'] : 'PreemptLowerPriority';
    if (found) spec['priorityClassName'] = found.metadata.name;
    if (spec['priority'] !== undefined && spec['priority'] !== priority)
      return forbid(attributes, 'PRIORITY_GIVEN', { given: spec['priority'], computed: priority });
    spec['priority'] = priority;
    if (policy !== undefined) {
      const given: string | undefined = spec['preemptionPolicy'];
      if (given !== undefined && given !== policy)
        return forbid(attributes, 'PREEMPTION_POLICY_GIVEN', { given, computed: policy });
      spec['preemptionPolicy'] = policy;
    }
    return changed('PRIORITY_SET', { priority, ...(found ? { class: found.metadata.name } : {}) });
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const { resource, subresource, operation, object } = attributes;
    if (subresource !== '' || resource.resource !== 'priorityclasses') return ACCEPTED;
    if (!object?.['globalDefault']) return ACCEPTED;
    const other = this.#default();
    if (!other || (operation === 'UPDATE' && other.metadata.name === object.metadata.name)) return ACCEPTED;
    return forbid(attributes, 'PRIORITY_CLASS_DEFAULT_TWICE', { name: other.metadata.name });
  }

  /** Should several have become the default at once, the lowest is. */
  #default(): KubeObject | undefined {
    let found: KubeObject | undefined;
    for (const one of this.#classes.list())
      if (one['globalDefault'] && (!found || found['value'] > one['value'])) found = one;
    return found;
  }
}
