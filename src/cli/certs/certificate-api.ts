import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../meta/object.ts';
import { namePart, readCertificates, readPrivateKey } from '../../pki/issued-certificate.ts';
import { type ClusterClient, ClusterError } from '../cluster-client.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const SIGNER = 'kubernetes.io/kube-apiserver-client';
const POLL_MS = 500;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** The shortest that a signer gives (certificates.k8s.io/v1 expirationSeconds). */
const SHORTEST_S = 600;

export interface ApiSigning {
  client: ClusterClient;
  validityMs: number;
  /** How long to wait for somebody to approve, where the caller may not. */
  timeoutMs: number;
  tell(text: string): void;
  wait(ms: number): Promise<void>;
  clock(): number;
}

/** Why the API can't issue a certificate like this one; undefined where it can. */
export function refusalOfApi(certificatePem: string): string | undefined {
  const certificate = readCertificates(certificatePem)[0]!;
  const usages = certificate.keyUsage ?? [];
  if (usages.includes(SERVER_AUTH) || !usages.includes(CLIENT_AUTH))
    return `the API has no signer for it: ${SIGNER} issues client certificates alone. Renew it from the CA`;
  if (namePart(certificate.subject, 'O').includes('system:masters'))
    return 'the API issues nothing for system:masters (CertificateSubjectRestriction). Renew it from the CA';
  return undefined;
}

/** Has a request signed through the API (certificates.k8s.io): created, approved where that is allowed, waited for. */
export async function signByApi(requestPem: string, what: string, options: ApiSigning): Promise<string> {
  const { client, validityMs, tell, timeoutMs, wait, clock } = options;
  const name = `sallyport-${what
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)}-${randomBytes(4).toString('hex')}`;
  if (validityMs < SHORTEST_S * 1000) throw new Error('the API gives nothing shorter than 10m');
  const created = await asked(client, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName: SIGNER,
      usages: ['digital signature', 'key encipherment', 'client auth'],
      expirationSeconds: Math.min(Math.floor(validityMs / 1000), 2 ** 31 - 1),
    },
  });
  await approve(client, created, tell);
  const deadline = clock() + timeoutMs;
  for (;;) {
    const { status = {} } = (await client.get(`${REQUESTS}/${name}`)) as KubeObject & {
      status?: { certificate?: string; conditions?: { type: string; message?: string }[] };
    };
    if (status.certificate) return Buffer.from(status.certificate, 'base64').toString('utf8');
    const bad = status.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (bad)
      throw new Error(
        `the request ${name} was ${bad.type === 'Denied' ? 'denied' : 'not signed'}${bad.message ? `: ${bad.message}` : ''}`,
      );
    if (clock() > deadline)
      throw new Error(
        `nobody has ${status.conditions?.length ? 'signed' : 'approved'} the request ${name} within ${Math.round(timeoutMs / 1000)} s; kubectl get csr ${name} shows how it stands (--timeout waits longer)`,
      );
    await wait(POLL_MS);
  }
}

/** Who may not ask is told who may. */
async function asked(client: ClusterClient, request: object): Promise<KubeObject> {
  try {
    return await client.post(REQUESTS, request);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    throw new Error(`${error.message}; somebody who may can ask in your place: --kubeconfig FILE`);
  }
}

async function approve(
  client: ClusterClient,
  request: KubeObject,
  tell: (text: string) => void,
): Promise<void> {
  const { name } = request.metadata;
  const conditions = [
    {
      type: 'Approved',
      status: 'True',
      reason: 'SallyportApprove',
      message: 'Approved by whoever asked for it with sallyport',
    },
  ];
  try {
    await client.put(`${REQUESTS}/${name}/approval`, { ...request, status: { conditions } });
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    tell(`You may not approve it yourself; somebody has to: kubectl certificate approve ${name}\n`);
  }
}

/** A certificate like another one, for a key, through the API. Rejects with an Error that says why not. */
export async function renewByApi(
  certificatePem: string,
  keyPem: string,
  what: string,
  options: ApiSigning,
): Promise<string> {
  const refusal = refusalOfApi(certificatePem);
  if (refusal) throw new Error(refusal);
  const { requestLike } = await import('../../pki/reissue-certificate.ts');
  return signByApi(await requestLike(certificatePem, readPrivateKey(keyPem)), what, options);
}
