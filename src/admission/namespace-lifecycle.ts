import { forbiddenError, notFoundError } from '../meta/status.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { nameOf, refuse, wordsOf } from './refusal.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
const NAMESPACES = { group: '', resource: 'namespaces' };

/**
 * Refuses to create anything in a namespace that is missing or on its way out, and to delete the namespaces a cluster
 * cannot be without (apiserver pkg/admission/plugin/namespace/lifecycle).
 */
export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = 'NamespaceLifecycle';
  readonly #namespaces: Lister;

  constructor(namespaces: Lister) {
    this.#namespaces = namespaces;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation !== 'CONNECT';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const { operation, resource, namespace, name } = attributes;
    const isNamespace = resource.group === '' && resource.resource === 'namespaces';
    if (operation === 'DELETE') {
      if (!isNamespace || attributes.subresource !== '' || !IMMORTAL.has(name)) return ACCEPTED;
      const facts = { namespace: name };
      return refuse(
        'NAMESPACE_IMMORTAL',
        facts,
        forbiddenError(NAMESPACES, name, wordsOf('NAMESPACE_IMMORTAL', facts)),
      );
    }
    if (namespace === '' || isNamespace) return ACCEPTED;
    // Access can be reviewed where nothing is yet.
    if (resource.group === 'authorization.k8s.io' && resource.resource === 'localsubjectaccessreviews')
      return ACCEPTED;
    const found = this.#namespaces.get('', namespace);
    const facts = { namespace };
    if (!found) return refuse('NAMESPACE_MISSING', facts, notFoundError(NAMESPACES, namespace));
    if (operation !== 'CREATE') return ACCEPTED;
    if (found['status']?.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return ACCEPTED;
    const error = forbiddenError(resource, nameOf(attributes), wordsOf('NAMESPACE_TERMINATING', facts));
    error.status.details!.causes = [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ];
    return refuse('NAMESPACE_TERMINATING', facts, error);
  }
}
