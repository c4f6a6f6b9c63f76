/**
 * What stands behind a prefix in a key, as a string of its own. A slice shares its characters with the key: engines compare
 * those several times slower, and the whole key stays in memory for it.
 */
export function pathBehind(prefixLength: number, key: string): string {
  return [key.slice(prefixLength, prefixLength + 1), key.slice(prefixLength + 1)].join('');
}
