import type { AuthenticationVerdict, Facts } from '../../explain/verdict.ts';
import type { KubeObject } from '../../meta/object.ts';
import { CREDENTIAL_ID } from '../../meta/user.ts';
import type { TokenContext } from '../authenticator.ts';
import type { BoundClaims, ClaimedObject, PublicClaims } from './claims.ts';
import type { BoundResource, ObjectLookup } from './objects.ts';
import { EXTRA, serviceAccountGroups, serviceAccountUsername } from './username.ts';

/** Clocks may differ by so much, and an object counts for so long after its deletion (go-jose's DefaultLeeway). */
const LEEWAY_SECONDS = 60;

/**
 * Judges a bound token whose signature and audience are good: its times, its account, and the Secret, Pod or Node it is
 * bound to (pkg/serviceaccount/claims.go). The private claims name the caller; `sub` does not count.
 */
export function validateBound(
  claims: PublicClaims,
  bound: BoundClaims,
  audiences: readonly string[],
  context: TokenContext,
  lookup: ObjectLookup,
): AuthenticationVerdict {
  const now = context.now / 1000;
  const untimely = wrongTime(claims, now);
  if (untimely) return refused(untimely, times(claims));
  const { namespace, serviceAccount: account } = bound;
  const facts = { namespace, name: account.name };

  context.restsOn?.('serviceaccounts', namespace, account.name);
  const found =
    account.name && namespace ? lookup.get('serviceaccounts', namespace, account.name) : undefined;
  if (!found) return refused('SA_ACCOUNT_NOT_FOUND', facts);
  if (found.metadata.uid !== account.uid) {
    return refused('SA_ACCOUNT_UID', { ...facts, uid: found.metadata.uid ?? '', claimed: account.uid });
  }
  if (longDeleted(found, now)) return refused('SA_ACCOUNT_DELETED', facts);

  const gone =
    (bound.secret && objectGone('secrets', namespace, bound.secret, now, context, lookup)) ??
    (bound.pod && objectGone('pods', namespace, bound.pod, now, context, lookup)) ??
    (bound.node && !bound.pod && objectGone('nodes', '', bound.node, now, context, lookup));
  if (gone) return gone;

  noteStale(claims, bound, now, context);
  return {
    verdict: 'authenticated',
    by: 'service-account',
    code: 'SA_VALID',
    facts: { ...facts, ...times(claims), ...boundTo(bound) },
    ...(claims.issuedAt === undefined ? {} : { issuedAt: claims.issuedAt * 1000 }),
    user: {
      name: serviceAccountUsername(namespace, account.name),
      ...(account.uid ? { uid: account.uid } : {}),
      groups: serviceAccountGroups(namespace),
      ...withExtra(claims, bound),
    },
    audiences,
  };
}

function wrongTime(claims: PublicClaims, now: number): string | undefined {
  if (claims.notBefore !== undefined && now + LEEWAY_SECONDS < claims.notBefore) return 'SA_NOT_YET_VALID';
  if (claims.expiry !== undefined && now - LEEWAY_SECONDS > claims.expiry) return 'SA_EXPIRED';
  if (claims.issuedAt !== undefined && now + LEEWAY_SECONDS < claims.issuedAt) return 'SA_ISSUED_IN_FUTURE';
  return undefined;
}

const UID_CODES: Record<Exclude<BoundResource, 'serviceaccounts'>, string> = {
  secrets: 'SA_SECRET_UID',
  pods: 'SA_POD_UID',
  nodes: 'SA_NODE_UID',
};

function objectGone(
  resource: Exclude<BoundResource, 'serviceaccounts'>,
  namespace: string,
  claimed: ClaimedObject,
  now: number,
  context: TokenContext,
  lookup: ObjectLookup,
): AuthenticationVerdict | undefined {
  context.restsOn?.(resource, namespace, claimed.name);
  const facts = { resource, namespace, name: claimed.name };
  const object = claimed.name ? lookup.get(resource, namespace, claimed.name) : undefined;
  if (!object) return refused('SA_INVALIDATED', { ...facts, why: 'missing' });
  const uid = object.metadata.uid ?? '';
  if (uid !== claimed.uid) return refused(UID_CODES[resource], { ...facts, uid, claimed: claimed.uid });
  return longDeleted(object, now) ? refused('SA_INVALIDATED', { ...facts, why: 'deleted' }) : undefined;
}

function longDeleted(object: KubeObject, now: number): boolean {
  const { deletionTimestamp } = object.metadata;
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) / 1000 < now - LEEWAY_SECONDS;
}

/** A token that lives longer than it was asked for, for the sake of clients that do not reload it, leaves a trace. */
function noteStale(claims: PublicClaims, bound: BoundClaims, now: number, context: TokenContext): void {
  if (!bound.warnAfter || now <= bound.warnAfter) return;
  const seconds = Math.floor(now) - bound.warnAfter;
  context.annotate?.(
    'authentication.k8s.io/stale-token',
    `subject: ${claims.subject}, seconds after warning threshold: ${seconds}`,
  );
}

function withExtra(claims: PublicClaims, { pod, node }: BoundClaims): { extra?: Record<string, string[]> } {
  const extra: Record<string, string[]> = {};
  if (claims.id) extra[CREDENTIAL_ID] = [`JTI=${claims.id}`];
  if (node?.name) {
    extra[EXTRA.nodeName] = [node.name];
    if (node.uid) extra[EXTRA.nodeUid] = [node.uid];
  }
  if (pod?.name && pod.uid) {
    extra[EXTRA.podName] = [pod.name];
    extra[EXTRA.podUid] = [pod.uid];
  }
  return Object.keys(extra).length ? { extra } : {};
}

function times({ expiry, notBefore }: PublicClaims): Facts {
  return { ...(expiry === undefined ? {} : { expiry }), ...(notBefore === undefined ? {} : { notBefore }) };
}

function boundTo({ pod, secret, node }: BoundClaims): Facts {
  return {
    ...(pod ? { pod: pod.name } : {}),
    ...(secret ? { secret: secret.name } : {}),
    ...(node ? { node: node.name } : {}),
  };
}

function refused(code: string, facts: Facts): AuthenticationVerdict {
  return { verdict: 'refused', by: 'service-account', code, facts };
}
