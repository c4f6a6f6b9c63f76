import type { Clock } from '../meta/clock.ts';
import { rfc3339 } from '../meta/clock.ts';
import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { CertificateRequest } from '../pki/certificate-request.ts';
import { type SigningAuthority, signRequest } from '../pki/sign-request.ts';
import type { ObjectClient } from '../registry/client.ts';
import { CertificateLoop } from './certificate-queue.ts';
import {
  CERTIFICATE_REQUESTS,
  clientFault,
  conditionsOf,
  hasCondition,
  KUBE_APISERVER_CLIENT,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  kubeletClientFault,
  kubeletServingFault,
  LEGACY_UNKNOWN,
  requestOf,
} from './certificate-requests.ts';
import type { Complaint } from './controller.ts';
import type { Wait } from './work-queue.ts';

export interface SigningParts {
  client: ObjectClient;
  /** The CA as it is now: its files may be exchanged. Throws where it cannot be read. */
  authority(): SigningAuthority;
  /** How long certificates live where nothing shorter is asked for; `--cluster-signing-duration`. */
  lifetimeMs?: number;
  clock: Clock;
  random(bytes: number): Uint8Array;
  complain?: Complaint;
  wait?: Wait;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const SHORTEST_MS = 10 * 60_000;

type Fault = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

/** What each signer of kube-controller-manager takes (pkg/controller/certificates/signer). */
const SIGNERS: Readonly<Record<string, Fault>> = {
  [KUBE_APISERVER_CLIENT]: clientFault,
  [KUBELET_CLIENT]: kubeletClientFault,
  [KUBELET_SERVING]: kubeletServingFault,
  [LEGACY_UNKNOWN]: () => undefined,
};

/** Issues certificates for approved requests to the signers of `kubernetes.io`, or notes why it does not. */
export class CertificatesSigning extends CertificateLoop {
  readonly name = 'certificatesigningrequest-signing-controller';
  readonly #parts: SigningParts;

  constructor(parts: SigningParts) {
    super(parts.client, parts.complain, parts.wait);
    this.#parts = parts;
  }

  protected async handle(csr: KubeObject): Promise<void> {
    const { signerName, usages = [], expirationSeconds } = csr['spec'] ?? {};
    const faultOf = Object.hasOwn(SIGNERS, signerName ?? '') ? SIGNERS[signerName] : undefined;
    if (
      !faultOf ||
      !hasCondition(csr, 'Approved') ||
      hasCondition(csr, 'Denied') ||
      hasCondition(csr, 'Failed')
    )
      return;
    const request = requestOf(csr);
    const fault = faultOf(request, usages);
    const now = this.#parts.clock.now();
    if (fault !== undefined) {
      const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: fault };
      return this.#write(csr, {
        conditions: [...conditionsOf(csr), { ...failed, lastUpdateTime: rfc3339(now) }],
      });
    }
    const pem = signRequest(request, this.#parts.authority(), {
      usages,
      lifetimeMs: this.#lifetime(expirationSeconds),
      now,
      random: this.#parts.random,
    });
    return this.#write(csr, { certificate: Buffer.from(pem).toString('base64') });
  }

  #lifetime(expirationSeconds: number | undefined): number {
    const longest = this.#parts.lifetimeMs ?? YEAR_MS;
    if (expirationSeconds === undefined) return longest;
    return Math.min(Math.max(expirationSeconds * 1000, SHORTEST_MS), longest);
  }

  /** Only over the very object that was looked at: what was approved is what is signed. */
  async #write(csr: KubeObject, status: object): Promise<void> {
    try {
      await this.client.update(
        CERTIFICATE_REQUESTS,
        '',
        csr.metadata.name!,
        (now) => {
          if (
            now.metadata.uid !== csr.metadata.uid ||
            now.metadata.resourceVersion !== csr.metadata.resourceVersion
          )
            return false;
          now['status'] = { ...now['status'], ...status };
          return true;
        },
        'status',
      );
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}
