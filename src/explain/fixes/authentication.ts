import type { Fix, Fixes } from './fix.ts';
import { oidcFixes } from './oidc.ts';
import { at, either, expired } from './phrases.ts';
import { serviceAccountFixes } from './service-account.ts';
import { x509Fixes } from './x509.ts';

const bootstrap =
  (why: string, fix = 'make a new one: kubeadm token create'): (() => Fix) =>
  () => ({
    what: `the bootstrap token ${why}`,
    fix,
  });

const because = (reason: string): string => (reason ? ` (${reason})` : '');

/** Every code by which the first door keeps a caller out, and those of authenticators that could have known him. */
export const authenticationFixes: Fixes = {
  ...x509Fixes,
  ...serviceAccountFixes,
  ...oidcFixes,
  NO_CREDENTIALS: () => ({
    what: 'the request has no credentials, and anonymous requests are not let in here',
    fix: 'send a client certificate or a bearer token: see that the kubeconfig has a user with one',
  }),
  TOKEN_UNKNOWN: () => ({
    what: 'nobody here knows the bearer token',
    fix: 'see that it is whole and for this server; `sallyport token inspect` shows what a token is',
  }),
  CREDENTIAL_REVOKED: ({ credential, reason }) => ({
    what: `the credential ${credential} was revoked${because(reason)}`,
    fix: 'use another one; `sallyport revoke undo` takes it back, for those who may',
  }),
  USER_REVOKED_BEFORE: ({ user, issuedBefore, issuedAt, reason }) => ({
    what: `what ${user} was issued before ${at(issuedBefore)} was revoked${because(reason)}; ${issuedAt === undefined ? 'nobody knows when this credential was issued' : `this credential is from ${at(issuedAt)}`}`,
    fix: 'have a new certificate or token issued; `sallyport revoke undo` takes it back, for those who may',
  }),
  CONSOLE_LINK_UNKNOWN: () => ({
    what: 'the link to the console has been used already, or another server gave it, or this one before it was restarted',
    fix: 'get another: sallyport console',
  }),
  CONSOLE_LINK_EXPIRED: ({ notAfter }, { now }) => ({
    what: `the link to the console ${expired(notAfter, now)}`,
    fix: 'get another: sallyport console',
  }),
  CONSOLE_SESSION_UNKNOWN: () => ({
    what: 'the session of the console has ended, or began before this server was restarted',
    fix: 'sign in again: sallyport console prints a link',
  }),
  CONSOLE_SESSION_EXPIRED: ({ notAfter }, { now }) => ({
    what: `the session of the console ${expired(notAfter, now)}`,
    fix: 'sign in again: sallyport console prints a link',
  }),
  CONSOLE_SESSION_SCOPE: ({ method, path }) => ({
    what: `a session of the console is for what the console shows, not for ${method} ${path}`,
    fix: 'use credentials of your own for that',
  }),
  AUTHENTICATOR_BROKE: ({ kind }) => ({
    what: `an authenticator broke (${kind}), and so nobody is let in by it`,
    fix: 'tell the operator of this server; its log has the id of this request',
  }),
  AUDIENCE_MISMATCH: ({ audiences, wanted }) => ({
    what: `the token is for audience ${either(audiences)}, this server takes ${either(wanted)}`,
    fix: `get a token for ${either(wanted)}`,
  }),
  TOKEN_OTHER_AUDIENCE: ({ wanted }) => ({
    what: `tokens of that kind are not for the audience asked for (${either(wanted)})`,
    fix: "ask for the API's own audience, or use a ServiceAccount token",
  }),
  TOKEN_WEBHOOK_FAILED: ({ reason }) => ({
    what: `the token webhook gave no usable answer (${reason})`,
    fix: 'tell the operator: the server in --authentication-token-webhook-config-file has to be reachable',
  }),
  TOKEN_WEBHOOK_REFUSED: ({ reason }) => ({
    what: `the token webhook refused the token: ${reason}`,
    fix: 'get a token that it takes; whoever runs the webhook knows which',
  }),
  TOKEN_WEBHOOK_UNKNOWN: () => ({
    what: 'the token webhook does not know the token',
    fix: 'get a token that it takes; whoever runs the webhook knows which',
  }),
  TOKEN_WEBHOOK_AUDIENCE: ({ wanted }) => ({
    what: 'the token webhook knows the token, but for another audience',
    fix: `get a token for ${either(wanted)}`,
  }),
  TOKEN_FILE_UNKNOWN: () => ({
    what: 'the token is not in the file of static tokens',
    fix: 'add a line `token,user,uid,"groups"` to --token-auth-file',
  }),
  SA_OTHER_ISSUER: ({ issuer }) => ({
    what: `the token is from ${issuer}, which issues no ServiceAccount tokens for this server`,
    fix: `use a token of this cluster, or trust the issuer by an AuthenticationConfiguration or --service-account-issuer`,
  }),
  OIDC_OTHER_ISSUER: () => ({
    what: "the token's issuer is none of those configured here",
    fix: 'sign in at an issuer that is; they are compared byte by byte, a slash at the end too',
  }),
  BOOTSTRAP_NO_SECRET: ({ secret }) => ({
    what: `there is no Secret kube-system/${secret} for the bootstrap token`,
    fix: 'make a new one: kubeadm token create',
  }),
  BOOTSTRAP_BEING_DELETED: bootstrap('is being deleted'),
  BOOTSTRAP_SECRET_TYPE: bootstrap(
    'has a Secret of another type',
    'give the Secret the type bootstrap.kubernetes.io/token',
  ),
  BOOTSTRAP_WRONG_SECRET: bootstrap('has another secret part than its Secret', 'see that the token is whole'),
  BOOTSTRAP_OTHER_ID: bootstrap(
    'has another id than its Secret says',
    'let token-id in the Secret be what its name ends with',
  ),
  BOOTSTRAP_EXPIRED: ({ expiration }) => ({
    what: `the bootstrap token expired (${expiration})`,
    fix: 'make a new one: kubeadm token create',
  }),
  BOOTSTRAP_USAGE: bootstrap(
    'is not meant for authentication',
    'set usage-bootstrap-authentication to "true" in its Secret',
  ),
  BOOTSTRAP_BAD_GROUP: bootstrap(
    'names groups that it must not',
    'let every group in auth-extra-groups begin with system:bootstrappers:',
  ),
  BEARER_EXTRA_SPACE: () => ({
    what: 'more than one blank stands between Bearer and the token, and so it is ignored',
    fix: 'leave one blank: `Authorization: Bearer TOKEN`',
  }),
  BEARER_NO_TOKEN: () => ({
    what: 'the Authorization header holds no bearer token',
    fix: 'send `Authorization: Bearer TOKEN`; user names and passwords are not taken',
  }),
  X509_NO_COMMON_NAME: () => ({
    what: 'the client certificate is good, but has no common name, and so names nobody',
    fix: 'have it issued with the user name as CN and groups as O',
  }),
  ANONYMOUS_OTHER_PATH: ({ path }) => ({
    what: `the request has no credentials, and anonymous ones are not let in at ${path}`,
    fix: 'send a client certificate or a bearer token, or add the path to anonymous.conditions',
  }),
  WEBSOCKET_SEVERAL_TOKENS: () => ({
    what: 'several subprotocols of the WebSocket carry a token',
    fix: 'send one base64url.bearer.authorization.k8s.io.* and no more',
  }),
  WEBSOCKET_BAD_ENCODING: () => ({
    what: "the token in the WebSocket's subprotocol is not base64url",
    fix: 'encode it as base64url without padding',
  }),
  WEBSOCKET_NOT_UTF8: () => ({
    what: "the token in the WebSocket's subprotocol is not UTF-8",
    fix: 'send the token as it was given, encoded as base64url without padding',
  }),
  WEBSOCKET_TOKEN_ALONE: () => ({
    what: 'the WebSocket names no subprotocol beside the one with the token',
    fix: 'name another one too, such as base64.channel.k8s.io',
  }),
  FRONT_PROXY_OTHER_AUTHORITY: () => ({
    what: 'the client certificate is of an authority that this server does not know',
    fix: 'use a certificate of an authority in --client-ca-file, or add its authority to that file',
  }),
  FRONT_PROXY_CERTIFICATE: ({ fault, ...facts }, context) => {
    const made = x509Fixes[fault]?.(facts, context);
    const what = typeof made === 'object' ? made.what : String(fault);
    return {
      what: `as a front proxy's certificate: ${what}`,
      fix: 'let the proxy use a certificate of an authority in --requestheader-client-ca-file',
    };
  },
  FRONT_PROXY_NAME: ({ commonName }) => ({
    what: `${commonName} is no front proxy of this server`,
    fix: 'use a certificate with a CN of --requestheader-allowed-names, or add this one to it',
  }),
};
