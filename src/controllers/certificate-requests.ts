import type { Fields, KubeObject } from '../meta/object.ts';
import { type CertificateRequest, parseCertificateRequest } from '../pki/certificate-request.ts';

/** What control loops ask of CertificateSigningRequests (pkg/controller/certificates, pkg/apis/certificates/helpers.go). */

export const CERTIFICATE_REQUESTS = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };

export const KUBE_APISERVER_CLIENT = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const LEGACY_UNKNOWN = 'kubernetes.io/legacy-unknown';

const NODE_PREFIX = 'system:node:';

export const conditionsOf = (csr: KubeObject): Fields[] => csr['status']?.conditions ?? [];
export const hasCondition = (csr: KubeObject, type: string): boolean =>
  conditionsOf(csr).some((condition) => condition['type'] === type);
export const isIssued = (csr: KubeObject): boolean => Boolean(csr['status']?.certificate);

/** The request that is to be signed. Throws an Error where it cannot be read. */
export function requestOf(csr: KubeObject): CertificateRequest {
  const parsed = parseCertificateRequest(
    Buffer.from(csr['spec']?.request ?? '', 'base64').toString('latin1'),
  );
  if (typeof parsed === 'string') throw new Error(`unable to parse csr "${csr.metadata.name}": ${parsed}`);
  return parsed;
}

/** Why a request is none for a kubelet's client certificate; undefined where it is one. */
export function kubeletClientFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length) return 'IP subjectAltNames are not allowed';
  if (request.uris.length) return 'URI subjectAltNames are not allowed';
  if (!request.subject.commonName.startsWith(NODE_PREFIX))
    return 'subject common name does not begin with system:node:';
  return usagesFault(usages, 'client auth');
}

/** The same for a kubelet's serving certificate. */
export function kubeletServingFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length + request.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length) return 'Email subjectAltNames are not allowed';
  if (request.uris.length) return 'URI subjectAltNames are not allowed';
  const fault = usagesFault(usages, 'server auth');
  if (fault) return fault;
  return request.subject.commonName.startsWith(NODE_PREFIX)
    ? undefined
    : 'subject common name does not begin with system:node:';
}

/** The same for the client certificate of anybody. */
export function clientFault(_request: CertificateRequest, usages: readonly string[]): string | undefined {
  const wrong = usages.find(
    (usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage),
  );
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth';
}

const isNodesOnly = ({ subject }: CertificateRequest): boolean =>
  subject.organizations.length === 1 && subject.organizations[0] === 'system:nodes';

/** Keys that cannot encipher need not say they do. */
function usagesFault(usages: readonly string[], extended: string): string | undefined {
  const given = new Set(usages);
  const allowed = given.has('digital signature') && given.has(extended);
  const rest = [...given].filter((usage) => usage !== 'digital signature' && usage !== extended);
  if (allowed && rest.every((usage) => usage === 'key encipherment')) return undefined;
  const required = ['digital signature', 'key encipherment', extended].sort();
  return `usages did not match [${required.join(' ')}]`;
}
