import type { Fix, Fixes } from './fix.ts';
import { either, expired, notYet } from './phrases.ts';

const from = (issuer: unknown): string => (issuer ? `the token of ${issuer}` : 'the token');
const CONFIGURATION = "this server's authentication configuration";

const RULE_FIXES: Readonly<Record<string, string>> = {
  claimRule: `have the issuer put other claims into tokens, or change that claimValidationRule of ${CONFIGURATION}`,
  userRule: `have the issuer name the user otherwise, or change that userValidationRule of ${CONFIGURATION}`,
};

const mapping = ({ issuer, claim, reason }: any, what: string): Fix => ({
  what: `${what} cannot be read from claim ${claim} of ${from(issuer)} (${reason})`,
  fix: `have the issuer put the claim into tokens (often by a scope to ask for), or name another claim in ${CONFIGURATION}`,
});

/** Tokens of JWT issuers that are refused. `expiry` and `notBefore` are seconds since 1970. */
export const oidcFixes: Fixes = {
  OIDC_NOT_READY: ({ issuer }) => ({
    what: `the keys of ${issuer || 'the issuer'} have not been fetched yet`,
    fix: 'try again shortly; if it stays so, this server cannot reach the issuer, and its log says why',
  }),
  OIDC_MALFORMED: () => ({
    what: 'the token is no JWT that can be read',
    fix: 'send the whole ID token: three parts with dots between them',
  }),
  OIDC_ALGORITHM: ({ expected, found }) => ({
    what: `the token is signed by ${found || 'nothing'}, this server takes ${either(expected)}`,
    fix: 'have the issuer sign with one of those, or name it in --oidc-signing-algs',
  }),
  OIDC_SIGNATURE: ({ issuer }) => ({
    what: `no key of ${issuer || 'the issuer'} verifies the token's signature`,
    fix: 'sign in again: the issuer may have new keys, or the token is not whole',
  }),
  OIDC_KEYS_UNAVAILABLE: ({ issuer, reason }) => ({
    what: `the keys of ${issuer || 'the issuer'} cannot be fetched (${reason})`,
    fix: 'see that this server reaches the issuer, and that certificateAuthority is right',
  }),
  OIDC_CLAIM_TYPE: ({ reason }) => ({
    what: `a claim of the token is of the wrong type (${reason})`,
    fix: 'have the issuer write claims as OpenID Connect says',
  }),
  OIDC_CLAIM_SOURCE_UNNAMED: () => ({
    what: 'a distributed claim of the token names no source',
    fix: 'have the issuer name the source in _claim_names, or put the claim into the token',
  }),
  OIDC_CLAIM_SOURCE_UNKNOWN: () => ({
    what: 'a distributed claim of the token names a source that is not in _claim_sources',
    fix: 'have the issuer list the source, or put the claim into the token',
  }),
  OIDC_ISSUER: ({ expected, found }) => ({
    what: `the token is from ${found}, this server expects ${expected}`,
    fix: 'sign in at the issuer that this server expects; they are compared byte by byte, a slash at the end too',
  }),
  OIDC_AUDIENCE: ({ expected, found }) => ({
    what: `the token is for audience ${either(found)}, this server takes ${either(expected)}`,
    fix: `ask the issuer for a token for ${either(expected)}, or add the audience to ${CONFIGURATION}`,
  }),
  OIDC_EXPIRED: ({ issuer, expiry, now }) => ({
    what: `${from(issuer)} ${expired(expiry === undefined ? undefined : expiry * 1000, now)}`,
    fix: 'sign in again',
  }),
  OIDC_NOT_YET_VALID: ({ issuer, notBefore, now }) => ({
    what: `${from(issuer)} ${notYet(notBefore * 1000, now)}`,
    fix: "set the clocks right: of this server and of the issuer's",
  }),
  OIDC_DISTRIBUTED_CLAIM: ({ reason }) => ({
    what: `a distributed claim cannot be fetched (${reason})`,
    fix: 'see that this server reaches the endpoint that the token names, or have the claim put into the token',
  }),
  OIDC_DISTRIBUTED_CLAIM_TOKEN: ({ fault }) => ({
    what: `the answer with a distributed claim is not good (${fault?.code})`,
    fix: 'have the source of the claim sign it as the issuer signs tokens, or have the claim put into the token',
  }),
  OIDC_USERNAME_CLAIM: (facts) => mapping(facts, 'the user name'),
  OIDC_GROUPS_CLAIM: (facts) => mapping(facts, 'the groups'),
  OIDC_UID_CLAIM: (facts) => mapping(facts, 'the uid'),
  OIDC_EMAIL_VERIFIED_CLAIM: (facts) =>
    mapping({ ...facts, claim: 'email_verified' }, 'whether the address is verified'),
  OIDC_EMAIL_NOT_VERIFIED: () => ({
    what: 'the issuer says that the e-mail address is not verified',
    fix: 'verify the address at the issuer, or take another claim for the user name',
  }),
  OIDC_EMPTY_USERNAME: ({ issuer }) => ({
    what: `the expression for the user name makes an empty name of ${from(issuer)}`,
    fix: `see to the claims that it reads, or change claimMappings.username of ${CONFIGURATION}`,
  }),
  OIDC_REQUIRED_CLAIM_ABSENT: ({ claim }) => ({
    what: `the token lacks the claim ${claim}, which this server requires`,
    fix: 'have the issuer put it in (often by a scope to ask for)',
  }),
  OIDC_REQUIRED_CLAIM_TYPE: ({ claim, reason }) => ({
    what: `the claim ${claim}, which this server requires, is no text (${reason})`,
    fix: 'have the issuer write it as a string, or check it by an expression',
  }),
  OIDC_REQUIRED_CLAIM_DIFFERS: ({ claim, found, wanted }) => ({
    what: `the claim ${claim} is ${found}, this server requires ${wanted}`,
    fix: 'sign in where, or as whom, the claim has that value',
  }),
  OIDC_EXPRESSION_FAILED: ({ of, expression, reason }) => ({
    what: `the expression \`${expression}\` (${of}) breaks on the token's claims: ${reason}`,
    fix: `have the issuer put in what it reads, or make it cope with its absence in ${CONFIGURATION}`,
  }),
  OIDC_EXPRESSION_RESULT: ({ of, expression }) => ({
    what: `the expression \`${expression}\` (${of}) does not make text of the token's claims`,
    fix: `have it make a string or a list of strings in ${CONFIGURATION}`,
  }),
  OIDC_RULE_NOT_MET: ({ of, expression, message }) => ({
    what: `the token does not meet the rule \`${expression}\`${message ? `: ${message}` : ''}`,
    fix: RULE_FIXES[of] ?? `change the rule in ${CONFIGURATION}`,
  }),
};
