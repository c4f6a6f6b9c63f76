import { wellFormed } from '../../meta/well-formed.ts';

/**
 * Claims read as Go's encoding/json reads them into the type that is wanted: null is the type's zero value, and what
 * does not fit is refused in Go's words.
 */
export type Claims = Readonly<Record<string, unknown>>;

/** A value that is not of the type wanted; `reason` is Go's error. */
export interface Misfit {
  reason: string;
}
export type Read<T> = { value: T } | Misfit;

export const hasClaim = (claims: Claims, name: string): boolean => Object.hasOwn(claims, name);

/** How encoding/json calls a JSON value. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const misfit = (value: unknown, goType: string): Misfit => ({
  reason: `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${goType}`,
});

/** A claim as a string. An absent one is refused too. */
export function stringClaim(claims: Claims, name: string): Read<string> {
  if (!hasClaim(claims, name)) return { reason: 'claim not present' };
  const value = claims[name];
  if (value === null) return { value: '' };
  return typeof value === 'string' ? { value } : misfit(value, 'string');
}

/** A claim as a bool. An absent one is refused too. */
export function boolClaim(claims: Claims, name: string): Read<boolean> {
  if (!hasClaim(claims, name)) return { reason: 'claim not present' };
  const value = claims[name];
  if (value === null) return { value: false };
  return typeof value === 'boolean' ? { value } : misfit(value, 'bool');
}

/** A list of strings, or one string that stands for a list of it. */
export function stringsClaim(claims: Claims, name: string): Read<string[]> {
  const value = claims[name];
  if (value === null) return { value: [] };
  if (typeof value === 'string') return { value: [value] };
  if (!Array.isArray(value)) return misfit(value, 'string');
  const texts: string[] = [];
  for (const item of value) {
    if (item !== null && typeof item !== 'string') return misfit(value, 'string');
    texts.push(item ?? '');
  }
  return { value: texts };
}

/** Numbers that Go's float64 cannot hold, which its decoder refuses. */
export class NumberOutOfRange extends Error {}

/**
 * The claims with every string made well-formed, as Go makes them: half of a surrogate pair becomes U+FFFD. Without
 * such strings the same object comes back. Throws NumberOutOfRange.
 */
export function wellFormedClaims(claims: Claims): Claims {
  return wellFormedValue(claims) as Claims;
}

function wellFormedValue(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new NumberOutOfRange();
    return value;
  }
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    let changed = false;
    const items = value.map((item) => {
      const made = wellFormedValue(item);
      changed ||= made !== item;
      return made;
    });
    return changed ? items : value;
  }
  let changed = false;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const name = wellFormed(key);
    const made = wellFormedValue(item);
    changed ||= made !== item || name !== key;
    return [name, made];
  });
  return changed ? Object.fromEntries(entries) : value;
}
