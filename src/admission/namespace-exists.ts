import { notFoundError } from '../meta/status.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { refuse } from './refusal.ts';

/** Refuses whatever is in a namespace that does not exist (plugin/pkg/admission/namespace/exists). */
export class NamespaceExists implements AdmissionPlugin {
  readonly name = 'NamespaceExists';
  readonly #namespaces: Lister;

  constructor(namespaces: Lister) {
    this.#namespaces = namespaces;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation !== 'CONNECT';
  }

  validate({ namespace, kind }: AdmissionAttributes): PluginVerdict {
    if (namespace === '' || (kind.group === '' && kind.kind === 'Namespace')) return ACCEPTED;
    if (this.#namespaces.get('', namespace)) return ACCEPTED;
    return refuse(
      'NAMESPACE_MISSING',
      { namespace },
      notFoundError({ group: '', resource: 'namespaces' }, namespace),
    );
  }
}
