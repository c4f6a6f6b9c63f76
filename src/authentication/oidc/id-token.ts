import { quote } from '../../meta/go-quote.ts';
import { type Claims, jsonKind, type Misfit } from './claims.ts';

/** The claims of an ID token that verification itself looks at (OpenID Connect Core 1.0, sections 2 and 5.6.2). */
export interface IdToken {
  issuer: string;
  audience: readonly string[];
  /** Seconds since 1970; absent where the token does not end, which counts as ended. */
  expiry: number | undefined;
  /** Seconds since 1970. */
  notBefore: number | undefined;
  /** From a claim to the source that holds it. */
  claimNames: Readonly<Record<string, string>>;
  claimSources: Readonly<Record<string, ClaimSource | null>>;
}

/** Where a distributed claim is; with `JWT` in place of an endpoint it is an aggregated one. */
export interface ClaimSource {
  endpoint?: string | null;
  access_token?: string | null;
  JWT?: unknown;
}

const NAMES = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'nonce',
  'at_hash',
  '_claim_names',
  '_claim_sources',
] as const;
type Name = (typeof NAMES)[number];
const KNOWN: ReadonlySet<string> = new Set(NAMES);

/**
 * The registered claims by their names. Go takes them in any case and the last one wins; here a name in another case
 * counts only where the claim is not there by its own name, so that none can be slipped in over it.
 */
function registered(claims: Claims): Map<Name, unknown> {
  const found = new Map<Name, unknown>();
  for (const key of Object.keys(claims)) {
    if (KNOWN.has(key)) found.set(key as Name, claims[key]);
    else {
      const lower = key.toLowerCase();
      if (KNOWN.has(lower) && !Object.hasOwn(claims, lower)) found.set(lower as Name, claims[key]);
    }
  }
  return found;
}

/** Whose token it says it is; nothing of that is verified. Undefined for claims that cannot be an ID token's. */
export function unverifiedIssuerOf(claims: Claims): string | undefined {
  const issuer = registered(claims).get('iss') ?? '';
  return typeof issuer === 'string' ? issuer : undefined;
}

/** Reads the registered claims as go-oidc reads them into its idToken struct. */
export function readIdToken(claims: Claims): IdToken | Misfit {
  const found = registered(claims);
  // What a type's own decoder refuses ends the reading; other misfits come to light at its end. The first of each counts.
  let fault: string | undefined;
  let laterFault: string | undefined;
  const times = new Map<Name, number>();
  let audience: readonly string[] = [];
  for (const [name, value] of found) {
    if (fault !== undefined) break;
    if (name === 'aud') {
      const read = readAudience(value);
      if ('reason' in read) fault = read.reason;
      else audience = read.value;
    } else if (name === 'exp' || name === 'iat' || name === 'nbf') {
      if (value === null && name === 'nbf') continue;
      const read = readTime(value, name);
      if ('reason' in read) fault = read.reason;
      else times.set(name, read.value);
    } else laterFault ??= typeFault(name, value);
  }
  const reason = fault ?? laterFault;
  if (reason !== undefined) return { reason };
  const names = (found.get('_claim_names') ?? {}) as Record<string, string | null>;
  return {
    issuer: (found.get('iss') ?? '') as string,
    audience,
    expiry: times.get('exp'),
    notBefore: times.get('nbf'),
    claimNames: Object.fromEntries(Object.entries(names).map(([name, source]) => [name, source ?? ''])),
    claimSources: (found.get('_claim_sources') ?? {}) as IdToken['claimSources'],
  };
}

const cannot = (value: unknown, field: string, goType: string, struct = 'idToken'): string =>
  `json: cannot unmarshal ${jsonKind(value)} into Go struct field ${struct}.${field} of type ${goType}`;

function readAudience(value: unknown): { value: readonly string[] } | Misfit {
  if (value === null) return { value: [''] };
  if (typeof value === 'string') return { value: [value] };
  if (!Array.isArray(value)) return { reason: cannot(value, 'aud', '[]string') };
  const odd = value.find((item) => item !== null && typeof item !== 'string');
  if (odd !== undefined) return { reason: cannot(odd, 'aud', 'string') };
  return { value: value.map((item) => item ?? '') };
}

/** Beyond this Go's time wraps round to before the year 1. */
const LAST_SECOND = 2 ** 63 - 62_135_596_800;
const FIRST_SECOND = -(2 ** 63);

/** A time in seconds since 1970: a number, with the fraction cut off, or a string that holds one. */
function readTime(value: unknown, name: string): { value: number } | Misfit {
  if (value === null) return { reason: 'strconv.ParseFloat: parsing "": invalid syntax' };
  if (typeof value === 'string') {
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) {
      const literal = quote(JSON.stringify(value));
      return { reason: `json: invalid number literal, trying to unmarshal ${literal} into Number` };
    }
    const number = Number(value);
    if (!Number.isFinite(number))
      return { reason: `strconv.ParseFloat: parsing ${quote(value)}: value out of range` };
    return { value: second(number) };
  }
  if (typeof value !== 'number') return { reason: cannot(value, name, 'json.Number') };
  return { value: second(value) };
}

function second(value: number): number {
  const whole = Math.trunc(value);
  return whole < LAST_SECOND && whole >= FIRST_SECOND ? whole : FIRST_SECOND;
}

function typeFault(name: Name, value: unknown): string | undefined {
  if (value === null) return undefined;
  if (name !== '_claim_names' && name !== '_claim_sources')
    return typeof value === 'string' ? undefined : cannot(value, name, 'string');
  const goType = name === '_claim_names' ? 'map[string]string' : 'map[string]oidc.claimSource';
  if (typeof value !== 'object' || Array.isArray(value)) return cannot(value, name, goType);
  for (const item of Object.values(value)) {
    const fault = name === '_claim_names' ? nameFault(item) : sourceFault(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function nameFault(source: unknown): string | undefined {
  if (source === null || typeof source === 'string') return undefined;
  return cannot(source, '_claim_names', 'string');
}

function sourceFault(source: unknown): string | undefined {
  if (source === null) return undefined;
  if (typeof source !== 'object' || Array.isArray(source))
    return cannot(source, '_claim_sources', 'oidc.claimSource');
  for (const field of ['endpoint', 'access_token'] as const) {
    const value = (source as ClaimSource)[field];
    if (value !== undefined && value !== null && typeof value !== 'string')
      return cannot(value, `_claim_sources.${field}`, 'string', 'claimSource');
  }
  return undefined;
}
