import { quote, quoteList } from '../../meta/go-quote.ts';
import type { Facts } from '../verdict.ts';

type Words = Record<string, (facts: any) => string>;

/** What verification itself finds wrong with an ID token; these stand behind `oidc: verify token: `. */
const idTokenWords: Words = {
  OIDC_MALFORMED: () => 'oidc: malformed jwt',
  OIDC_ALGORITHM: ({ expected, found }) =>
    `oidc: id token signed with unsupported algorithm, expected ${quoteList(expected)} got ${quote(found)}`,
  OIDC_SIGNATURE: () => 'failed to verify signature: failed to verify id token signature',
  OIDC_KEYS_UNAVAILABLE: ({ reason }) => `failed to verify signature: fetching keys ${reason}`,
  OIDC_CLAIM_TYPE: ({ reason }) => `oidc: failed to unmarshal claims: ${reason}`,
  OIDC_CLAIM_SOURCE_UNNAMED: () => 'oidc: failed to obtain source from claim name',
  OIDC_CLAIM_SOURCE_UNKNOWN: () => 'oidc: source does not exist',
  OIDC_ISSUER: ({ expected, found }) =>
    `oidc: id token issued by a different provider, expected ${quote(expected)} got ${quote(found)}`,
  OIDC_AUDIENCE: ({ expected, found }) =>
    expected.length === 1
      ? `oidc: expected audience ${quote(expected[0])} got ${quoteList(found)}`
      : `oidc: expected audience in ${quoteList(expected)} got ${quoteList(found)}`,
  OIDC_EXPIRED: ({ expiry }) => `oidc: token is expired (Token Expiry: ${goTime(expiry)})`,
  OIDC_NOT_YET_VALID: ({ now, notBefore }) =>
    `oidc: current time ${goTime(now / 1000)} before the nbf (not before) time: ${goTime(notBefore)}`,
};

/** What kube-apiserver calls an expression by what it is for. */
const PURPOSES: Readonly<Record<string, string>> = {
  username: 'username claim expression',
  groups: 'group claim expression',
  uid: 'uid claim expression',
  extra: 'extra claim expression',
  claimRule: 'claim validation expression',
  userRule: 'user info validation rule',
};

/** Why a JWT authenticator refused a token: kube-apiserver's own error. */
export const oidcWords: Words = {
  ...Object.fromEntries(
    Object.entries(idTokenWords).map(([code, words]) => [
      code,
      (facts: Facts) => `oidc: verify token: ${words(facts)}`,
    ]),
  ),
  OIDC_NOT_READY: () => 'oidc: authenticator not initialized',
  OIDC_DISTRIBUTED_CLAIM: ({ reason }) => `oidc: could not expand distributed claims: ${reason}`,
  OIDC_DISTRIBUTED_CLAIM_TOKEN: ({ fault }) =>
    `oidc: could not expand distributed claims: verify distributed claim token: ${idTokenWords[fault.code]!(fault.facts)}`,
  OIDC_USERNAME_CLAIM: ({ claim, reason }) => `oidc: parse username claims ${quote(claim)}: ${reason}`,
  OIDC_EMAIL_VERIFIED_CLAIM: ({ reason }) => `oidc: parse 'email_verified' claim: ${reason}`,
  OIDC_EMAIL_NOT_VERIFIED: () => 'oidc: email not verified',
  OIDC_EMPTY_USERNAME: () => 'oidc: empty username via CEL expression is not allowed',
  OIDC_GROUPS_CLAIM: ({ claim, reason }) => `oidc: parse groups claim ${quote(claim)}: ${reason}`,
  OIDC_UID_CLAIM: ({ claim, reason }) => `oidc: parse uid claim ${quote(claim)}: ${reason}`,
  OIDC_REQUIRED_CLAIM_ABSENT: ({ claim }) => `oidc: required claim ${claim} not present in ID token`,
  OIDC_REQUIRED_CLAIM_TYPE: ({ claim, reason }) => `oidc: parse claim ${claim}: ${reason}`,
  OIDC_REQUIRED_CLAIM_DIFFERS: ({ claim, found, wanted }) =>
    `oidc: required claim ${claim} value does not match. Got = ${found}, want = ${wanted}`,
  OIDC_EXPRESSION_FAILED: ({ of, expression, reason }) => {
    const words = `expression '${expression}' resulted in error: ${reason}`;
    return of === 'extra' ? words : `oidc: error evaluating ${PURPOSES[of]}: ${words}`;
  },
  OIDC_EXPRESSION_RESULT: ({ of, expression }) => {
    const head = `oidc: error evaluating ${PURPOSES[of]}: `;
    if (of === 'username' || of === 'uid') return `${head}${PURPOSES[of]} must return a string`;
    const words = 'expression must return a string or a list of strings';
    return of === 'extra' ? `${head}${expression}: ${words}` : `${head}${words}`;
  },
  OIDC_RULE_NOT_MET: ({ of, expression, message }) =>
    `oidc: error evaluating ${PURPOSES[of]}: validation expression '${expression}' failed: ${message}`,
};

/** Seconds since 1970 as Go prints a time, in UTC; without a time Go's zero, the beginning of the year 1. */
function goTime(seconds: number | undefined): string {
  const date = new Date((seconds ?? -62_135_596_800) * 1000);
  if (Number.isNaN(date.getTime())) return `${seconds} s since 1970`;
  const [day, time = ''] = date.toISOString().split('T');
  return `${day} ${time.replace(/\.?0*Z$/, '')} +0000 UTC`;
}
