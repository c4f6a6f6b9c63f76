/** apiserver.config.k8s.io AuthenticationConfiguration, of whatever version, with every field there. */
export interface AuthenticationConfiguration {
  jwt: readonly JwtAuthenticatorConfiguration[];
  /** Undefined: by `--anonymous-auth`. */
  anonymous: AnonymousConfiguration | undefined;
}

export interface AnonymousConfiguration {
  enabled: boolean;
  /** Where anonymous requests are let in; none: everywhere. */
  conditions: readonly { path: string }[];
}

export interface JwtAuthenticatorConfiguration {
  issuer: IssuerConfiguration;
  claimValidationRules: readonly ClaimValidationRule[];
  claimMappings: ClaimMappings;
  userValidationRules: readonly UserValidationRule[];
}

/** Empty texts are those that are not given, here and below. */
export interface IssuerConfiguration {
  url: string;
  discoveryUrl: string;
  /** PEM; empty: the machine's own roots. */
  certificateAuthority: string;
  audiences: readonly string[];
  audienceMatchPolicy: string;
  egressSelectorType: string;
}

/** A claim and the string it has to be, or an expression that has to be true. */
export interface ClaimValidationRule {
  claim: string;
  requiredValue: string;
  expression: string;
  message: string;
}

export interface UserValidationRule {
  expression: string;
  message: string;
}

export interface ClaimMappings {
  username: PrefixedClaimOrExpression;
  groups: PrefixedClaimOrExpression;
  uid: ClaimOrExpression;
  extra: readonly ExtraMapping[];
}

interface ClaimOrExpression {
  claim: string;
  expression: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  /** Undefined where it is not given, which is not the same as empty. */
  prefix: string | undefined;
}

export interface ExtraMapping {
  key: string;
  valueExpression: string;
}
