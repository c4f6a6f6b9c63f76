import { child, duplicate, type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { dns1123SubdomainFaults, regexFault } from '../../meta/names.ts';
import { compileMapping, compileRule, type Expression } from '../oidc/expressions.ts';
import type { CompiledExpressions } from '../oidc/user-mapping.ts';
import { readsClaim } from './email-verified.ts';
import type {
  ClaimMappings,
  ClaimValidationRule,
  ExtraMapping,
  JwtAuthenticatorConfiguration,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from './types.ts';

const BOTH = "claim and expression can't both be set";
const EMAIL_UNVERIFIED =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

interface Checked<T> {
  errors: FieldError[];
  compiled: T;
}
type Rules = CompiledExpressions['claimRules'][number][];

/** Checks the mappings and rules of one JWT authenticator and compiles its expressions. */
export function validateMappings(
  { claimMappings, claimValidationRules, userValidationRules }: JwtAuthenticatorConfiguration,
  path: string,
): Checked<CompiledExpressions> {
  const claimRules = validateClaimRules(claimValidationRules, child(path, 'claimValidationRules'));
  const mappings = validateClaimMappings(claimMappings, claimRules.compiled, child(path, 'claimMappings'));
  const userRules = validateUserRules(userValidationRules, child(path, 'userValidationRules'));
  return {
    errors: [...claimRules.errors, ...mappings.errors, ...userRules.errors],
    compiled: { ...mappings.compiled, claimRules: claimRules.compiled, userRules: userRules.compiled },
  };
}

/** An expression compiled, or its fault put down. */
function taken(
  made: Expression | string,
  source: string,
  path: string,
  errors: FieldError[],
): Expression | undefined {
  if (typeof made !== 'string') return made;
  errors.push(invalid(path, source, made));
  return undefined;
}

function validateClaimRules(rules: readonly ClaimValidationRule[], path: string): Checked<Rules> {
  const errors: FieldError[] = [];
  const compiled: Rules = [];
  const claims = new Set<string>();
  const expressions = new Set<string>();
  for (const [i, { claim, requiredValue, expression, message }] of rules.entries()) {
    const at = index(path, i);
    if (claim !== '' && expression !== '') errors.push(invalid(at, claim, BOTH));
    else if (claim !== '') {
      if (message !== '')
        errors.push(invalid(child(at, 'message'), message, 'may not be specified when claim is set'));
      if (claims.has(claim)) errors.push(duplicate(child(at, 'claim'), claim));
      claims.add(claim);
    } else if (expression !== '') {
      if (requiredValue !== '') {
        const why = 'may not be specified when expression is set';
        errors.push(invalid(child(at, 'requiredValue'), requiredValue, why));
      }
      const expressionAt = child(at, 'expression');
      if (expressions.has(expression)) {
        errors.push(duplicate(expressionAt, expression));
        continue;
      }
      expressions.add(expression);
      const rule = taken(compileRule(expression, 'claims'), expression, expressionAt, errors);
      if (rule) compiled.push({ expression: rule, message });
    } else errors.push(required(at, 'claim or expression is required'));
  }
  return { errors, compiled };
}

function validateUserRules(rules: readonly UserValidationRule[], path: string): Checked<Rules> {
  const errors: FieldError[] = [];
  const compiled: Rules = [];
  const seen = new Set<string>();
  for (const [i, { expression, message }] of rules.entries()) {
    const at = child(index(path, i), 'expression');
    if (expression === '') errors.push(required(at));
    else if (seen.has(expression)) errors.push(duplicate(at, expression));
    else {
      seen.add(expression);
      const rule = taken(compileRule(expression, 'user'), expression, at, errors);
      if (rule) compiled.push({ expression: rule, message });
    }
  }
  return { errors, compiled };
}

function validateClaimMappings(
  mappings: ClaimMappings,
  claimRules: Rules,
  path: string,
): Checked<Pick<CompiledExpressions, 'username' | 'groups' | 'uid' | 'extra'>> {
  const username = validatePrefixed(mappings.username, child(path, 'username'), true);
  const groups = validatePrefixed(mappings.groups, child(path, 'groups'), false);
  const uid = validateUid(mappings.uid, child(path, 'uid'));
  const extra = validateExtra(mappings.extra, child(path, 'extra'));
  const errors = [...username.errors, ...groups.errors, ...uid.errors, ...extra.errors];
  const byEmail = username.compiled && readsClaim(username.compiled, 'email');
  const judges = [
    username.compiled,
    ...extra.compiled.map(({ expression }) => expression),
    ...claimRules.map(({ expression }) => expression),
  ];
  if (byEmail && !judges.some((expression) => expression && readsClaim(expression, 'email_verified')))
    errors.push(invalid(`${path}.username.expression`, mappings.username.expression, EMAIL_UNVERIFIED));
  return {
    errors,
    compiled: {
      ...(username.compiled ? { username: username.compiled } : {}),
      ...(groups.compiled ? { groups: groups.compiled } : {}),
      ...(uid.compiled ? { uid: uid.compiled } : {}),
      extra: extra.compiled,
    },
  };
}

function validatePrefixed(
  { claim, expression, prefix }: PrefixedClaimOrExpression,
  path: string,
  isRequired: boolean,
): Checked<Expression | undefined> {
  const errors: FieldError[] = [];
  let compiled: Expression | undefined;
  const prefixAt = child(path, 'prefix');
  if (claim !== '' && expression !== '') errors.push(invalid(path, '', BOTH));
  else if (expression !== '') {
    if (prefix !== undefined)
      errors.push(invalid(prefixAt, prefix, 'may not be specified when expression is set'));
    compiled = taken(compileMapping(expression), expression, child(path, 'expression'), errors);
  } else if (claim === '') {
    if (isRequired) errors.push(required(path, 'claim or expression is required'));
  } else if (prefix === undefined) {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    errors.push(required(prefixAt, why));
  }
  // What has a fault does not count as a reader of claims either.
  return { errors, compiled: errors.length ? undefined : compiled };
}

function validateUid(
  { claim, expression }: ClaimMappings['uid'],
  path: string,
): Checked<Expression | undefined> {
  const errors: FieldError[] = [];
  if (claim !== '' && expression !== '') errors.push(invalid(path, '', BOTH));
  else if (expression !== '') {
    const compiled = taken(compileMapping(expression), expression, child(path, 'expression'), errors);
    return { errors, compiled };
  }
  return { errors, compiled: undefined };
}

function validateExtra(
  extra: readonly ExtraMapping[],
  path: string,
): Checked<CompiledExpressions['extra'][number][]> {
  const errors: FieldError[] = [];
  const compiled: CompiledExpressions['extra'][number][] = [];
  const seen = new Set<string>();
  for (const [i, { key, valueExpression }] of extra.entries()) {
    const at = index(path, i);
    const keyAt = child(at, 'key');
    errors.push(...domainPrefixedPathFaults(key, keyAt));
    if (key !== key.toLowerCase()) errors.push(invalid(keyAt, key, 'must be lowercase'));
    if (isReserved(key)) {
      const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
      errors.push(invalid(keyAt, key, why));
    }
    const expressionAt = child(at, 'valueExpression');
    if (seen.has(key)) errors.push(duplicate(keyAt, key));
    else if (valueExpression === '') errors.push(required(expressionAt));
    else {
      const expression = taken(compileMapping(valueExpression), valueExpression, expressionAt, errors);
      if (expression) compiled.push({ key, expression });
    }
    seen.add(key);
  }
  return { errors, compiled };
}

/** `acme.io/foo` (apimachinery pkg/util/validation, IsDomainPrefixedPath). */
function domainPrefixedPathFaults(text: string, path: string): FieldError[] {
  if (text === '') return [required(path)];
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1)
    return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const host = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const errors = dns1123SubdomainFaults(host).map((why) => invalid(path, host, why));
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest))
    errors.push(invalid(path, rest, regexFault('Invalid path', "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+")));
  return errors;
}

function isReserved(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  return /(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain);
}
