import type { FlagGroup } from '../flag-set.ts';
import { flag } from './definition.ts';

export const authenticationFlags: FlagGroup = {
  title: 'Authentication',
  flags: [
    flag('anonymous-auth', 'bool', 'Let requests without credentials in as system:anonymous.', 'true'),
    flag(
      'api-audiences',
      'stringSlice',
      'Audiences that tokens for this API are for. Where not given, the service account issuers.',
    ),
    flag(
      'authentication-config',
      'string',
      'File with AuthenticationConfiguration: JWT issuers and who may be anonymous.',
    ),
    flag(
      'authentication-token-webhook-cache-ttl',
      'duration',
      'How long answers of the token webhook are kept.',
      '2m0s',
    ),
    flag(
      'authentication-token-webhook-config-file',
      'string',
      'kubeconfig of the server that is asked whose a bearer token is.',
    ),
    flag(
      'authentication-token-webhook-version',
      'string',
      'API version of TokenReview that is sent.',
      '"v1beta1"',
    ),
    flag(
      'client-ca-crl-file',
      'stringSlice',
      'PEM or DER revocation lists of the authorities in --client-ca-file and --requestheader-client-ca-file; read again when they change.',
    ),
    flag(
      'client-ca-crl-stale',
      'string',
      'What becomes of certificates whose revocation list has run out: refuse or warn.',
      '"refuse"',
    ),
    flag(
      'client-ca-file',
      'string',
      'PEM bundle of the CAs that client certificates are verified with. Reloaded when it changes.',
    ),
    flag(
      'enable-bootstrap-token-auth',
      'bool',
      'Take Secrets of type bootstrap.kubernetes.io/token for bearer tokens.',
      'false',
    ),
    flag(
      'oidc-ca-file',
      'string',
      "PEM CA bundle that the issuer is verified with; where not given, the system's.",
    ),
    flag('oidc-client-id', 'string', 'Audience that ID tokens have to be for.'),
    flag('oidc-groups-claim', 'string', 'Claim that groups are taken from.'),
    flag('oidc-groups-prefix', 'string', 'What is put before each group.'),
    flag('oidc-issuer-url', 'string', 'Issuer of ID tokens, https only.'),
    flag('oidc-required-claim', 'stringArray', 'key=value that an ID token has to hold.'),
    flag('oidc-signing-algs', 'stringSlice', 'Algorithms that ID tokens may be signed with.', '[RS256]'),
    flag('oidc-username-claim', 'string', 'Claim that the user name is taken from.', '"sub"'),
    flag('oidc-username-prefix', 'string', 'What is put before the user name; - for nothing.'),
    flag(
      'requestheader-allowed-names',
      'stringSlice',
      "Common names that a front proxy's certificate may have; none: any.",
    ),
    flag(
      'requestheader-client-ca-file',
      'string',
      "PEM bundle of the CAs that front proxies' certificates are verified with.",
    ),
    flag(
      'requestheader-extra-headers-prefix',
      'stringSlice',
      'Prefixes of headers that carry extra values of the user.',
    ),
    flag('requestheader-group-headers', 'stringSlice', 'Headers that carry groups.'),
    flag('requestheader-uid-headers', 'stringSlice', 'Headers that carry the uid.'),
    flag('requestheader-username-headers', 'stringSlice', 'Headers that carry the user name.'),
    flag(
      'service-account-extend-token-expiration',
      'bool',
      'Let tokens of pods live for a year, with a warning after their hour.',
      'true',
    ),
    flag(
      'service-account-issuer',
      'stringArray',
      'Issuer of ServiceAccount tokens; the first signs, all are taken.',
    ),
    flag('service-account-jwks-uri', 'string', 'Where the discovery document says the keys are.'),
    flag(
      'service-account-key-file',
      'stringArray',
      'PEM keys that ServiceAccount tokens are verified with. Reloaded when they change.',
    ),
    flag('service-account-lookup', 'bool', 'Check that what a token rests on still exists.', 'true'),
    flag('service-account-max-token-expiration', 'duration', 'How long tokens may live at most.'),
    {
      ...flag('service-account-signing-endpoint', 'string', 'Socket of an external signer.'),
      refused: 'give --service-account-signing-key-file',
    },
    flag('service-account-signing-key-file', 'string', 'PEM key that ServiceAccount tokens are signed with.'),
    flag('token-auth-file', 'string', 'CSV file of bearer tokens: token,user,uid,"group1,group2".'),
  ],
};
