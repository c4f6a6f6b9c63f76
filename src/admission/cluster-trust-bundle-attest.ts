import { deepEqual } from '../meta/deep-equal.ts';
import type { KubeObject } from '../meta/object.ts';
import type { Authorize } from './authorize.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';
import { mayActForSigner } from './signer-rights.ts';

/** Lets trust bundles of a signer be written by those who may for it (plugin/pkg/admission/certificates/ctbattest). */
export class ClusterTrustBundleAttest implements AdmissionPlugin {
  readonly name = 'ClusterTrustBundleAttest';
  readonly resources: readonly string[] = ['clustertrustbundles.certificates.k8s.io'];
  readonly #authorization: Authorize;

  constructor(authorization: Authorize) {
    this.#authorization = authorization;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    const signer: string = attributes.object?.['spec']?.signerName ?? '';
    if (signer === '' || changesCollectorFieldsOnly(attributes.object!, attributes.oldObject))
      return ACCEPTED;
    return this.#judge(attributes, signer);
  }

  async #judge(attributes: AdmissionAttributes, signer: string): Promise<PluginVerdict> {
    return (await mayActForSigner(this.#authorization, attributes.user, 'attest', signer))
      ? ACCEPTED
      : forbid(attributes, 'SIGNER_ATTEST_DENIED', { signer });
  }
}

/** The garbage collector, and rewriting what is stored, need no right for the signer. */
function changesCollectorFieldsOnly(object: KubeObject, old: KubeObject | undefined): boolean {
  if (!old) return false;
  const without = ({ metadata, ...rest }: KubeObject) => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _fields, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return deepEqual(without(object), without(old));
}
