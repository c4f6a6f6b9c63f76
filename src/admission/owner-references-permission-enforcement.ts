import { resourceAttributes } from '../authorization/attributes.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import { type KubeObject, type OwnerReference, parseGroupVersion } from '../meta/object.ts';
import type { Authorize } from './authorize.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** The resources of a kind that are served. */
export type ResourcesOfKind = (kind: {
  group: string;
  version: string;
  kind: string;
}) => { group: string; version: string; resource: string; namespaced: boolean }[];

/**
 * Nobody has an object deleted by giving it an owner who may not delete it, or holds an owner up who may not change its
 * finalizers (plugin/pkg/admission/gc).
 */
export class OwnerReferencesPermissionEnforcement implements AdmissionPlugin {
  readonly name = 'OwnerReferencesPermissionEnforcement';
  readonly #authorization: Authorize;
  readonly #resourcesOf: ResourcesOfKind;

  constructor(authorization: Authorize, resourcesOf: ResourcesOfKind) {
    this.#authorization = authorization;
    this.#resourcesOf = resourcesOf;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const { resource, subresource, object, oldObject } = attributes;
    // The kind's own rules keep a status from changing owners.
    if (resource.group === '' && resource.resource === 'pods' && subresource === 'status') return ACCEPTED;
    if (!object?.metadata || deepEqual(ownersOf(object), ownersOf(oldObject))) return ACCEPTED;
    return this.#judge(attributes);
  }

  async #judge(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const { operation, resource, subresource, namespace, name, user } = attributes;
    if (operation !== 'CREATE') {
      const { group, version } = resource;
      const asked = {
        verb: 'delete',
        namespace,
        group,
        version,
        resource: resource.resource,
        subresource,
        name,
      };
      const outcome = await this.#authorization.authorize(resourceAttributes(user, asked));
      if (outcome.decision !== 'allow')
        return forbid(attributes, 'OWNED_NOT_DELETABLE', { reason: outcome.reason, error: outcome.error });
    }
    const blocking = newlyBlocking(attributes);
    if (blocking.length === 0) return ACCEPTED;
    const anything = { group: '*', version: '*', resource: '*', subresource: 'finalizers', name: '*' };
    const all = await this.#authorization.authorize(
      resourceAttributes(user, { verb: 'update', ...anything }),
    );
    if (all.decision === 'allow') return ACCEPTED;
    for (const owner of blocking) {
      const refusal = await this.#mayFinalize(attributes, owner);
      if (refusal) return refusal;
    }
    return ACCEPTED;
  }

  async #mayFinalize(
    attributes: AdmissionAttributes,
    owner: OwnerReference,
  ): Promise<PluginVerdict | undefined> {
    const { apiVersion, kind, name } = owner;
    const unknown = (error: string): PluginVerdict =>
      forbid(attributes, 'OWNER_KIND_UNKNOWN', { apiVersion, kind, error });
    const parsed = parseGroupVersion(apiVersion);
    if (!parsed) return unknown(`unexpected GroupVersion string: ${apiVersion}`);
    const resources = this.#resourcesOf({ ...parsed, kind });
    if (resources.length === 0)
      return unknown(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    for (const { namespaced, ...gvr } of resources) {
      const namespace = namespaced ? attributes.namespace : '';
      const asked = { verb: 'update', ...gvr, subresource: 'finalizers', name, namespace };
      const outcome = await this.#authorization.authorize(resourceAttributes(attributes.user, asked));
      if (outcome.decision !== 'allow')
        return forbid(attributes, 'OWNER_NOT_FINALIZABLE', { reason: outcome.reason, error: outcome.error });
    }
    return undefined;
  }
}

const ownersOf = (object: KubeObject | undefined): OwnerReference[] => object?.metadata.ownerReferences ?? [];

/** The references that hold their owner up from now on. */
function newlyBlocking({ object, oldObject }: AdmissionAttributes): OwnerReference[] {
  const before = new Map(ownersOf(oldObject).map((owner) => [owner.uid, owner]));
  return ownersOf(object).filter(
    (owner) => owner.blockOwnerDeletion === true && before.get(owner.uid)?.blockOwnerDeletion !== true,
  );
}
