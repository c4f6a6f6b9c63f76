import type { Fields } from '../meta/object.ts';
import { isExtendedResource } from '../registry/core/resource-names.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

/** Lets pods that ask for a vendor's resource onto nodes tainted for it (plugin/pkg/admission/extendedresourcetoleration). */
export class ExtendedResourceToleration implements AdmissionPlugin {
  readonly name = 'ExtendedResourceToleration';
  readonly resources: readonly string[] = ['pods'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = object?.['spec'];
    if (subresource !== '' || !spec) return ACCEPTED;
    const asked = new Set<string>();
    for (const container of [...(spec['containers'] ?? []), ...(spec['initContainers'] ?? [])])
      for (const name of Object.keys(container.resources?.requests ?? {}))
        if (isExtendedResource(name)) asked.add(name);
    if (asked.size === 0) return ACCEPTED;
    const names = [...asked].sort();
    for (const name of names) addOrUpdate(spec, { key: name, operator: 'Exists', effect: 'NoSchedule' });
    return changed('TOLERATIONS_ADDED', { keys: names });
  }
}

/** In the place of the toleration for the same taint, or last (AddOrUpdateTolerationInPod in pkg/apis/core/helper). */
function addOrUpdate(spec: Fields, toleration: Fields): void {
  const tolerations: Fields[] = spec['tolerations'] ?? [];
  const known = tolerations.some((own) => sameTaint(own, toleration));
  spec['tolerations'] = known
    ? tolerations.map((own) => (sameTaint(own, toleration) ? toleration : own))
    : [...tolerations, toleration];
}

const sameTaint = (a: Fields, b: Fields): boolean =>
  ['key', 'effect', 'operator', 'value'].every((field) => (a[field] ?? '') === (b[field] ?? ''));
