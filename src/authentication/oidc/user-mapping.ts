import type { CelMap, CelValue } from '../../cel/index.ts';
import { claimsValue, jsonValue, LazyMap } from '../../cel/index.ts';
import { CREDENTIAL_ID, type UserInfo } from '../../meta/user.ts';
import type { ClaimValidationRule, JwtAuthenticatorConfiguration } from '../config/types.ts';
import { boolClaim, type Claims, hasClaim, stringClaim, stringsClaim } from './claims.ts';
import { type Expression, evaluate, stringsOf } from './expressions.ts';
import { Fault } from './fault.ts';

/** The expressions of a JWT authenticator, compiled. */
export interface CompiledExpressions {
  username?: Expression;
  groups?: Expression;
  uid?: Expression;
  extra: readonly { key: string; expression: Expression }[];
  claimRules: readonly { expression: Expression; message: string }[];
  userRules: readonly { expression: Expression; message: string }[];
}

/** Makes users of verified claims, as one JWT authenticator's configuration says. */
export class UserMapping {
  readonly #config: JwtAuthenticatorConfiguration;
  readonly #compiled: CompiledExpressions;
  readonly #requiredClaims: readonly ClaimValidationRule[];
  readonly #readsClaims: boolean;

  constructor(config: JwtAuthenticatorConfiguration, compiled: CompiledExpressions) {
    this.#config = config;
    this.#compiled = compiled;
    this.#requiredClaims = config.claimValidationRules.filter(({ claim }) => claim !== '');
    const { username, groups, uid, extra, claimRules } = compiled;
    this.#readsClaims = Boolean(username ?? groups ?? uid) || extra.length > 0 || claimRules.length > 0;
  }

  /** The user, or the first check that fails, in kube-apiserver's order (oidc.go). */
  userOf(claims: Claims): UserInfo | Fault {
    const value = this.#readsClaims ? { claims: claimsValue(claims) } : NO_BINDINGS;
    const name = this.#username(claims, value);
    if (name instanceof Fault) return name;
    const groups = this.#groups(claims, value);
    if (groups instanceof Fault) return groups;
    const uid = this.#uid(claims, value);
    if (uid instanceof Fault) return uid;
    const extra = this.#extra(claims, value);
    if (extra instanceof Fault) return extra;
    const user: UserInfo = { name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    return this.#requiredClaim(claims) ?? this.#claimRule(value) ?? this.#userRule(user) ?? user;
  }

  /** Each part by itself, whatever becomes of the others: for those who work on a configuration. */
  partsOf(claims: Claims): MappedParts {
    const value = this.#readsClaims ? { claims: claimsValue(claims) } : NO_BINDINGS;
    const username = this.#username(claims, value);
    const groups = this.#groups(claims, value);
    const uid = this.#uid(claims, value);
    const extra = this.#extra(claims, value);
    const isWhole = ![username, groups, uid, extra].some((part) => part instanceof Fault);
    const user = {
      name: username as string,
      groups: groups as readonly string[],
      ...(uid ? { uid: uid as string } : {}),
      ...(extra ? { extra: extra as NonNullable<UserInfo['extra']> } : {}),
    };
    return { username, groups, uid, extra, ...(isWhole ? { user } : {}) };
  }

  #username(claims: Claims, bindings: ClaimBindings): string | Fault {
    const { username } = this.#compiled;
    if (username) {
      const name = textResult(username, bindings, 'username');
      return name === '' ? new Fault('OIDC_EMPTY_USERNAME') : name;
    }
    const { claim, prefix } = this.#config.claimMappings.username;
    const name = stringClaim(claims, claim);
    if ('reason' in name) return new Fault('OIDC_USERNAME_CLAIM', { claim, reason: name.reason });
    if (claim === 'email' && hasClaim(claims, 'email_verified')) {
      const verified = boolClaim(claims, 'email_verified');
      if ('reason' in verified) return new Fault('OIDC_EMAIL_VERIFIED_CLAIM', { reason: verified.reason });
      if (!verified.value) return new Fault('OIDC_EMAIL_NOT_VERIFIED');
    }
    return `${prefix ?? ''}${name.value}`;
  }

  #groups(claims: Claims, bindings: ClaimBindings): readonly string[] | Fault {
    const { claim, prefix } = this.#config.claimMappings.groups;
    if (claim !== '') {
      if (!hasClaim(claims, claim)) return [];
      const groups = stringsClaim(claims, claim);
      if ('reason' in groups) return new Fault('OIDC_GROUPS_CLAIM', { claim, reason: groups.reason });
      return prefix ? groups.value.map((group) => `${prefix}${group}`) : groups.value;
    }
    const { groups } = this.#compiled;
    if (!groups) return [];
    const result = evaluate(groups, bindings);
    if ('error' in result) return evaluationFault('groups', groups, result.error);
    return (
      stringsOf(result.value) ??
      new Fault('OIDC_EXPRESSION_RESULT', { of: 'groups', expression: groups.source })
    );
  }

  #uid(claims: Claims, bindings: ClaimBindings): string | Fault {
    const { claim } = this.#config.claimMappings.uid;
    if (claim !== '') {
      const uid = stringClaim(claims, claim);
      return 'reason' in uid ? new Fault('OIDC_UID_CLAIM', { claim, reason: uid.reason }) : uid.value;
    }
    const { uid } = this.#compiled;
    return uid ? textResult(uid, bindings, 'uid') : '';
  }

  #extra(claims: Claims, bindings: ClaimBindings): UserInfo['extra'] | Fault {
    const extra: Record<string, readonly string[]> = {};
    const { jti } = claims;
    if (typeof jti === 'string' && jti !== '' && hasClaim(claims, 'jti'))
      extra[CREDENTIAL_ID] = [`JTI=${jti}`];
    const values: CelValue[] = [];
    for (const { expression } of this.#compiled.extra) {
      const result = evaluate(expression, bindings);
      if ('error' in result) return evaluationFault('extra', expression, result.error);
      values.push(result.value);
    }
    for (const [i, { key, expression }] of this.#compiled.extra.entries()) {
      const texts = stringsOf(values[i]!);
      if (!texts) return new Fault('OIDC_EXPRESSION_RESULT', { of: 'extra', expression: expression.source });
      if (texts.length) extra[key] = texts;
    }
    return Object.keys(extra).length ? extra : undefined;
  }

  #requiredClaim(claims: Claims): Fault | undefined {
    for (const rule of this.#requiredClaims) {
      const fault = requiredClaimFault(rule, claims);
      if (fault) return fault;
    }
    return undefined;
  }

  #claimRule(bindings: ClaimBindings): Fault | undefined {
    return ruleFault(this.#compiled.claimRules, bindings, 'claimRule');
  }

  #userRule(user: UserInfo): Fault | undefined {
    if (this.#compiled.userRules.length === 0) return undefined;
    return ruleFault(this.#compiled.userRules, { user: userValue(user) }, 'userRule');
  }
}

/** A claim that has to have one value. */
export function requiredClaimFault(
  { claim, requiredValue }: Pick<ClaimValidationRule, 'claim' | 'requiredValue'>,
  claims: Claims,
): Fault | undefined {
  if (!hasClaim(claims, claim)) return new Fault('OIDC_REQUIRED_CLAIM_ABSENT', { claim });
  const found = stringClaim(claims, claim);
  if ('reason' in found) return new Fault('OIDC_REQUIRED_CLAIM_TYPE', { claim, reason: found.reason });
  if (found.value === requiredValue) return undefined;
  return new Fault('OIDC_REQUIRED_CLAIM_DIFFERS', { claim, found: found.value, wanted: requiredValue });
}

/** What the mappings make of claims, part by part; a Fault is why not. */
export interface MappedParts {
  username: string | Fault;
  groups: readonly string[] | Fault;
  uid: string | Fault;
  extra: UserInfo['extra'] | Fault;
  /** Absent where a part of it could not be made. */
  user?: UserInfo;
}

interface ClaimBindings {
  [variable: string]: CelMap;
}

const NO_BINDINGS: ClaimBindings = {};

/** What was evaluated; facts say it, and words differ by it. */
export type Purpose = 'username' | 'groups' | 'uid' | 'extra' | 'claimRule' | 'userRule';

const evaluationFault = (of: Purpose, { source }: Expression, reason: string): Fault =>
  new Fault('OIDC_EXPRESSION_FAILED', { of, expression: source, reason });

function textResult(expression: Expression, bindings: ClaimBindings, of: Purpose): string | Fault {
  const result = evaluate(expression, bindings);
  if ('error' in result) return evaluationFault(of, expression, result.error);
  if (typeof result.value === 'string') return result.value;
  return new Fault('OIDC_EXPRESSION_RESULT', { of, expression: expression.source });
}

/** All rules are evaluated before any of them is judged: one that breaks counts before one that is not met. */
export function ruleFault(
  rules: CompiledExpressions['claimRules'],
  bindings: ClaimBindings,
  of: 'claimRule' | 'userRule',
): Fault | undefined {
  let unmet: Fault | undefined;
  for (const { expression, message } of rules) {
    const result = evaluate(expression, bindings);
    if ('error' in result) return evaluationFault(of, expression, result.error);
    if (result.value !== true)
      unmet ??= new Fault('OIDC_RULE_NOT_MET', { of, expression: expression.source, message });
  }
  return unmet;
}

const USER_JSON = { numbers: 'double', unescape: true } as const;

/** `user` as rules see it; groups are a list of strings like any other. */
export function userValue(user: UserInfo): CelMap {
  return new LazyMap(
    new Map<string, () => CelValue>([
      ['username', () => user.name],
      ['uid', () => user.uid ?? ''],
      ['groups', () => jsonValue(user.groups, USER_JSON)],
      ['extra', () => jsonValue(user.extra ?? {}, USER_JSON)],
    ]),
  );
}
