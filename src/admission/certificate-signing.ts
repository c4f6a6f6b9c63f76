import { deepEqual } from '../meta/deep-equal.ts';
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

/** Lets certificates, or the failure to issue them, be filled in by those who may for their signer (plugin/pkg/admission/certificates/signing). */
export class CertificateSigning implements AdmissionPlugin {
  readonly name = 'CertificateSigning';
  readonly resources: readonly string[] = ['certificatesigningrequests.certificates.k8s.io'];
  readonly #authorization: Authorize;

  constructor(authorization: Authorize) {
    this.#authorization = authorization;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    if (attributes.subresource !== 'status') return ACCEPTED;
    const now = attributes.object?.['status'];
    const before = attributes.oldObject?.['status'];
    if (
      (now?.certificate ?? '') === (before?.certificate ?? '') &&
      deepEqual(now?.conditions, before?.conditions)
    )
      return ACCEPTED;
    return this.#judge(attributes);
  }

  async #judge(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const signer: string = attributes.oldObject?.['spec']?.signerName ?? '';
    return (await mayActForSigner(this.#authorization, attributes.user, 'sign', signer))
      ? ACCEPTED
      : forbid(attributes, 'SIGNER_SIGN_DENIED', { signer });
  }
}
