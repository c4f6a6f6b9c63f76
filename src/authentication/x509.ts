import type { AuthenticationVerdict, Facts } from '../explain/verdict.ts';
import { CREDENTIAL_ID } from '../meta/user.ts';
import type { AuthenticationRequest, RequestAuthenticator } from './authenticator.ts';
import type { RevocationSource } from './revocation/revocation-lists.ts';
import { fingerprint, type ParsedCertificate } from './x509/certificate.ts';
import { ClientCertificates, type PoolSource } from './x509/client-certificates.ts';

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
/** Kubernetes' own attribute for a user's uid (apimachinery pkg/apis/asn1). */
const USER_UID = '1.3.6.1.4.1.57683.2';

/**
 * Client certificates of `--client-ca-file`: the subject's last CN is the name, its O the groups, in order and with
 * repeats (apiserver pkg/authentication/request/x509/x509.go).
 */
export class ClientCertificateAuthenticator implements RequestAuthenticator {
  readonly name = 'x509';
  readonly #certificates: ClientCertificates;
  readonly #identities = new WeakMap<ParsedCertificate, AuthenticationVerdict>();

  /**
   * @param authorities the certificates of `--client-ca-file`
   * @param revoked the lists of `--client-ca-crl-file`
   */
  constructor(authorities: PoolSource, revoked?: RevocationSource) {
    this.#certificates = new ClientCertificates(authorities, revoked);
  }

  authenticate(request: AuthenticationRequest): AuthenticationVerdict {
    const verified = this.#certificates.verify(request.certificates, request.now);
    if (!verified) return NO_CERTIFICATE;
    if ('fault' in verified) {
      const { code, facts } = verified.fault;
      return { verdict: 'refused', by: this.name, code, facts: { ...facts } };
    }
    let identity = this.#identities.get(verified.leaf);
    if (!identity) {
      identity = certificateIdentity(verified.leaf);
      this.#identities.set(verified.leaf, identity);
    }
    return identity;
  }
}

const NO_CERTIFICATE: AuthenticationVerdict = {
  verdict: 'notMine',
  by: 'x509',
  code: 'X509_NONE',
  facts: {},
};

/** The values of one kind of attribute of the subject, in order. */
export function subjectValues(certificate: ParsedCertificate, type: string): string[] {
  return certificate.subject.filter((a) => a.type === type && a.value !== undefined).map((a) => a.value!);
}

/** The subject's common name as Go has it: the last of several, empty without one. */
export function commonName(certificate: ParsedCertificate): string {
  return subjectValues(certificate, COMMON_NAME).at(-1) ?? '';
}

/** Who a verified certificate says its holder is. */
export function certificateIdentity(certificate: ParsedCertificate): AuthenticationVerdict {
  const by = 'x509';
  const name = commonName(certificate);
  const facts: Facts = { serial: certificate.serial, notAfter: certificate.notAfter };
  if (name === '') return { verdict: 'notMine', by, code: 'X509_NO_COMMON_NAME', facts };
  const uids = subjectValues(certificate, USER_UID);
  if (uids.length > 1)
    return { verdict: 'refused', by, code: 'X509_SEVERAL_UIDS', facts: { ...facts, uids } };
  if (uids[0] === '') return { verdict: 'refused', by, code: 'X509_EMPTY_UID', facts };
  return {
    verdict: 'authenticated',
    by,
    code: 'X509_VERIFIED',
    facts,
    issuedAt: certificate.notBefore,
    user: {
      name,
      ...(uids[0] ? { uid: uids[0] } : {}),
      groups: subjectValues(certificate, ORGANIZATION),
      extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint(certificate.der)}`] },
    },
  };
}
