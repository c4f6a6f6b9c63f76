/**
 * Who makes a request, found out as kube-apiserver finds it out: authenticators, their chain, ServiceAccount tokens,
 * TokenReviews. Use `createAuthentication` for a whole chain by flags, or put one together.
 */
export { AnonymousAuthenticator } from './anonymous.ts';
export type {
  AuthenticationOutcome,
  AuthenticationRequest,
  RequestAuthenticator,
  TokenAuthenticator,
} from './authenticator.ts';
export { BearerAuthenticator } from './bearer.ts';
export { BootstrapTokenAuthenticator } from './bootstrap-token.ts';
export { AuthenticationChain } from './chain.ts';
export {
  createExternalAuthentication,
  type ExternalAuthentication,
  type ExternalAuthenticationParts,
} from './config/external-authentication.ts';
export { loadAuthenticationConfiguration } from './config/load.ts';
export { type Authentication, type AuthenticationDependencies, createAuthentication } from './create.ts';
export { type AuthenticationOptions, defaultAuthenticationOptions } from './flags.ts';
export { FrontProxyAuthenticator, type FrontProxyOptions } from './front-proxy.ts';
export { authenticationRequest, type PlainRequest } from './plain-request.ts';
export { createServiceAccountAuthenticator } from './service-account/authenticator.ts';
export { KeySet, parsePrivateKeyPem, parsePublicKeysPem } from './service-account/keys.ts';
export { type SigningKey, signingKey, TokenSigner } from './service-account/signer.ts';
export { TokenChain } from './token-chain.ts';
export { parseTokenFile, TokenFileAuthenticator } from './token-file.ts';
export { TokenReviewResource } from './token-review.ts';
export { CertificatePool } from './x509/pool.ts';
export { ClientCertificateAuthenticator } from './x509.ts';
