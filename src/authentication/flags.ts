import { aggregateText } from '../meta/field-error.ts';
import { quote } from '../meta/go-quote.ts';

/** The values of kube-apiserver's authentication flags; each is named in its field's comment. */
export interface AuthenticationOptions {
  /** `--api-audiences`; empty: the service account issuers. */
  apiAudiences: readonly string[];
  /** `--anonymous-auth`; undefined: not given, which is on. */
  anonymousAuth: boolean | undefined;
  /** `--authentication-config` */
  authenticationConfig: string;
  /** `--enable-bootstrap-token-auth` */
  enableBootstrapTokenAuth: boolean;
  /** `--client-ca-file` */
  clientCaFile: string;
  /** `--client-ca-crl-file`, repeated. */
  clientCaCrlFiles: readonly string[];
  /** `--client-ca-crl-stale` */
  clientCaCrlStale: 'refuse' | 'warn';
  /** `--token-auth-file` */
  tokenAuthFile: string;
  requestHeader: RequestHeaderOptions;
  serviceAccounts: ServiceAccountOptions;
  oidc: OidcOptions;
  tokenWebhook: TokenWebhookOptions;
}

export interface RequestHeaderOptions {
  /** `--requestheader-client-ca-file` */
  clientCaFile: string;
  /** `--requestheader-allowed-names` */
  allowedNames: readonly string[];
  /** `--requestheader-username-headers` */
  usernameHeaders: readonly string[];
  /** `--requestheader-uid-headers` */
  uidHeaders: readonly string[];
  /** `--requestheader-group-headers` */
  groupHeaders: readonly string[];
  /** `--requestheader-extra-headers-prefix` */
  extraHeadersPrefixes: readonly string[];
}

export interface ServiceAccountOptions {
  /** `--service-account-issuer`, repeated: the first signs, all are accepted. */
  issuers: readonly string[];
  /** `--service-account-key-file`, repeated. */
  keyFiles: readonly string[];
  /** `--service-account-signing-key-file` */
  signingKeyFile: string;
  /** `--service-account-jwks-uri` */
  jwksUri: string;
  /** `--service-account-lookup` */
  lookup: boolean;
  /** `--service-account-extend-token-expiration` */
  extendTokenExpiration: boolean;
  /** `--service-account-max-token-expiration` in milliseconds; 0: no limit. */
  maxTokenExpirationMs: number;
}

export interface OidcOptions {
  /** Whether any `--oidc-*` flag was given. */
  given: boolean;
  /** `--oidc-issuer-url` */
  issuerUrl: string;
  /** `--oidc-client-id` */
  clientId: string;
  /** `--oidc-ca-file` */
  caFile: string;
  /** `--oidc-username-claim` */
  usernameClaim: string;
  /** `--oidc-username-prefix` */
  usernamePrefix: string;
  /** `--oidc-groups-claim` */
  groupsClaim: string;
  /** `--oidc-groups-prefix` */
  groupsPrefix: string;
  /** `--oidc-signing-algs` */
  signingAlgs: readonly string[];
  /** `--oidc-required-claim`, repeated. */
  requiredClaims: Readonly<Record<string, string>>;
}

export interface TokenWebhookOptions {
  /** `--authentication-token-webhook-config-file` */
  configFile: string;
  /** `--authentication-token-webhook-version` */
  version: string;
  /** `--authentication-token-webhook-cache-ttl` in milliseconds. */
  cacheTtlMs: number;
}

/** The values of flags that are not given. */
export function defaultAuthenticationOptions(): AuthenticationOptions {
  return {
    apiAudiences: [],
    anonymousAuth: undefined,
    authenticationConfig: '',
    enableBootstrapTokenAuth: false,
    clientCaFile: '',
    clientCaCrlFiles: [],
    clientCaCrlStale: 'refuse',
    tokenAuthFile: '',
    requestHeader: {
      clientCaFile: '',
      allowedNames: [],
      usernameHeaders: [],
      uidHeaders: [],
      groupHeaders: [],
      extraHeadersPrefixes: [],
    },
    serviceAccounts: {
      issuers: [],
      keyFiles: [],
      signingKeyFile: '',
      jwksUri: '',
      lookup: true,
      extendTokenExpiration: true,
      maxTokenExpirationMs: 0,
    },
    oidc: {
      given: false,
      issuerUrl: '',
      clientId: '',
      caFile: '',
      usernameClaim: 'sub',
      usernamePrefix: '',
      groupsClaim: '',
      groupsPrefix: '',
      signingAlgs: ['RS256'],
      requiredClaims: {},
    },
    tokenWebhook: { configFile: '', version: 'v1beta1', cacheTtlMs: 120_000 },
  };
}

/** `--api-audiences`, or what stands in for it. */
export function apiAudiencesOf(options: AuthenticationOptions): readonly string[] {
  return options.apiAudiences.length ? options.apiAudiences : options.serviceAccounts.issuers;
}

/** A start that kube-apiserver refuses, with its words. */
export class StartupRefusal extends Error {}

/**
 * What is wrong with the flags by themselves, in kube-apiserver's words and order; it prints them joined
 * (pkg/kubeapiserver/options/authentication.go, pkg/controlplane/apiserver/options).
 */
export function validateAuthenticationOptions(options: AuthenticationOptions): string[] {
  return [
    ...oidcErrors(options),
    ...serviceAccountErrors(options.serviceAccounts),
    ...requestHeaderErrors(options.requestHeader),
    ...signingErrors(options),
    ...revocationErrors(options),
  ];
}

function revocationErrors(options: AuthenticationOptions): string[] {
  if (options.clientCaCrlFiles.length === 0) return [];
  if (options.clientCaFile !== '' || options.requestHeader.clientCaFile !== '') return [];
  return ['--client-ca-crl-file requires --client-ca-file: no client certificates are taken without it'];
}

/** As `validateAuthenticationOptions`, thrown as one error. */
export function assertAuthenticationOptions(options: AuthenticationOptions): void {
  const { maxTokenExpirationMs: max } = options.serviceAccounts;
  if (max !== 0 && (max < 3_600_000 || max > 2 ** 32 * 1000)) {
    throw new StartupRefusal(
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    );
  }
  const errors = validateAuthenticationOptions(options);
  if (errors.length) throw new StartupRefusal(aggregateText(errors));
}

function oidcErrors({ authenticationConfig, oidc }: AuthenticationOptions): string[] {
  if (authenticationConfig !== '') {
    return oidc.given ? ['authentication-config file and oidc-* flags are mutually exclusive'] : [];
  }
  return oidc.given && (oidc.issuerUrl === '' || oidc.clientId === '')
    ? ['oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set']
    : [];
}

function serviceAccountErrors({ issuers, keyFiles, jwksUri }: ServiceAccountOptions): string[] {
  const errors: string[] = [];
  const seen = new Set<string>();
  for (const issuer of issuers) {
    const fault = issuer.includes(':') ? urlFault(issuer) : undefined;
    if (fault)
      errors.push(
        `service-account-issuer ${quote(issuer)} contained a ':' but was not a valid URL: ${fault}`,
      );
    else if (issuer === '') errors.push('service-account-issuer should not be an empty string');
    else if (seen.has(issuer)) errors.push(`service-account-issuer ${quote(issuer)} is already specified`);
    else seen.add(issuer);
  }
  if (issuers.length === 0) errors.push('service-account-issuer is a required flag');
  if (keyFiles.length === 0) {
    errors.push('either `--service-account-key-file` or `--service-account-signing-endpoint` must be set');
  }
  if (jwksUri !== '') {
    const fault = urlFault(jwksUri);
    if (fault) errors.push(`service-account-jwks-uri must be a valid URL: ${fault}`);
    else if (!/^https:/i.test(jwksUri)) {
      errors.push(`service-account-jwks-uri requires https scheme, parsed as: ${jwksUri}`);
    }
  }
  return errors;
}

function requestHeaderErrors(options: RequestHeaderOptions): string[] {
  const errors: string[] = [];
  const check = (flag: string, values: readonly string[]): void => {
    if (values.some((value) => value.trim() === '')) errors.push(`empty value in ${quote(flag)}`);
  };
  check('requestheader-username-headers', options.usernameHeaders);
  check('requestheader-group-headers', options.groupHeaders);
  check('requestheader-extra-headers-prefix', options.extraHeadersPrefixes);
  check('requestheader-allowed-names', options.allowedNames);
  check('requestheader-uid-headers', options.uidHeaders);
  if (
    options.uidHeaders.length &&
    !options.uidHeaders.some((header) => header.toLowerCase() === 'x-remote-uid')
  ) {
    errors.push(
      '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work',
    );
  }
  return errors;
}

function signingErrors({ serviceAccounts, apiAudiences }: AuthenticationOptions): string[] {
  const issuer = serviceAccounts.issuers[0] ?? '';
  if (serviceAccounts.signingKeyFile === '' && issuer === '' && apiAudiences.length === 0) {
    return ['--service-account-signing-key-file and --service-account-issuer are required flags'];
  }
  if (serviceAccounts.signingKeyFile !== '' && issuer !== '') return [];
  return [
    '--service-account-signing-key-file, --service-account-issuer, and --api-audiences should be specified together',
  ];
}

/** Why Go's url.Parse would refuse a text with a colon in it; it is far more lenient than the URL standard. */
function urlFault(text: string): string | undefined {
  const head = `parse ${quote(text)}: `;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Go refuses
  if (/[\x00-\x1f\x7f]/.test(text)) return `${head}net/url: invalid control character in URL`;
  if (text.startsWith(':')) return `${head}missing protocol scheme`;
  if (/^[^/?#:]*:/.test(text) && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) {
    return `${head}first path segment in URL cannot contain colon`;
  }
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)?.[0];
  if (badEscape !== undefined) return `${head}invalid URL escape ${quote(badEscape)}`;
  const host = /^[^:/?#]*:\/\/([^/?#]*)/.exec(text)?.[1]?.replace(/^.*@/, '') ?? '';
  const port = /:[^:\]]*$/.exec(host)?.[0];
  if (port !== undefined && !/^:\d*$/.test(port)) return `${head}invalid port ${quote(port)} after host`;
  return undefined;
}
