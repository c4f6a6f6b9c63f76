import type { Fixes } from './fix.ts';
import { either, expired, notYet } from './phrases.ts';

const RENEW =
  'get a new one with `kubectl create token NAME -n NAMESPACE`, or let the pod read its token file again';
const account = ({ namespace, name }: { namespace?: string; name?: string }): string =>
  name ? `ServiceAccount ${namespace}/${name}` : 'its ServiceAccount';
const RECREATED = 'it was deleted and made again; get a new token, for a pod by restarting it';

/** Tokens of ServiceAccounts that are not good, or not any more. Times in facts are seconds since 1970. */
export const serviceAccountFixes: Fixes = {
  SA_NO_KEY: ({ kid }) => ({
    what: `the token names the key ${kid || '(none)'}, and this server has none to verify it with`,
    fix: "add the issuing cluster's public key by --service-account-key-file, or get a token from this server",
  }),
  SA_SIGNATURE: ({ algorithm, keysTried }) => ({
    what: `no key of this server verifies the token's signature (${algorithm || 'no algorithm'}, ${keysTried} tried)`,
    fix: 'get a token from this server: that one was signed with another key, or is not whole',
  }),
  SA_CLAIM_TYPE: ({ reason }) => ({
    what: `a claim of the token is of the wrong type (${reason})`,
    fix: RENEW,
  }),
  SA_AUDIENCE: ({ audiences, wanted }) => ({
    what: `the token is for audience ${either(audiences)}, this server takes ${either(wanted)}`,
    fix: `get one for this server: kubectl create token NAME -n NAMESPACE --audience ${wanted?.[0] ?? 'AUDIENCE'}`,
  }),
  SA_EXPIRED: ({ expiry }, { now }) => ({
    what: `the ServiceAccount token ${expiry === undefined ? 'has no time of expiry' : expired(expiry * 1000, now)}`,
    fix: RENEW,
  }),
  SA_NOT_YET_VALID: ({ notBefore }, { now }) => ({
    what: `the ServiceAccount token ${notBefore === undefined ? 'is not good yet' : notYet(notBefore * 1000, now)}`,
    fix: 'wait, or set the clocks right: of this server and of the one that issued it',
  }),
  SA_ISSUED_IN_FUTURE: () => ({
    what: 'the ServiceAccount token says that it was issued in the future',
    fix: 'set the clocks right: of this server and of the one that issued it',
  }),
  SA_ACCOUNT_NOT_FOUND: (facts) => ({
    what: `${account(facts)} of the token does not exist`,
    fix: facts.name
      ? `create it (kubectl create serviceaccount ${facts.name} -n ${facts.namespace}) and get a token of the new one`
      : 'get a token of an account that is there',
  }),
  SA_ACCOUNT_UID: (facts) => ({
    what: `the token is of an earlier ${account(facts)} of the same name`,
    fix: RECREATED,
  }),
  SA_ACCOUNT_DELETED: (facts) => ({
    what: `${account(facts)} is being deleted`,
    fix: 'use a token of another account, or create it again and get a new token',
  }),
  SA_INVALIDATED: ({ resource, namespace, name }) => ({
    what: `the token is bound to ${resource} ${namespace ? `${namespace}/` : ''}${name}, which is gone`,
    fix: 'get a new token, bound to something that is there or to nothing',
  }),
  SA_SECRET_UID: () => ({ what: 'the token is bound to an earlier Secret of the same name', fix: RECREATED }),
  SA_POD_UID: () => ({ what: 'the token is bound to an earlier pod of the same name', fix: RECREATED }),
  SA_NODE_UID: () => ({ what: 'the token is bound to an earlier node of the same name', fix: RECREATED }),
  SA_LEGACY_CLAIM_MISSING: ({ claim }) => ({
    what: `the token from a Secret lacks the claim ${claim}`,
    fix: RENEW,
  }),
  SA_LEGACY_SUBJECT: () => ({
    what: "the token's sub is not the account that its other claims name",
    fix: RENEW,
  }),
  SA_LEGACY_INVALIDATED: ({ namespace, secret }) => ({
    what: `the Secret ${namespace}/${secret} that the token is from is gone`,
    fix: RENEW,
  }),
  SA_LEGACY_OTHER_TOKEN: ({ namespace, secret }) => ({
    what: `the Secret ${namespace}/${secret} holds another token by now`,
    fix: 'read the token from the Secret again, or take one from `kubectl create token`',
  }),
  SA_LEGACY_ACCOUNT_DELETED: (facts) => ({
    what: `${account(facts)} is being deleted`,
    fix: 'use a token of another account, or create it again and get a new token',
  }),
  SA_LEGACY_ACCOUNT_UID: (facts) => ({
    what: `the token is of an earlier ${account(facts)} of the same name`,
    fix: RECREATED,
  }),
  SA_LEGACY_MARKED_INVALID: ({ namespace, secret }) => ({
    what: `the token of Secret ${namespace}/${secret} was not used for long and is marked invalid`,
    fix: `take one from \`kubectl create token\`, or for now: kubectl label secret ${secret} -n ${namespace} kubernetes.io/legacy-token-invalid-since-`,
  }),
};
