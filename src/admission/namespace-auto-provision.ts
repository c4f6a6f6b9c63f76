import { isStatus, StatusError } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, forbid } from './refusal.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };

/** Creates the namespace that something is to be created in, where it is missing (plugin/pkg/admission/namespace/autoprovision). */
export class NamespaceAutoProvision implements AdmissionPlugin {
  readonly name = 'NamespaceAutoProvision';
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const { namespace, dryRun, kind } = attributes;
    if (dryRun || namespace === '' || (kind.group === '' && kind.kind === 'Namespace')) return ACCEPTED;
    if (this.#client.lister(NAMESPACES)?.get('', namespace)) return ACCEPTED;
    return this.#provision(attributes);
  }

  async #provision(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const { namespace } = attributes;
    try {
      await this.#client.create(NAMESPACES, '', { metadata: { name: namespace } });
      return changed('NAMESPACE_PROVISIONED', { namespace });
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return ACCEPTED;
      if (!(error instanceof StatusError)) throw error;
      return forbid(attributes, 'NAMESPACE_NOT_PROVISIONED', { namespace, error: error.message });
    }
  }
}
