import { aggregateText } from '../../meta/field-error.ts';
import { quoteList } from '../../meta/go-quote.ts';
import { type AuthenticationVerdict, countsAgainst, type Facts } from '../verdict.ts';
import { oidcWords } from './oidc.ts';
import { tokenWebhookWords } from './token-webhook.ts';

type Words = Record<string, (facts: any) => string>;

/**
 * Why an authenticator refused, by the code of its verdict: kube-apiserver's own error where it has one. These reach
 * TokenReview's status.error and logs; a caller that is refused reads `Unauthorized` and nothing else.
 */
export const authenticationWords: Words = {
  ...oidcWords,
  ...tokenWebhookWords,
  AUTHENTICATOR_BROKE: ({ kind }) => `authentication failed unexpectedly (${kind})`,
  AUDIENCE_MISMATCH: ({ audiences, wanted }) =>
    `unable to match the audience: [${audiences.join(' ')}] , accepted: [${wanted.join(' ')}]`,
  NO_CREDENTIALS: () => 'no credentials were presented, and anonymous requests are off',
  TOKEN_UNKNOWN: () => 'invalid bearer token',
  CONSOLE_LINK_UNKNOWN: () => 'the link to the console has been used, or was never given by this server',
  CONSOLE_LINK_EXPIRED: () => 'the link to the console has expired',
  CONSOLE_SESSION_UNKNOWN: () => 'the session of the console has ended, or was never begun at this server',
  CONSOLE_SESSION_EXPIRED: () => 'the session of the console has expired',
  CONSOLE_SESSION_SCOPE: ({ method, path }) => `a session of the console is not for ${method} ${path}`,

  WEBSOCKET_SEVERAL_TOKENS: () => 'multiple base64.bearer.authorization tokens specified',
  WEBSOCKET_BAD_ENCODING: () => 'invalid base64.bearer.authorization token encoding',
  WEBSOCKET_NOT_UTF8: () => 'invalid base64.bearer.authorization token',
  WEBSOCKET_TOKEN_ALONE: () => 'missing additional subprotocol',

  SA_NO_KEY: () => 'invalid signature, no keys found',
  SA_SIGNATURE: () => 'go-jose/go-jose: error in cryptographic primitive',
  SA_CLAIM_TYPE: ({ reason }) => reason,
  SA_AUDIENCE: ({ audiences, wanted }) =>
    `token audiences ${quoteList(audiences)} is invalid for the target audiences ${quoteList(wanted)}`,
  SA_EXPIRED: () => 'service account token has expired',
  SA_NOT_YET_VALID: () => 'service account token is not valid yet',
  SA_ISSUED_IN_FUTURE: () => 'service account token is issued in the future',
  SA_ACCOUNT_NOT_FOUND: ({ namespace, name }) =>
    name === ''
      ? 'resource name may not be empty'
      : namespace === ''
        ? 'an empty namespace may not be set when a resource name is provided'
        : `serviceaccounts "${name}" not found`,
  SA_ACCOUNT_UID: ({ uid, claimed }) => `service account UID (${uid}) does not match claim (${claimed})`,
  SA_ACCOUNT_DELETED: ({ namespace, name }) => `service account ${namespace}/${name} has been deleted`,
  SA_INVALIDATED: () => 'service account token has been invalidated',
  SA_SECRET_UID: ({ uid, claimed }) =>
    `secret UID (${uid}) does not match service account secret ref claim (${claimed})`,
  SA_POD_UID: ({ uid, claimed }) =>
    `pod UID (${uid}) does not match service account pod ref claim (${claimed})`,
  SA_NODE_UID: ({ uid, claimed }) =>
    `node UID (${uid}) does not match service account node ref claim (${claimed})`,
  SA_LEGACY_CLAIM_MISSING: ({ claim }) => `${claim} claim is missing`,
  SA_LEGACY_SUBJECT: () => 'sub claim is invalid',
  SA_LEGACY_INVALIDATED: () => 'Token has been invalidated',
  SA_LEGACY_OTHER_TOKEN: () => "Token does not match server's copy",
  SA_LEGACY_ACCOUNT_DELETED: ({ namespace, name }) => `ServiceAccount ${namespace}/${name} has been deleted`,
  SA_LEGACY_ACCOUNT_UID: ({ uid, claimed }) =>
    `ServiceAccount UID (${uid}) does not match claim (${claimed})`,
  SA_LEGACY_MARKED_INVALID: ({ namespace, name, secret }) =>
    `the token in secret ${namespace}/${secret} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token`,

  X509_MALFORMED: ({ reason }) => `x509: malformed certificate: ${reason}`,
  X509_EXPIRED: ({ now, notAfter }) =>
    `x509: certificate has expired or is not yet valid: current time ${utc(now)} is after ${utc(notAfter)}`,
  X509_NOT_YET_VALID: ({ now, notBefore }) =>
    `x509: certificate has expired or is not yet valid: current time ${utc(now)} is before ${utc(notBefore)}`,
  X509_UNKNOWN_AUTHORITY: () => 'x509: certificate signed by unknown authority',
  X509_NOT_A_CA: () => 'x509: certificate is not authorized to sign other certificates',
  X509_PATH_TOO_LONG: () => 'x509: too many intermediates for path length constraint',
  X509_NAME_CONSTRAINT: ({ kind, what }) =>
    `x509: a root or intermediate certificate is not authorized to sign for this name: ${kind} ${what}`,
  X509_CRITICAL_EXTENSION: () => 'x509: unhandled critical extension',
  X509_WRONG_USAGE: () => 'x509: certificate specifies an incompatible key usage',
  X509_WEAK_SIGNATURE: ({ algorithm }) =>
    `x509: cannot verify signature: insecure or unsupported algorithm ${algorithm}`,
  X509_TOO_MANY_CHECKS: () =>
    'x509: signature check attempts limit reached while verifying certificate chain',
  X509_REVOKED: ({ serial, revokedAt, reason }) =>
    `x509: certificate with serial number ${serial} has been revoked (${reason}, ${utc(revokedAt)})`,
  X509_CRL_STALE: ({ issuer, nextUpdate }) =>
    `x509: the certificate revocation list of ${issuer} ran out at ${utc(nextUpdate)}`,
  CREDENTIAL_REVOKED: ({ credential }) => `the credential ${credential} has been revoked`,
  USER_REVOKED_BEFORE: ({ user, issuedBefore }) =>
    `credentials of ${user} issued before ${utc(issuedBefore)} have been revoked`,
  X509_SEVERAL_UIDS: ({ uids }) => `expected 1 UID, but found multiple: [${uids.join(' ')}]`,
  X509_EMPTY_UID: () => 'UID cannot be an empty string',
  FRONT_PROXY_OTHER_AUTHORITY: () => 'x509: certificate signed by unknown authority',
  FRONT_PROXY_CERTIFICATE: (facts) => authenticationWords[facts.fault]!(facts),
  FRONT_PROXY_NAME: ({ commonName }) => `x509: subject with cn=${commonName} is not in the allowed list`,
};

/** Why a verdict is a refusal; its code where nobody has words for it. */
export function refusalWords({ code, facts }: { code: string; facts: Facts }): string {
  const words = authenticationWords[code];
  return words ? words(facts) : code;
}

/** All refusals met on the way as one error, as kube-apiserver joins them: each of them once, in brackets if several. */
export function refusalsText(first: readonly string[], asked: readonly AuthenticationVerdict[]): string {
  return aggregateText([...first, ...asked.filter(countsAgainst).map(refusalWords)]);
}

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
