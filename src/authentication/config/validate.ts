import { parseUrl } from '../../cel/library/go-url.ts';
import {
  aggregateText,
  child,
  duplicate,
  errorText,
  type FieldError,
  index,
  invalid,
  required,
  tooMany,
} from '../../meta/field-error.ts';
import type { CompiledExpressions } from '../oidc/user-mapping.ts';
import { parseCertificatesPem } from '../x509/pool.ts';
import type {
  AnonymousConfiguration,
  AuthenticationConfiguration,
  IssuerConfiguration,
  JwtAuthenticatorConfiguration,
} from './types.ts';
import { validateMappings } from './validate-mappings.ts';

const MAX_AUTHENTICATORS = 64;

export interface ValidatedConfiguration {
  errors: FieldError[];
  /** For each of the JWT authenticators; of use only where there are no errors. */
  compiled: CompiledExpressions[];
}

/**
 * Checks a configuration, and compiles its expressions on the way (apiserver pkg/apis/apiserver/validation).
 * @param disallowedIssuers issuers whose tokens are not OIDC's: those of ServiceAccounts
 */
export function validateAuthenticationConfiguration(
  config: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): ValidatedConfiguration {
  const errors: FieldError[] = [];
  const compiled: CompiledExpressions[] = [];
  if (config.jwt.length > MAX_AUTHENTICATORS) {
    return { errors: [tooMany('jwt', config.jwt.length, MAX_AUTHENTICATORS)], compiled };
  }
  const issuers = new Set<string>();
  const discoveryUrls = new Set<string>();
  for (const [i, authenticator] of config.jwt.entries()) {
    const path = index('jwt', i);
    errors.push(...validateIssuer(authenticator.issuer, disallowedIssuers, child(path, 'issuer')));
    const mappings = validateMappings(authenticator, path);
    errors.push(...mappings.errors);
    compiled.push(mappings.compiled);
    const { url, discoveryUrl } = authenticator.issuer;
    if (issuers.has(url)) errors.push(duplicate(`${path}.issuer.url`, url));
    issuers.add(url);
    if (discoveryUrl === '') continue;
    if (discoveryUrls.has(discoveryUrl)) errors.push(duplicate(`${path}.issuer.discoveryURL`, discoveryUrl));
    discoveryUrls.add(discoveryUrl);
  }
  errors.push(...validateAnonymous(config.anonymous));
  return { errors, compiled };
}

/** The faults as one text, as Go's aggregate prints them. */
export const faultsText = (errors: readonly FieldError[]): string => aggregateText(errors.map(errorText));

/** Issuers whose tokens are not OIDC's. Checked by itself at the start, when kube-apiserver names no authenticator. */
export function disallowedIssuerFault(
  { issuer }: JwtAuthenticatorConfiguration,
  disallowed: readonly string[],
  path: string,
): FieldError | undefined {
  if (!disallowed.includes(issuer.url)) return undefined;
  const list = [...new Set(disallowed)].sort().join(' ');
  return invalid(child(path, 'url'), issuer.url, `URL must not overlap with disallowed issuers: [${list}]`);
}

function validateAnonymous(anonymous: AnonymousConfiguration | undefined): FieldError[] {
  if (!anonymous || anonymous.enabled || anonymous.conditions.length === 0) return [];
  const shown = anonymous.conditions.map(({ path }) => ({ Path: path }));
  return [
    invalid('anonymous.conditions', shown, 'enabled should be set to true when conditions are defined'),
  ];
}

function validateIssuer(
  issuer: IssuerConfiguration,
  disallowed: readonly string[],
  path: string,
): FieldError[] {
  return [
    ...validateIssuerUrl(issuer.url, disallowed, child(path, 'url')),
    ...validateDiscoveryUrl(issuer, child(path, 'discoveryURL')),
    ...validateAudiences(issuer, path),
    ...validateAuthority(issuer.certificateAuthority, child(path, 'certificateAuthority')),
    ...validateEgress(issuer.egressSelectorType, child(path, 'egressSelectorType')),
  ];
}

function validateIssuerUrl(url: string, disallowed: readonly string[], path: string): FieldError[] {
  if (url === '') return [required(path)];
  const errors: FieldError[] = [];
  if (disallowed.includes(url)) {
    const list = [...new Set(disallowed)].sort().join(' ');
    errors.push(invalid(path, url, `URL must not overlap with disallowed issuers: [${list}]`));
  }
  return [...errors, ...validateUrl(url, path)];
}

function validateDiscoveryUrl({ url, discoveryUrl }: IssuerConfiguration, path: string): FieldError[] {
  if (discoveryUrl === '') return [];
  const bare = (text: string): string => text.replace(/\/+$/, '');
  const errors: FieldError[] = [];
  if (url !== '' && bare(url) === bare(discoveryUrl))
    errors.push(invalid(path, discoveryUrl, 'discoveryURL must be different from URL'));
  return [...errors, ...validateUrl(discoveryUrl, path)];
}

function validateUrl(text: string, path: string): FieldError[] {
  const parsed = parseUrl(text, false);
  if ('problem' in parsed) return [invalid(path, text, parsed.problem)];
  const { scheme, userinfo, rawQuery, fragment } = parsed.url;
  const errors: FieldError[] = [];
  if (scheme !== 'https') errors.push(invalid(path, text, 'URL scheme must be https'));
  if (userinfo !== '') errors.push(invalid(path, text, 'URL must not contain a username or password'));
  if (rawQuery !== '') errors.push(invalid(path, text, 'URL must not contain a query'));
  if (fragment !== '') errors.push(invalid(path, text, 'URL must not contain a fragment'));
  return errors;
}

function validateAudiences(
  { audiences, audienceMatchPolicy: policy }: IssuerConfiguration,
  path: string,
): FieldError[] {
  const at = child(path, 'audiences');
  if (audiences.length === 0) return [required(at, `at least one ${at} is required`)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, audience] of audiences.entries()) {
    if (audience === '') errors.push(required(index(at, i)));
    if (seen.has(audience)) errors.push(duplicate(index(at, i), audience));
    seen.add(audience);
  }
  const policyAt = child(path, 'audienceMatchPolicy');
  if (audiences.length > 1 && policy !== 'MatchAny')
    errors.push(invalid(policyAt, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny')
    errors.push(
      invalid(policyAt, policy, 'audienceMatchPolicy must be empty or MatchAny for single audience'),
    );
  return errors;
}

function validateAuthority(pem: string, path: string): FieldError[] {
  if (pem === '') return [];
  try {
    parseCertificatesPem(pem);
    return [];
  } catch (error) {
    return [invalid(path, '<omitted>', (error as Error).message)];
  }
}

function validateEgress(type: string, path: string): FieldError[] {
  if (type === '' || type === 'controlplane' || type === 'cluster') return [];
  return [invalid(path, type, 'egress selector must be either controlplane or cluster')];
}
