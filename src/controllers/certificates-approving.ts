import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import type { ObjectClient } from '../registry/client.ts';
import { CertificateLoop, NotYet } from './certificate-queue.ts';
import {
  CERTIFICATE_REQUESTS,
  conditionsOf,
  hasCondition,
  KUBELET_CLIENT,
  kubeletClientFault,
  requestOf,
} from './certificate-requests.ts';
import type { Complaint } from './controller.ts';
import type { Wait } from './work-queue.ts';

/** Whether a user may create a subresource of certificatesigningrequests, as a SubjectAccessReview would say. */
export type MayAskFor = (user: UserInfo, subresource: 'selfnodeclient' | 'nodeclient') => Promise<boolean>;

/**
 * Approves client certificates of kubelets: a node's for itself, or for any node by those who bring nodes in
 * (pkg/controller/certificates/approver/sarapprove.go).
 */
export class CertificatesApproving extends CertificateLoop {
  readonly name = 'certificatesigningrequest-approving-controller';
  readonly #may: MayAskFor;

  constructor(client: ObjectClient, may: MayAskFor, complain?: Complaint, wait?: Wait) {
    super(client, complain, wait);
    this.#may = may;
  }

  protected async handle(csr: KubeObject): Promise<void> {
    const { spec } = csr;
    if (spec?.signerName !== KUBELET_CLIENT || hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied'))
      return;
    const request = requestOf(csr);
    if (kubeletClientFault(request, spec.usages ?? [])) return;
    const { username = '', uid, groups = [], extra } = spec;
    const user: UserInfo = { name: username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    if (username === request.subject.commonName && (await this.#may(user, 'selfnodeclient')))
      return this.#approve(csr, 'Auto approving self kubelet client certificate after SubjectAccessReview.');
    if (await this.#may(user, 'nodeclient'))
      return this.#approve(csr, 'Auto approving kubelet client certificate after SubjectAccessReview.');
    // The rights may still come, such as with a binding that is created after its subject.
    throw new NotYet('nobody has the right to that yet');
  }

  async #approve(csr: KubeObject, message: string): Promise<void> {
    const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
    try {
      await this.client.update(
        CERTIFICATE_REQUESTS,
        '',
        csr.metadata.name!,
        (now) => {
          const decided = hasCondition(now, 'Approved') || hasCondition(now, 'Denied');
          // Another request may have come under the name; this one was looked at.
          if (decided || now.metadata.uid !== csr.metadata.uid) return false;
          now['status'] = { ...now['status'], conditions: [...conditionsOf(now), condition] };
          return true;
        },
        'approval',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}
