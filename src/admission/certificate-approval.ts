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

/** Lets requests for certificates be approved by those who may for their signer (plugin/pkg/admission/certificates/approval). */
export class CertificateApproval implements AdmissionPlugin {
  readonly name = 'CertificateApproval';
  readonly resources: readonly string[] = ['certificatesigningrequests.certificates.k8s.io'];
  readonly #authorization: Authorize;

  constructor(authorization: Authorize) {
    this.#authorization = authorization;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict | Promise<PluginVerdict> {
    return attributes.subresource === 'approval' ? this.#judge(attributes) : ACCEPTED;
  }

  async #judge(attributes: AdmissionAttributes): Promise<PluginVerdict> {
    const signer: string = attributes.oldObject?.['spec']?.signerName ?? '';
    return (await mayActForSigner(this.#authorization, attributes.user, 'approve', signer))
      ? ACCEPTED
      : forbid(attributes, 'SIGNER_APPROVE_DENIED', { signer });
  }
}
