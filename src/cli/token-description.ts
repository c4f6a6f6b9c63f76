import { humanAge } from '../meta/human-age.ts';

/** What a token is, as far as it can be told without verifying anything. */
export interface TokenDescription {
  kind: string;
  /** Of a JWT. */
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  /** `exp` and its like, in words. */
  times: string[];
}

const LEGACY_ISSUER = 'kubernetes/serviceaccount';

/** @param now milliseconds since 1970 */
export function describeToken(token: string, now: number): TokenDescription {
  if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) return { kind: 'a bootstrap token', times: [] };
  const parts = token.split('.');
  const header = parts.length === 3 ? part(parts[0]!) : undefined;
  const claims = parts.length === 3 ? part(parts[1]!) : undefined;
  if (!header || !claims) {
    return { kind: 'no JWT: only who issued it knows what it stands for', times: [] };
  }
  return { kind: kindOf(claims), header, claims, times: timesOf(claims, now) };
}

function part(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(claims: Record<string, unknown>): string {
  if (claims['iss'] === LEGACY_ISSUER) return 'a ServiceAccount token of the old kind, out of a Secret';
  const bound = claims['kubernetes.io'] as Record<string, unknown> | undefined;
  if (typeof bound !== 'object' || bound === null) return 'a JWT, such as OIDC providers issue';
  const to = ['pod', 'secret', 'node'].filter((kind) => typeof bound[kind] === 'object').join(' and ');
  return `a ServiceAccount token${to ? `, bound to a ${to}` : ''}`;
}

function timesOf(claims: Record<string, unknown>, now: number): string[] {
  const words: string[] = [];
  const tell = (name: string, past: string, future: string): void => {
    const at = Number(claims[name]) * 1000;
    if (claims[name] === undefined || !Number.isFinite(at) || Math.abs(at) > 8.64e15) return;
    const when = `${new Date(at).toISOString().slice(0, 19)}Z`;
    words.push(
      at <= now
        ? `${past} ${humanAge(now - at)} ago (${when})`
        : `${future} in ${humanAge(at - now)} (${when})`,
    );
  };
  tell('iat', 'issued', 'issued, by its own account,');
  tell('nbf', 'valid since', 'valid');
  tell('exp', 'expired', 'expires');
  if (claims['exp'] === undefined)
    words.push('does not expire by itself; an OIDC token without exp is refused');
  return words;
}
