import { parseCertificateRequest } from '../pki/certificate-request.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';

/** Nobody gets a client certificate of system:masters by asking for it (plugin/pkg/admission/certificates/subjectrestriction). */
export class CertificateSubjectRestriction implements AdmissionPlugin {
  readonly name = 'CertificateSubjectRestriction';
  readonly resources: readonly string[] = ['certificatesigningrequests.certificates.k8s.io'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const spec = attributes.object?.['spec'];
    if (attributes.subresource !== '' || spec?.signerName !== CLIENT_SIGNER) return ACCEPTED;
    const parsed = parseCertificateRequest(Buffer.from(spec.request ?? '', 'base64').toString('latin1'));
    if (typeof parsed === 'string')
      return forbid(attributes, 'CERTIFICATE_REQUEST_UNREADABLE', { error: parsed });
    return parsed.subject.organizations.includes(MASTERS)
      ? forbid(attributes, 'CERTIFICATE_SUBJECT_RESTRICTED', { signer: CLIENT_SIGNER, group: MASTERS })
      : ACCEPTED;
  }
}
