import { createExternalAuthentication } from '../authentication/config/external-authentication.ts';
import type { AuthenticationOptions } from '../authentication/flags.ts';
import { type Check, checksOf } from '../authentication/oidc/checks.ts';
import { unverifiedIssuer } from '../authentication/service-account/jwt.ts';
import { refusalWords } from '../explain/words/authentication.ts';
import { systemClock } from '../meta/clock.ts';
import { aggregateText } from '../meta/field-error.ts';
import type { UserInfo } from '../meta/user.ts';
import { ClusterClient, ClusterError } from './cluster-client.ts';

/** Whether somebody would take a token. */
export interface Judgement {
  by: string;
  taken: boolean;
  user?: UserInfo;
  audiences?: readonly string[];
  /** Why not. */
  reason?: string;
  /** How far it came, where that is known. */
  checks?: readonly Check[];
}

const DISCOVERY_LIMIT_MS = 20_000;
const API = '/apis/authentication.k8s.io/v1';

/**
 * Asks a server by TokenReview. A kubeconfig's user who may not have tokens reviewed does not matter: then the token itself
 * is shown to the server.
 */
export async function judgedByServer(
  token: string,
  kubeconfig: string,
  context: string | undefined,
  audiences: readonly string[],
): Promise<Judgement> {
  const client = new ClusterClient(kubeconfig, context);
  const by = `the server of context ${client.context.name}`;
  try {
    const spec = { token, ...(audiences.length ? { audiences } : {}) };
    const review = await client.post(`${API}/tokenreviews`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec,
    });
    const { authenticated, user, audiences: granted, error } = review['status'] ?? {};
    if (!authenticated) return { by, taken: false, reason: error ?? 'nobody knows it' };
    return { by, taken: true, user: userOf(user), audiences: granted ?? [] };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    return await judgedByUse(client, `${by}, to which the token itself was shown`, token);
  } finally {
    client.close();
  }
}

async function judgedByUse(client: ClusterClient, by: string, token: string): Promise<Judgement> {
  try {
    const review = await client.post(
      `${API}/selfsubjectreviews`,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      token,
    );
    return { by, taken: true, user: userOf(review['status']?.userInfo) };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 401) throw error;
    return { by, taken: false, reason: 'Unauthorized; only who may create tokenreviews is told why' };
  }
}

function userOf({ username = '', uid, groups = [], extra }: Record<string, any> = {}): UserInfo {
  return { name: username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

/** Judges a token here, by a configuration as the server would have it, with keys fetched from the issuer. */
export async function judgedByConfiguration(
  token: string,
  options: AuthenticationOptions,
): Promise<Judgement> {
  const by = options.authenticationConfig || 'the --oidc flags';
  const issuer = unverifiedIssuer(token);
  let answered = (): void => {};
  const tried = new Promise<void>((resolve) => {
    answered = resolve;
    setTimeout(resolve, DISCOVERY_LIMIT_MS).unref();
  });
  const faults: string[] = [];
  const external = createExternalAuthentication(options, {
    clock: systemClock,
    tried(asked, fault) {
      if (asked !== issuer) return;
      if (fault !== undefined) faults.push(fault);
      answered();
    },
  });
  const { jwt } = external.authenticators;
  if (!jwt) return { by, taken: false, reason: 'no issuer is configured' };
  try {
    const context = { audiences: [], now: systemClock.now(), warn: () => {} };
    let verdict = await jwt.authenticateToken(token, context);
    if (verdict.code === 'OIDC_NOT_READY') {
      external.start();
      await tried;
      verdict = await jwt.authenticateToken(token, { ...context, now: systemClock.now() });
    }
    const checks = checksOf(verdict.code, verdict.facts);
    const shown = checks ? { checks } : {};
    if (verdict.verdict === 'authenticated') return { by, taken: true, user: verdict.user, ...shown };
    const reason =
      verdict.code === 'OIDC_NOT_READY' && faults.length ? aggregateText(faults) : reasonOf(verdict);
    return { by, taken: false, reason, ...shown };
  } finally {
    external.stop();
  }
}

function reasonOf(verdict: Parameters<typeof refusalWords>[0] & { verdict: string }): string {
  switch (verdict.code) {
    case 'OIDC_NO_ISSUERS':
      return 'no issuer is configured';
    case 'OIDC_NOT_A_JWT':
      return 'it is no JWT';
    case 'OIDC_OTHER_ISSUER':
      return 'its issuer is not one of those configured; they are compared byte by byte';
    default:
      return refusalWords(verdict);
  }
}
