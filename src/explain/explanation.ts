import { ANONYMOUS } from '../meta/user.ts';
import { admissionFixes } from './fixes/admission.ts';
import { authenticationFixes } from './fixes/authentication.ts';
import { authorizationFixes } from './fixes/authorization.ts';
import type { Fix, FixContext, Fixes } from './fixes/fix.ts';
import { impersonationFix } from './fixes/impersonation.ts';
import { who } from './fixes/phrases.ts';
import { grantCommands, lackText, type RemedyFacts } from './near-miss.ts';
import type { DecisionRecord, MissingRight } from './record.ts';
import {
  type AuthenticationVerdict,
  type AuthorizationVerdict,
  countsAgainst,
  type Facts,
} from './verdict.ts';
import { admissionText } from './words/admission-text.ts';
import { refusalWords } from './words/authentication.ts';
import { authorizationWords } from './words/authorization.ts';

export type Door = 'authentication' | 'impersonation' | 'authorization' | 'admission';

/** Why a door kept a request out, and what would make it work, in plain words. */
export interface Explanation extends Fix {
  door: Door;
  code: string;
}

const FIXES: Readonly<Record<Exclude<Door, 'impersonation'>, Fixes>> = {
  authentication: authenticationFixes,
  authorization: authorizationFixes,
  admission: admissionFixes,
};

/** What failed by one verdict, and its remedy; undefined for verdicts that keep nobody out. */
export function fixOf(
  door: keyof typeof FIXES,
  { code, facts }: { code: string; facts: Facts },
  context: FixContext,
): Fix | undefined {
  const made = FIXES[door][code]?.(facts, context);
  if (typeof made !== 'string') return made;
  return { what: wordsOf(door, code, facts), fix: made };
}

function wordsOf(door: keyof typeof FIXES, code: string, facts: Facts): string {
  if (door === 'authentication') return refusalWords({ code, facts });
  if (door === 'admission') return admissionText(code, facts);
  return authorizationWords[code]?.(facts) ?? code;
}

/** The right that authorizers were asked for, as the record keeps it; undefined where none of them was. */
export function askedRight(record: DecisionRecord): MissingRight | undefined {
  const user = record.impersonation?.user ?? record.authentication?.user;
  if (!user) return undefined;
  const { verb, apiGroup, apiVersion, namespace, resource, subresource, name, path } = record.request;
  const isResourceRequest = resource !== '';
  return {
    user,
    verb,
    isResourceRequest,
    namespace,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    name,
    path,
  };
}

/** The right that RBAC was asked for and did not find; undefined where another door, or an authorizer before RBAC, refused. */
export function missingRight(record: DecisionRecord): MissingRight | undefined {
  const { impersonation, authorization } = record;
  if (impersonation?.missing) return impersonation.missing;
  if (!authorization || authorization.decision === 'allow') return undefined;
  if (!authorization.asked.some(({ by, decision }) => by === 'RBAC' && decision === 'noOpinion'))
    return undefined;
  return askedRight(record);
}

/**
 * Why a request was refused, door by door, with what would make it work; empty for requests that were not.
 *
 * @param remedy what RBAC would need, for `missingRight(record)`
 * @param now milliseconds since 1970
 */
export function explanationsOf(
  record: DecisionRecord,
  remedy: RemedyFacts | undefined,
  now: number,
): Explanation[] {
  const { authentication, impersonation, authorization, admission } = record;
  const user = impersonation?.user ?? authentication?.user;
  const context: FixContext = { request: record.request, user, now };
  if (authentication && !authentication.user) return refusedCaller(authentication.asked, context);
  if (impersonation?.refused !== undefined) {
    const { missing, refused } = impersonation;
    const fix = missing ? missingFix(missing, remedy, record.request.method) : impersonationFix(refused);
    return [
      { door: 'impersonation', code: missing ? 'IMPERSONATION_RIGHT' : 'IMPERSONATION_REFUSED', ...fix },
    ];
  }
  if (authorization && authorization.decision !== 'allow') {
    const anonymous = user?.name === ANONYMOUS ? hints(authentication?.asked ?? [], context) : [];
    return [...anonymous, ...forbidden(record, authorization.asked, remedy, context)];
  }
  const denied = admission?.findLast(({ outcome }) => outcome === 'denied');
  if (!denied) return [];
  const fix = fixOf('admission', denied, context) ?? {
    what: admissionText(denied.code, denied.facts),
    fix: `change what the plugin ${denied.by} objects to`,
  };
  return [{ door: 'admission', code: denied.code, what: `${denied.by}: ${fix.what}`, fix: fix.fix }];
}

/** Codes of authenticators that passed a credential on although it was of their kind: one of them may be the trouble. */
const TELLING: ReadonlySet<string> = new Set([
  'SA_OTHER_ISSUER',
  'OIDC_OTHER_ISSUER',
  'TOKEN_OTHER_AUDIENCE',
  'TOKEN_WEBHOOK_UNKNOWN',
  'TOKEN_WEBHOOK_AUDIENCE',
  'BOOTSTRAP_NO_SECRET',
  'BOOTSTRAP_BEING_DELETED',
  'BOOTSTRAP_SECRET_TYPE',
  'BOOTSTRAP_WRONG_SECRET',
  'BOOTSTRAP_OTHER_ID',
  'BOOTSTRAP_EXPIRED',
  'BOOTSTRAP_USAGE',
  'BOOTSTRAP_BAD_GROUP',
  'BEARER_EXTRA_SPACE',
  'BEARER_NO_TOKEN',
  'X509_NO_COMMON_NAME',
  'ANONYMOUS_OTHER_PATH',
]);

function explained(verdicts: readonly AuthenticationVerdict[], context: FixContext): Explanation[] {
  return verdicts.flatMap((verdict) => {
    const fix = fixOf('authentication', verdict, context);
    return fix ? [{ door: 'authentication' as const, code: verdict.code, ...fix }] : [];
  });
}

const hints = (asked: readonly AuthenticationVerdict[], context: FixContext): Explanation[] =>
  explained(
    asked.filter(({ verdict, code }) => verdict === 'notMine' && TELLING.has(code)),
    context,
  );

function refusedCaller(asked: readonly AuthenticationVerdict[], context: FixContext): Explanation[] {
  const own = asked.filter(({ verdict }) => verdict === 'refused');
  const refused = own.length ? own : asked.filter(countsAgainst);
  const known = refused.filter((verdict) => !isSideIssue(verdict, refused));
  const told = explained(known.length ? known : refused, context);
  // Where a token has its own refusal, those who only passed it on have nothing to add.
  const open = known.every(({ code }) => code === 'TOKEN_UNKNOWN' || code === 'NO_CREDENTIALS');
  if (!open) return told;
  const more = hints(asked, context);
  return more.length ? [...more, ...told.filter(({ code }) => code !== 'TOKEN_UNKNOWN')] : told;
}

/** One credential is judged by several: what says less of it than another does is left out. */
function isSideIssue(verdict: AuthenticationVerdict, refused: readonly AuthenticationVerdict[]): boolean {
  const others = refused.filter((other) => other !== verdict);
  switch (verdict.code) {
    case 'TOKEN_UNKNOWN':
      return others.some(({ by }) => by !== 'x509' && by !== 'front-proxy');
    case 'X509_UNKNOWN_AUTHORITY':
      return others.some(({ by }) => by === 'front-proxy');
    case 'FRONT_PROXY_CERTIFICATE':
      return others.some(({ code }) => code.startsWith('X509_') && code !== 'X509_UNKNOWN_AUTHORITY');
    default:
      return false;
  }
}

const CREDENTIALS =
  'send a client certificate or a bearer token: the request had none that anybody here knows, and so came as system:anonymous';

function missingFix(asked: MissingRight, remedy: RemedyFacts | undefined, method: string): Fix {
  if (asked.user.name === ANONYMOUS)
    return { what: lackText(asked, remedy?.nearMisses ?? []), fix: CREDENTIALS };
  const commands = grantCommands(asked, remedy?.names);
  if (!commands) {
    const what = `${who(asked.user)} may not ${method} ${asked.path}: Kubernetes has no verb for that`;
    return { what, fix: 'use GET, POST, PUT, PATCH or DELETE; no rule can allow anything else' };
  }
  const what = lackText(asked, remedy?.nearMisses ?? []);
  return { what, fix: `to allow: ${commands.join(' && ')}`, commands };
}

const NODES = 'system:nodes';
const KUBELET_CODES: ReadonlySet<string> = new Set(['NODE_NOT_ALLOWED', 'NODE_NOT_RELATED']);

function forbidden(
  record: DecisionRecord,
  asked: readonly AuthorizationVerdict[],
  remedy: RemedyFacts | undefined,
  context: FixContext,
): Explanation[] {
  const denied = asked.find(({ decision }) => decision === 'deny');
  const relevant = denied ? [denied] : asked;
  const isKubelet = context.user?.groups.includes(NODES) ?? false;
  // What a kubelet may do follows from what is on its node; a role of its own is not what it lacks.
  const ofKubelet = isKubelet && relevant.some(({ code }) => KUBELET_CODES.has(code));
  const told = relevant.flatMap((verdict) => {
    // What concerns kubelets alone says nothing to others.
    if (verdict.by === 'Node' && !isKubelet) return [];
    if (ofKubelet && verdict.by === 'RBAC') return [];
    const lacking = verdict.code === 'RBAC_NO_RULE' ? missingRight(record) : undefined;
    const fix = lacking
      ? missingFix(lacking, remedy, record.request.method)
      : fixOf('authorization', verdict, context);
    if (!fix) return [];
    const what = verdict.code === 'NODE_NOT_ALLOWED' && verdict.reason ? verdict.reason : fix.what;
    return [{ door: 'authorization' as const, code: verdict.code, ...fix, what }];
  });
  // Where somebody refuses, it says little that others were not asked.
  const telling = told.filter(({ code }) => code !== 'WEBHOOK_NOT_MATCHED');
  return telling.length ? telling : told;
}
