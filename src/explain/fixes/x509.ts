import type { Fixes } from './fix.ts';
import { at, either, expired, notYet, shellWord } from './phrases.ts';

interface CertificateFacts {
  role?: string;
  commonName?: string;
}

/** RFC 5280 section 4.2.1.12. */
const USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};
const usageName = (oid: string): string => USAGES[oid] ?? oid;

/** The certificate that is to blame: the client's own, or one above it. */
function which({ role = 'leaf', commonName }: CertificateFacts): string {
  const own = commonName ? `the client certificate of ${commonName}` : 'the client certificate';
  return role === 'leaf' ? own : `an authority above ${own}`;
}

/** Authorities are renewed where they are kept; a client's certificate with the kubeconfig that holds it. */
function renewal({ role = 'leaf', commonName }: CertificateFacts): string {
  if (role !== 'leaf') return 'sallyport certs recover';
  return `sallyport kubeconfig renew ${commonName ? shellWord(commonName) : 'NAME'}`;
}

/** Client certificates that do not verify. */
export const x509Fixes: Fixes = {
  X509_MALFORMED: ({ reason }) => ({
    what: `the client certificate cannot be read (${reason})`,
    fix: 'have it issued anew; `openssl x509 -text -noout -in FILE` shows whether a file can be read',
  }),
  X509_EXPIRED: (facts) => ({
    what: `${which(facts)} ${expired(facts.notAfter, facts.now)}`,
    fix: `renew it: ${renewal(facts)}`,
  }),
  X509_NOT_YET_VALID: (facts) => ({
    what: `${which(facts)} ${notYet(facts.notBefore, facts.now)}; it is ${at(facts.now)} here`,
    fix: 'wait, or set the clock right of the machine that issued it, or of this server',
  }),
  X509_UNKNOWN_AUTHORITY: (facts) => ({
    what: `${which(facts)} was issued by ${facts.issuer || 'somebody'} whom this server does not trust`,
    fix: 'use a certificate of an authority in --client-ca-file, send the intermediates along, or add the authority to that file',
  }),
  X509_NOT_A_CA: (facts) => ({
    what: `${which({ ...facts, role: 'leaf' })} was issued by a certificate that is no authority (basicConstraints lacks CA:TRUE)`,
    fix: 'have it issued by an authority; a client certificate cannot sign others',
  }),
  X509_PATH_TOO_LONG: (facts) => ({
    what: `more intermediates stand above ${which(facts)} than one of its authorities allows (${facts.allowed})`,
    fix: 'have it issued closer to the root, or the authority issued with a larger pathlen',
  }),
  X509_NAME_CONSTRAINT: (facts) => ({
    what: `an authority above ${which(facts)} may not issue for the ${facts.kind} ${facts.what} in it`,
    fix: 'leave that name out of the certificate, or use another authority',
  }),
  X509_CRITICAL_EXTENSION: (facts) => ({
    what: `${which(facts)} has critical extensions that nobody here understands (${either(facts.extensions, 'and')})`,
    fix: 'have it issued without them',
  }),
  X509_WRONG_USAGE: (facts) => ({
    what: `${which(facts)} is not meant for clients (extended key usages: ${either(facts.usages?.map(usageName), 'and')})`,
    fix: 'have it issued with the extended key usage clientAuth',
  }),
  X509_WEAK_SIGNATURE: (facts) => ({
    what: `${which(facts)} is signed by ${facts.algorithm}, which is not trusted any more`,
    fix: 'have it signed with SHA-256 or better',
  }),
  X509_TOO_MANY_CHECKS: () => ({
    what: 'the chain of the client certificate takes too many signature checks',
    fix: 'send the intermediates that are needed and no others',
  }),
  X509_REVOKED: (facts) => ({
    what: `${which(facts)} is on the revocation list of its issuer (${facts.reason}, ${at(facts.revokedAt)})`,
    fix: 'have a new one issued; whoever runs the authority knows why it was taken back',
  }),
  X509_CRL_STALE: (facts) => ({
    what: `the revocation list of ${facts.issuer} ran out at ${at(facts.nextUpdate)}, and so nobody knows which of its certificates are good`,
    fix: 'put a newer list into --client-ca-crl-file; until then --client-ca-crl-stale=warn would let them in',
  }),
  X509_SEVERAL_UIDS: (facts) => ({
    what: `${which(facts)} names several uids (${either(facts.uids, 'and')})`,
    fix: 'have it issued with one uid attribute (1.3.6.1.4.1.57683.2) or none',
  }),
  X509_EMPTY_UID: (facts) => ({
    what: `the uid in ${which(facts)} is empty`,
    fix: 'have it issued with a uid, or without that attribute (1.3.6.1.4.1.57683.2)',
  }),
};
