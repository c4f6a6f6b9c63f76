import type { OidcOptions } from '../flags.ts';
import type { JwtAuthenticatorConfiguration } from './types.ts';

/**
 * The JWT authenticator that the `--oidc-*` flags ask for (pkg/kubeapiserver/options/authentication.go); none where no
 * issuer is given.
 * @param ca content of `--oidc-ca-file`; empty where it is not given
 */
export function jwtAuthenticatorOfFlags(
  options: OidcOptions,
  ca: string,
): JwtAuthenticatorConfiguration | undefined {
  const { issuerUrl, clientId, usernameClaim, groupsClaim, groupsPrefix, requiredClaims } = options;
  if (issuerUrl === '' || clientId === '') return undefined;
  return {
    issuer: {
      url: issuerUrl,
      discoveryUrl: '',
      certificateAuthority: ca,
      audiences: [clientId],
      audienceMatchPolicy: '',
      egressSelectorType: '',
    },
    claimValidationRules: Object.entries(requiredClaims).map(([claim, requiredValue]) => ({
      claim,
      requiredValue,
      expression: '',
      message: '',
    })),
    claimMappings: {
      username: { claim: usernameClaim, expression: '', prefix: usernamePrefix(options) },
      groups:
        groupsClaim === ''
          ? { claim: '', expression: '', prefix: undefined }
          : { claim: groupsClaim, expression: '', prefix: groupsPrefix },
      uid: { claim: '', expression: '' },
      extra: [],
    },
    userValidationRules: [],
  };
}

/** Names of an issuer are kept apart from others unless the admin says otherwise, or they are e-mail addresses. */
function usernamePrefix({ usernamePrefix: prefix, usernameClaim, issuerUrl }: OidcOptions): string {
  if (prefix === '-') return '';
  return prefix === '' && usernameClaim !== 'email' ? `${issuerUrl}#` : prefix;
}
