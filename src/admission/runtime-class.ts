import type { Fields, KubeObject } from '../meta/object.ts';
import { quantityOf } from '../registry/core/pod/resources.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, forbid } from './refusal.ts';
import { mergeTolerations } from './tolerations.ts';

/** Adds to pods what their RuntimeClass costs and where it is to be had (plugin/pkg/admission/runtimeclass). */
export class RuntimeClass implements AdmissionPlugin {
  readonly name = 'RuntimeClass';
  readonly resources: readonly string[] = ['pods'];
  readonly #classes: Lister;

  constructor(classes: Lister) {
    this.#classes = classes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = attributes.object?.['spec'];
    const name: string | undefined = spec?.['runtimeClassName'];
    if (attributes.subresource !== '' || !spec || name === undefined) return ACCEPTED;
    const found = this.#classes.get('', name);
    if (!found) return forbid(attributes, 'RUNTIME_CLASS_MISSING', { name });
    const overhead = overheadOf(found);
    if (overhead) {
      if (amounts(spec['overhead']).length && !sameAmounts(overhead, spec['overhead']))
        return forbid(attributes, 'OVERHEAD_DIFFERS', { name });
      if (Object.keys(overhead).length) spec['overhead'] = { ...overhead };
    }
    return schedule(attributes, spec, found) ?? changed('RUNTIME_CLASS_APPLIED', { name });
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = attributes.object?.['spec'];
    if (attributes.subresource !== '' || !spec) return ACCEPTED;
    const name: string | undefined = spec['runtimeClassName'];
    const found = name === undefined ? undefined : this.#classes.get('', name);
    if (name !== undefined && !found) return forbid(attributes, 'RUNTIME_CLASS_MISSING', { name });
    const overhead = found && overheadOf(found);
    if (overhead)
      return sameAmounts(overhead, spec['overhead'])
        ? ACCEPTED
        : forbid(attributes, 'OVERHEAD_DIFFERS', { name });
    return spec['overhead'] === undefined ? ACCEPTED : forbid(attributes, 'OVERHEAD_WITHOUT_CLASS');
  }
}

function schedule(
  attributes: AdmissionAttributes,
  spec: Fields,
  found: KubeObject,
): PluginVerdict | undefined {
  const scheduling: Fields | undefined = found['scheduling'];
  if (!scheduling) return undefined;
  const selector: Record<string, string> = { ...spec['nodeSelector'] };
  for (const [key, value] of Object.entries(scheduling['nodeSelector'] ?? {}) as [string, string][]) {
    if (Object.hasOwn(selector, key) && selector[key] !== value)
      return forbid(attributes, 'RUNTIME_CLASS_NODE_SELECTOR', { key, class: value, pod: selector[key] });
    selector[key] = value;
  }
  if (Object.keys(selector).length) spec['nodeSelector'] = selector;
  const tolerations = mergeTolerations(spec['tolerations'] ?? [], scheduling['tolerations'] ?? []);
  if (tolerations.length) spec['tolerations'] = tolerations;
  return undefined;
}

const overheadOf = (found: KubeObject): Fields | undefined =>
  found['overhead'] ? (found['overhead'].podFixed ?? {}) : undefined;

const amounts = (list: Fields | undefined): [string, unknown][] => Object.entries(list ?? {});

function sameAmounts(a: Fields | undefined, b: Fields | undefined): boolean {
  return (
    amounts(a).length === amounts(b).length &&
    amounts(a).every(
      ([name, value]) => b?.[name] !== undefined && quantityOf(value).equals(quantityOf(b[name])),
    )
  );
}
