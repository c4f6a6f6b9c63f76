const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789';
/** Of names: what is left of 63 characters for the part that is made up. */
const MAX_PREFIX = 58;

/** So many names are made up where each is taken. */
export const MAX_NAME_TRIES = 8;

/** The prefix, cut where it is too long, and five letters and digits (apiserver pkg/storage/names/generate.go). */
export function generateName(prefix: string, random: (count: number) => Uint8Array): string {
  let suffix = '';
  for (const byte of random(5)) suffix += SUFFIX[byte % SUFFIX.length];
  return prefix.slice(0, MAX_PREFIX) + suffix;
}
