import { forbiddenError, notFoundError, type StatusError } from '../meta/status.ts';
import type { Lister } from '../registry/lister.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionOperation, type AdmissionPlugin, type PluginVerdict } from './plugin.ts';

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
    return this.#check(attributes);
  }

  /** Deletes have no mutating phase of their own here; the check is the same. */
  validate(attributes: AdmissionAttributes): PluginVerdict {
    return attributes.operation === 'DELETE' ? this.#check(attributes) : ACCEPTED;
  }

  #check(attributes: AdmissionAttributes): PluginVerdict {
    const { operation, resource, namespace, name } = attributes;
    const isNamespace = resource.group === '' && resource.resource === 'namespaces';
    if (operation === 'DELETE') {
      if (!isNamespace || attributes.subresource !== '' || !IMMORTAL.has(name)) return ACCEPTED;
      return denied('NAMESPACE_IMMORTAL', name, forbiddenError(NAMESPACES, name, 'this namespace may not be deleted'));
    }
    if (namespace === '' || isNamespace || operation !== 'CREATE') return ACCEPTED;
    // Access can be reviewed where nothing is yet.
    if (resource.group === 'authorization.k8s.io' && resource.resource === 'localsubjectaccessreviews') return ACCEPTED;
    const found = this.#namespaces.get('', namespace);
    if (!found) return denied('NAMESPACE_MISSING', namespace, notFoundError(NAMESPACES, namespace));
    if (found['status']?.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return ACCEPTED;
    const gr = { group: resource.group, resource: resource.resource };
    const error = forbiddenError(
      gr,
      nameOf(attributes),
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    error.status.details!.causes = [
      { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
    ];
    return denied('NAMESPACE_TERMINATING', namespace, error);
  }
}

/** The name a refusal bears: the object's, or what it will be made from (pkg/admission/errors.go). */
export function nameOf({ name, object }: AdmissionAttributes): string {
  return name || object?.metadata.name || object?.metadata.generateName || '';
}

function denied(code: string, namespace: string, error: StatusError): PluginVerdict {
  return { outcome: 'denied', code, facts: { namespace }, error };
}
