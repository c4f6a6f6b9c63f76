import type { DecisionRecord } from './record.ts';
import type { Facts } from './verdict.ts';

/** What a caller showed to be recognised by. */
export interface Credential {
  /** The authenticator that took it. */
  by: string;
  code: string;
  facts: Facts;
  /** Such as `X509SHA256=…` or `JTI=…`. */
  id?: string;
  /** Milliseconds since 1970; absent where it does not say when it ends. */
  expires?: number;
  /** Milliseconds since 1970; absent where nobody knows. */
  issuedAt?: number;
}

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
/** Milliseconds since 1970 are above this, seconds below, for times of our age. */
const MILLISECONDS_FROM = 1e11;

/** The credential by which a request's caller was recognised; undefined where nobody recognised him. */
export function credentialOf({ authentication }: DecisionRecord): Credential | undefined {
  const accepted = authentication?.asked.find(({ verdict }) => verdict === 'authenticated');
  if (accepted?.verdict !== 'authenticated') return undefined;
  const { by, code, facts, user, issuedAt } = accepted;
  const id = user.extra?.[CREDENTIAL_ID]?.[0];
  const expires = endOf(facts);
  return {
    by,
    code,
    facts,
    ...(id ? { id } : {}),
    ...(expires === undefined ? {} : { expires }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
  };
}

/** When a verdict's credential ends, by its facts, in milliseconds since 1970. */
export function endOf(facts: Facts): number | undefined {
  const value = facts['notAfter'] ?? facts['expiry'] ?? facts['expiration'];
  if (typeof value === 'string') {
    const parsed = Date.parse(value);
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return value < MILLISECONDS_FROM ? value * 1000 : value;
}
