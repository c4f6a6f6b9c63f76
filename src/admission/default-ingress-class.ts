import type { Fields } from '../meta/object.ts';
import type { Lister } from '../registry/lister.ts';
import { defaultClass } from './default-class.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const IS_DEFAULT = ['ingressclass.kubernetes.io/is-default-class'];
const LEGACY_CLASS = 'kubernetes.io/ingress.class';

/** Gives Ingresses that name no class the default one (plugin/pkg/admission/network/defaultingressclass). */
export class DefaultIngressClass implements AdmissionPlugin {
  readonly name = 'DefaultIngressClass';
  readonly resources: readonly string[] = ['ingresses.networking.k8s.io'];
  readonly #classes: Lister;

  constructor(classes: Lister) {
    this.#classes = classes;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    if (subresource !== '' || !object) return ACCEPTED;
    if (object['spec']?.ingressClassName !== undefined) return ACCEPTED;
    if (object.metadata.annotations?.[LEGACY_CLASS] !== undefined) return ACCEPTED;
    const found = defaultClass(this.#classes, IS_DEFAULT);
    if (!found) return ACCEPTED;
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    spec['ingressClassName'] = found.metadata.name;
    return changed('INGRESS_CLASS_SET', { name: found.metadata.name });
  }
}
